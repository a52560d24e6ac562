"""`daypass logout [--profile P] [--all]`: end sessions at the service that made them, and forget them here.

The session is revoked first, under its lock, so that no refresh on its way brings it back; the file goes in any
case, and a revocation that was not confirmed is said and ends with exit code 5. AWS offers its own people no
revocation, so there a sign-out is local. The profile keeps its `login_session` line, as after `aws logout`, so a
new login lands in the same place. Credentials a program already holds live on until they expire.
"""

import os
import time
import uuid
from collections.abc import Mapping

from daypass.cli.arguments import CommandParser, add_profile, chosen_profile
from daypass.cli.output import say
from daypass.cli.renewing import store_for
from daypass.client.atomic_file import hold_lock
from daypass.client.aws_config import AwsConfig, Profile, load_config
from daypass.client.revocation import revoke
from daypass.client.session_store import SessionStore, is_attended, open_store
from daypass.client.storage_choice import STORAGES
from daypass.client.transport import send
from daypass.errors import CacheError, KeyringError, NetworkError

__all__ = ["run"]

_LIVE_ON = "credentials that programs already loaded stay valid for up to 15 minutes"


def run(argv: list[str]) -> int:
    """End one session, or all."""
    parser = CommandParser("logout", "End a profile's session and forget it on this machine.")
    add_profile(parser)
    parser.add_argument("--all", action="store_true", help="end and forget every session")
    arguments = parser.parse_args(argv)
    config = load_config(os.environ)
    if arguments.all:
        return _all(config, os.environ)
    name = chosen_profile(arguments, os.environ)
    profile = config.profile(name)
    login_session = profile.text("login_session")
    if not login_session:
        say(f'profile "{name}" is not signed in; nothing to do')
        return 0
    cache = store_for(profile, os.environ)
    with cache.locked(login_session):
        doubt = _revoke(cache, profile, os.environ)
        removed = cache.remove(login_session)
    if not removed:
        say(f'profile "{name}" had no saved session')
        return 0
    sharing = [
        other
        for other in config.profile_names()
        if other != name
        and config.profile(other).text("login_session") == login_session
        and config.profile(other).storage == profile.storage
    ]
    say(f'signed out of {login_session} (profile "{name}")')
    if sharing:
        say(f"this session was shared: {', '.join(sharing)} signed out too")
    return _conclude([doubt] if doubt else [])


def _all(config: AwsConfig, environ: Mapping[str, str]) -> int:
    doubts: list[str] = []
    removed = 0
    for storage in STORAGES:
        store = open_store(storage, environ, profile="", may_prompt=is_attended(environ), tell=say)
        profiles = {
            store.path(login_session): profile
            for profile in map(config.profile, config.profile_names())
            if (login_session := profile.text("login_session")) and profile.storage == storage
        }
        for path in store.login_files():
            with hold_lock(path):  # a refresh on its way must not write the session back
                profile = profiles.get(path)
                if profile is not None:
                    doubts.append(_revoke(store, profile, environ))
                removed += store.remove_file(path)
    if not removed:
        say("no saved sessions")
        return 0
    say(f"{removed} saved session{'s' if removed > 1 else ''} removed")
    return _conclude([doubt for doubt in doubts if doubt])


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
    except NetworkError as problem:
        return f'profile "{profile.name}": {problem.message}'
    return ""


def _conclude(doubts: list[str]) -> int:
    say(_LIVE_ON)
    for doubt in doubts:
        say(f"not revoked at the service, where it ends by itself after 12 hours at most; {doubt} [network]")
    return NetworkError.exit_code if doubts else 0
