"""`daypass logout [--profile P] [--all] [--json] [--no-input]`: end sessions at the service that made them, and forget them here.

The session is revoked first, under its lock, so that no refresh on its way brings it back; the file goes in any
case, and a revocation that was not confirmed is said and ends with exit code 5. AWS offers its own people no
revocation, so there a sign-out is local. The profile keeps its `login_session` line, as after `aws logout`, so a
new login lands in the same place. What is saved of roles over the login, and logins narrowed from it, go with it. Credentials a program already
holds live on until they expire. The members of `--json`: docs/reference/json-output.md.
"""

import json
import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from daypass.cli.arguments import CommandParser, add_no_input, add_profile, chosen_profile, may_prompt
from daypass.cli.output import data, say
from daypass.cli.renewing import find_profile, store_for
from daypass.client.atomic_file import hold_lock
from daypass.client.aws_config import AwsConfig, Profile, load_config
from daypass.client.narrow_profile import arn_of_session, profiles_narrowed_from, read_narrowed
from daypass.client.revocation import revoke
from daypass.client.role_profile import RoleChain, find_chain
from daypass.client.role_store import forget_all_roles, forget_roles, open_role_store
from daypass.client.session_cache import format_time
from daypass.client.session_store import SessionStore, is_attended, open_store
from daypass.client.storage_choice import STORAGES
from daypass.client.transport import send
from daypass.errors import CacheError, ClockSkew, KeyringError, NetworkError

__all__ = ["run"]

Row = dict[str, str | bool | list[str] | None]
_LIVE_ON = "credentials that programs already loaded stay valid for up to 15 minutes"


def run(argv: list[str]) -> int:
    """End one session, or all."""
    parser = CommandParser("logout", "End a profile's session and forget it on this machine.")
    add_profile(parser)
    parser.add_argument("--all", action="store_true", help="end and forget every session")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_no_input(parser)
    arguments = parser.parse_args(argv)
    config = load_config(os.environ)
    asks = is_attended(os.environ) and may_prompt(arguments) is not False
    rows: list[Row] = []
    if arguments.all:
        code = _all(config, os.environ, rows, asks=asks)
    else:
        name = chosen_profile(arguments, os.environ)
        if arguments.profile:
            find_profile(config, name)  # whoever misspells it would believe to be signed out
        code = _one(config, name, rows, asks=asks)
    if arguments.json:
        data(json.dumps({"sessions": rows}))
    return code


def _one(config: AwsConfig, name: str, rows: list[Row], *, asks: bool) -> int:
    profile = config.profile(name)
    chain = find_chain(config, profile, os.environ)
    if chain is not None:
        return _forget_role(chain, os.environ)
    login_session = profile.text("login_session")
    if not login_session:
        say(f'profile "{name}" is not signed in; nothing to do')
        return 0
    cache = store_for(profile, os.environ, may_prompt=asks)
    with cache.locked(login_session):
        doubt = _revoke(cache, profile, os.environ)
        removed = cache.remove(login_session)
    # Behind the lock: an assumption holds its role's lock and waits for the login's.
    roles = forget_roles(login_session, os.environ)
    sharing = [
        other
        for other in config.profile_names()
        if other != name
        and config.profile(other).text("login_session") == login_session
        and config.profile(other).storage == profile.storage
    ]
    doubts = [doubt] if doubt else []
    if removed:
        rows.append(_row(profile, [name, *sharing], doubt))
        _tell_of_end(profile)
    else:
        say(f'profile "{name}" had no saved session')
    if removed and sharing:
        say(f"this session was shared: {', '.join(sharing)} signed out too")
    doubts += _end_narrowed(config, [name, *sharing], rows, asks=asks)
    _tell_of_roles(roles)
    return _conclude(doubts) if rows else 0


def _tell_of_end(profile: Profile) -> None:
    words, arn = read_narrowed(profile), arn_of_session(profile.text("login_session") or "")
    if words is None:
        say(f'signed out of {arn} (profile "{profile.name}")')
    else:
        say(
            f'ended "{words.name}", a narrowed login of {arn} (profile "{profile.name}"); "{words.parent}" goes on'
        )


def _end_narrowed(config: AwsConfig, names: list[str], rows: list[Row], *, asks: bool) -> list[str]:
    """The logins narrowed from these profiles end with theirs. Returns why one may live on.

    Each is revoked by itself: it may come from a session that a later login of the profile replaced.
    """
    doubts: list[str] = []
    for profile in profiles_narrowed_from(config, names):
        login_session = profile.text("login_session") or ""
        store = store_for(profile, os.environ, may_prompt=asks)
        with store.locked(login_session):
            doubt = _revoke(store, profile, os.environ)
            removed = store.remove(login_session)
        forget_roles(login_session, os.environ)
        if removed:
            rows.append(_row(profile, [profile.name], doubt))
            say(f'the narrowed login of profile "{profile.name}" ended with it')
        doubts += [doubt] if doubt else []
    return doubts


def _forget_role(chain: RoleChain, environ: Mapping[str, str]) -> int:
    """A role has no session of its own to end; its credentials go, the login stays."""
    role, store = chain.role, open_role_store(chain, environ, may_prompt=False)
    with store.locked(role.cache_text):
        removed = store.remove(role.cache_text)
    told = "forgot the credentials of" if removed else "nothing was saved of"
    say(f'{told} {role.role_arn} (profile "{role.profile.name}")')
    say(f"the login beneath goes on; daypass logout --profile {quote(chain.login.name)} ends it")
    return 0


def _tell_of_roles(roles: tuple[int, int]) -> None:
    count, until = roles
    if count:
        what = "one role" if count == 1 else f"{count} roles"
        say(
            f"forgot the credentials of {what}; programs that loaded them have them until {format_time(until)}"
        )


def _row(profile: Profile | None, profiles: list[str], doubt: str) -> Row:
    """One session that is gone; whose service offers no revocation, it was neither revoked nor not."""
    is_offered = profile is not None and profile.endpoint("signin", os.environ) is not None
    return {
        "identity": arn_of_session(profile.text("login_session") or "") if profile is not None else None,
        "profiles": list[str](profiles),
        "revoked": not doubt if is_offered else None,
        "problem": doubt or None,
    }


def _all(config: AwsConfig, environ: Mapping[str, str], rows: list[Row], *, asks: bool) -> int:
    doubts: list[str] = []
    removed = 0
    for storage in STORAGES:
        store = open_store(storage, environ, profile="", may_prompt=asks, tell=say)
        users = _users(config, store, storage)
        profiles = {path: found[-1] for path, found in users.items()}
        for path in store.login_files():
            with hold_lock(path):  # a refresh on its way must not write the session back
                profile = profiles.get(path)
                doubt = _revoke(store, profile, environ) if profile is not None else ""
                doubts.append(doubt)
                removed += store.remove_file(path)
                names = [each.name for each in users.get(path, [])]
                rows.append(_row(profile, names, doubt))
    roles = forget_all_roles(environ)
    if not removed:
        say("no saved sessions")
        _tell_of_roles(roles)
        return 0
    say(f"{removed} saved session{'s' if removed > 1 else ''} removed")
    _tell_of_roles(roles)
    return _conclude([doubt for doubt in doubts if doubt])


def _users(config: AwsConfig, store: SessionStore, storage: str) -> dict[Path, list[Profile]]:
    """Session file to the profiles that use it."""
    users: dict[Path, list[Profile]] = {}
    for profile in map(config.profile, config.profile_names()):
        login_session = profile.text("login_session")
        if login_session and profile.storage == storage:
            users.setdefault(store.path(login_session), []).append(profile)
    return users


def _revoke(cache: SessionStore, profile: Profile, environ: Mapping[str, str]) -> str:
    """End the session at its service, if that is one of our kind. Returns why it may live on there, or nothing."""
    endpoint = profile.endpoint("signin", environ)
    if endpoint is None:
        return ""
    try:
        entry = cache.load(profile.text("login_session") or "")
        if entry is not None:
            revoke(entry, base_url=endpoint, now=int(time.time()), jti=str(uuid.uuid4()), send=send)
    except CacheError:
        return f'profile "{profile.name}": the saved session could not be read'
    except KeyringError as problem:
        return f'profile "{profile.name}": {problem.message}'
    except (ClockSkew, NetworkError) as problem:
        return f'profile "{profile.name}": {problem.message}'
    return ""


def _conclude(doubts: list[str]) -> int:
    say(_LIVE_ON)
    for doubt in doubts:
        say(f"not revoked at the service, where it ends by itself after 12 hours at most; {doubt} [network]")
    return NetworkError.exit_code if doubts else 0
