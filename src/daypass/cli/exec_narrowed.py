"""`daypass exec --read-only`: a narrowed login for one command, in memory only, revoked when the command ends.

It may last as long as its parent; a process that is killed before it could revoke takes the only key along.
"""

import contextlib
import os
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import PurePath
from shlex import quote

from daypass.cli.narrow_outcome import ask_for, revoke_narrowed
from daypass.cli.narrow_target import check_narrowable
from daypass.cli.output import say
from daypass.cli.renewing import login_session_of, renewal_for
from daypass.client.aws_config import Profile, load_config
from daypass.client.held_login import HeldLogin
from daypass.client.narrow_profile import NarrowWords, narrowed_session, read_only_arn
from daypass.client.refresh import fresh_entry
from daypass.client.session_cache import CacheEntry
from daypass.errors import NarrowingUnavailable

__all__ = ["narrowed_supply"]

_LONGEST = 43_200
"""Seconds; the server ends it with its parent."""


@contextlib.contextmanager
def narrowed_supply(
    profile: Profile, command: list[str], *, may_prompt: bool | None
) -> Iterator[Callable[[], CacheEntry]]:
    """The credentials of a read-only login of the profile's. Raises as `daypass narrow` does."""
    words = _words(profile, command)
    endpoint = profile.endpoint("signin", os.environ)
    if endpoint is None:
        raise NarrowingUnavailable(
            f'profile "{profile.name}" is signed in at AWS, which makes no narrowed logins; a role over it can be narrowed',
            hint=f"daypass configure role {quote(profile.name + '-reader')} --role-arn ARN --source-profile {profile.name}"
            f" --policy-arn {words.policy_arns[0]}",
        )
    entry = ask_for(profile, words, endpoint=endpoint, new=f"{profile.name}-reader", may_prompt=may_prompt)
    store = HeldLogin(os.environ, entry)
    login_session = narrowed_session(login_session_of(profile), f"exec-{uuid.uuid4().hex}")
    renewal = replace(renewal_for(profile, os.environ, may_prompt=may_prompt), cache=store)
    try:
        yield lambda: fresh_entry(login_session, renewal)
    finally:
        doubt = revoke_narrowed(store.load(login_session) or entry, endpoint)
        if doubt:
            say(
                f"the read-only login was not revoked at the service, where it ends with that of {profile.name}"
            )


def _words(profile: Profile, command: list[str]) -> NarrowWords:
    check_narrowable(load_config(os.environ), profile, new=f"{profile.name}-reader")
    arn = read_only_arn(login_session_of(profile))
    program = re.sub(r"[^A-Za-z0-9+=,.@_-]", "-", PurePath(command[0]).name)
    return NarrowWords(profile.name, f"exec-{program}"[:64], (arn,), seconds=_LONGEST)
