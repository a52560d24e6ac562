"""`daypass configure storage PROFILE file|vault [--json]`: move a login, or see that it is where it should be.

Every profile that shares the login moves along. To a vault that is there already it only asks for the key, which is how a
keyring is unlocked by hand.
"""

import argparse
import json
import os
import sys
from shlex import quote

from daypass.cli.arguments import CommandParser, add_no_input, may_prompt
from daypass.cli.configure import bridge_command
from daypass.cli.output import data, say
from daypass.cli.renewing import find_profile, login_session_of, store_for
from daypass.client.aws_config import Profile, load_config
from daypass.client.role_store import forget_roles
from daypass.client.session_store import SessionStore
from daypass.client.storage_choice import FILE, STORAGES
from daypass.client.storage_move import move_login
from daypass.errors import KeyringAbsent, LoginRequired

__all__ = ["run"]

_TOLD = {FILE: "AWS's shared file", "vault": "a file sealed by a key in the system keyring"}


def run(argv: list[str]) -> int:
    """Move the login, or prove that it is there."""
    arguments = _parse(argv)
    asks = may_prompt(arguments)
    # A move that was cut off may change what the profile says, so it is read again after `store_for` ended it.
    store_for(find_profile(load_config(os.environ), arguments.profile), os.environ, may_prompt=asks)
    profile = find_profile(load_config(os.environ), arguments.profile)
    login_session = login_session_of(profile)
    source = store_for(profile, os.environ, may_prompt=asks)
    moved: list[str] = []
    if profile.storage == arguments.storage:
        _prove(profile, source, login_session)
    else:
        target = store_for(profile, os.environ, storage=arguments.storage, may_prompt=asks)
        moved = _move(login_session, source, target)
        forget_roles(login_session, os.environ)  # they lie in the old storage; the next use assumes them anew
        _tell(profile, arguments.storage, moved)
    if arguments.json:
        data(json.dumps({"profile": profile.name, "storage": arguments.storage, "moved": moved}))
    return 0


def _move(login_session: str, source: SessionStore, target: SessionStore) -> list[str]:
    """Raises as `move_login`. Whoever has no keyring needs no login for it: the present one stays."""
    try:
        return move_login(
            login_session, source=source, target=target, environ=os.environ, process_for=bridge_command
        )
    except KeyringAbsent as problem:
        if source.storage == FILE and problem.hint.startswith("daypass "):
            problem.hint = f"{sys.executable} -m keyring diagnose"
        raise


def _tell(profile: Profile, storage: str, moved: list[str]) -> None:
    others = [name for name in moved if name != profile.name]
    say(f'the login of profile "{profile.name}" is now in {_TOLD[storage]}')
    if others:
        say(f"it is shared: {', '.join(others)} moved along")
    if storage != FILE:
        back = f"daypass configure storage {quote(profile.name)} file moves it back"
        say(f"programs get its credentials by credential_process; {back}")


def _prove(profile: Profile, store: SessionStore, login_session: str) -> None:
    """Raises LoginRequired, CacheError, KeyringError."""
    if store.load(login_session) is None:
        raise LoginRequired(
            f'profile "{profile.name}" has no saved session',
            hint=f"daypass login --profile {quote(profile.name)}",
        )
    say(f'the login of profile "{profile.name}" is in {_TOLD[store.storage]}, and can be read')


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = CommandParser(
        "configure storage",
        "Move a profile's login to the system keyring's vault, or back to AWS's shared file.",
    )
    parser.add_argument("profile", metavar="PROFILE", help="the profile that is signed in")
    parser.add_argument("storage", choices=STORAGES, help="where the login is kept")
    parser.add_argument("--json", action="store_true", help="print where it is now as one JSON object")
    add_no_input(parser)
    return parser.parse_args(argv)
