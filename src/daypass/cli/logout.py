"""`daypass logout [--profile P] [--all]`: delete saved sessions from this machine.

The profile keeps its `login_session` line, as after `aws logout`, so a new login lands in the same place.
Credentials a program already holds live on until they expire, and that is said.
"""

import os

from daypass.cli.arguments import CommandParser, add_profile, chosen_profile
from daypass.cli.output import say
from daypass.client.atomic_file import hold_lock
from daypass.client.aws_config import load_config
from daypass.client.session_cache import SessionCache

__all__ = ["run"]

_LIVE_ON = "credentials that programs already loaded stay valid for up to 15 minutes"


def run(argv: list[str]) -> int:
    """Delete one session, or all."""
    parser = CommandParser("logout", "Forget a profile's session on this machine.")
    add_profile(parser)
    parser.add_argument("--all", action="store_true", help="forget every session")
    arguments = parser.parse_args(argv)
    cache = SessionCache(os.environ)
    if arguments.all:
        return _all(cache)
    name = chosen_profile(arguments, os.environ)
    config = load_config(os.environ)
    login_session = config.profile(name).text("login_session")
    if not login_session:
        say(f'profile "{name}" is not signed in; nothing to do')
        return 0
    with cache.locked(login_session):
        removed = cache.remove(login_session)
    if not removed:
        say(f'profile "{name}" had no saved session')
        return 0
    sharing = [
        other
        for other in config.profile_names()
        if other != name and config.profile(other).text("login_session") == login_session
    ]
    say(f'signed out of {login_session} (profile "{name}")')
    if sharing:
        say(f"this session was shared: {', '.join(sharing)} signed out too")
    say(_LIVE_ON)
    return 0


def _all(cache: SessionCache) -> int:
    files = cache.login_files()
    for path in files:
        with hold_lock(path):  # a refresh on its way must not write the session back
            path.unlink(missing_ok=True)
    if not files:
        say("no saved sessions")
        return 0
    say(f"{len(files)} saved session{'s' if len(files) > 1 else ''} removed")
    say(_LIVE_ON)
    return 0
