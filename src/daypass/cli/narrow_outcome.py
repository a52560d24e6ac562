"""From a plan to a smaller login that works: ask, prove, keep, end the one before; and the receipt of it.

What fails before the login is kept leaves nothing behind: the one that was just made is revoked again.
"""

import contextlib
import os
import time
import uuid
from dataclasses import dataclass, field
from shlex import quote

from daypass.cli.output import say
from daypass.cli.receipt import receipt_of
from daypass.cli.renewing import login_session_of, renewal_for, store_for
from daypass.client.aws_config import AwsConfig, Profile, load_config
from daypass.client.caller_identity import CallerIdentity, get_caller_identity
from daypass.client.dpop_key import new_key
from daypass.client.ini_text import Setting, profile_section
from daypass.client.narrow import NarrowRequest, ask_narrowed
from daypass.client.narrow_keep import FormerLogin, Replaced, keep_narrowed
from daypass.client.narrow_profile import NarrowWords, read_narrowed
from daypass.client.receipt import Receipt
from daypass.client.refresh import explain_refusal, fresh_entry
from daypass.client.revocation import revoke
from daypass.client.session_cache import CacheEntry
from daypass.client.session_store import SessionStore
from daypass.client.storage_choice import login_form
from daypass.client.transport import send
from daypass.errors import (
    ClockSkew,
    DaypassError,
    LoginMismatch,
    NarrowingUnavailable,
    NetworkError,
    RemoteProtocolError,
)
from daypass.protocol.aws.endpoints import sts_endpoint
from daypass.protocol.oauth.errors import SignInError

__all__ = ["Narrowing", "ask_for", "finish_narrowing", "revoke_narrowed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What was decided before anybody is asked."""

    config: AwsConfig
    parent: Profile
    target: Profile
    """As it is now."""
    words: NarrowWords
    policy: str = field(repr=False)
    login_session: str
    """What names the new login."""
    endpoint: str
    """The sign-in service."""
    section: dict[str, Setting | None]
    """The target's lines besides those that say where the login is."""
    store: SessionStore
    may_prompt: bool | None


def finish_narrowing(narrowing: Narrowing, *, process: str) -> tuple[Receipt, list[str]]:
    """The receipt, and why a login that was replaced may live on at the service.

    Raises what a refresh of the parent may, NarrowingUnavailable, LoginDenied, LoginMismatch, KeyringError, OSError.
    """
    narrowing.store.check()  # a keyring that fails is said before a login is made
    entry = ask_for(
        narrowing.parent,
        narrowing.words,
        endpoint=narrowing.endpoint,
        new=narrowing.target.name,
        policy=narrowing.policy,
        may_prompt=narrowing.may_prompt,
    )
    try:
        identity = _prove(narrowing, entry)
        replaced = _keep(narrowing, entry, process)
    except BaseException:
        revoke_narrowed(entry, narrowing.endpoint)
        raise
    _say_what_was_made(narrowing, is_new=not replaced)
    doubts = [_end_former(each, narrowing) for each in replaced]
    written = load_config(os.environ).profile(narrowing.target.name)
    return receipt_of(written, entry, identity, now=int(time.time())), [doubt for doubt in doubts if doubt]


def ask_for(
    parent: Profile,
    words: NarrowWords,
    *,
    endpoint: str,
    new: str,
    policy: str = "",
    may_prompt: bool | None = None,
) -> CacheEntry:
    """The smaller login. Raises in the words of the parent, with whose session it is asked; `new` is for texts."""
    renewal = renewal_for(parent, os.environ, may_prompt=may_prompt)
    arn = login_session_of(parent)
    entry = fresh_entry(arn, renewal)
    request = NarrowRequest(
        name=words.name,
        policy=policy,
        policy_arns=words.policy_arns,
        seconds=words.seconds,
        key=new_key(),
        jti=str(uuid.uuid4()),
    )
    try:
        return ask_narrowed(entry, request, arn=arn, base_url=endpoint, now=int(time.time()), send=send)
    except NarrowingUnavailable as problem:
        raise NarrowingUnavailable(
            f"{problem.message}; a role over the login can be narrowed",
            hint=f"daypass configure role {quote(new)} --role-arn ARN --source-profile {parent.name} --policy-file FILE",
        ) from problem
    except (SignInError, NetworkError) as problem:
        raise explain_refusal(problem, entry, renewal) from problem


def _prove(narrowing: Narrowing, entry: CacheEntry) -> CallerIdentity | None:
    """Who STS says the new credentials are; None, with a word to the person, when it could not be asked."""
    region = narrowing.parent.text("region") or entry.sign_in_region or "us-east-1"
    endpoint = narrowing.parent.endpoint("sts", os.environ) or sts_endpoint(region)
    try:
        identity = get_caller_identity(
            entry, endpoint=endpoint, region=region, now=int(time.time()), send=send
        )
    except (ClockSkew, NetworkError, RemoteProtocolError) as problem:
        say(f"not verified: {problem.message}")
        return None
    if identity.account_id != entry.account_id:
        raise LoginMismatch(
            "STS answers with another account than the one that was narrowed; nothing was changed",
            hint="daypass status",
        )
    return identity


def _keep(narrowing: Narrowing, entry: CacheEntry, process: str) -> list[Replaced]:
    target = narrowing.target
    former = None
    if read_narrowed(target) is not None:
        former = FormerLogin(target, store_for(target, os.environ, may_prompt=narrowing.may_prompt))
    lines = narrowing.section | {
        key: value
        for key, value in login_form(narrowing.store.storage, narrowing.login_session, process).items()
        if value is not None
    }
    return keep_narrowed(
        narrowing.login_session,
        entry,
        store=narrowing.store,
        former=former,
        environ=os.environ,
        point=lambda: narrowing.config.write({profile_section(target.name): lines}),
    )


def _say_what_was_made(narrowing: Narrowing, *, is_new: bool) -> None:
    words = narrowing.words
    replaced = "" if is_new else "; it replaces the one before"
    say(
        f'profile "{narrowing.target.name}" is "{words.parent}" narrowed to {words.summary()}, as "{words.name}"{replaced}'
    )


def _end_former(replaced: Replaced, narrowing: Narrowing) -> str:
    """Why it may live on, or nothing."""
    if replaced.entry is None:
        return replaced.doubt
    return revoke_narrowed(
        replaced.entry, narrowing.target.endpoint("signin", os.environ) or narrowing.endpoint
    )


def revoke_narrowed(entry: CacheEntry, endpoint: str) -> str:
    """End it at the service. Returns why it may live on, or nothing."""
    with contextlib.suppress(DaypassError):
        revoke(entry, base_url=endpoint, now=int(time.time()), jti=str(uuid.uuid4()), send=send)
        return ""
    return "it ends by itself at the time it was given"
