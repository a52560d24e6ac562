"""How long a session still lasts: `--min-ttl`, and the warning ahead of its end.

Credentials live minutes and renew; what ends is the session, and only a person can begin the next one. Its end
is named in the ID token by servers that say it; elsewhere it is at most twelve hours after the sign-in (AWS CLI
guide, "Sign in for AWS local development").
"""

import argparse
import re
import threading
import time
from collections.abc import Callable

from daypass.cli.output import say
from daypass.client.aws_config import Profile
from daypass.client.narrow_profile import read_narrowed, way_back
from daypass.client.session_cache import CacheEntry, SessionSummary, summarize
from daypass.errors import TooLittleTime, UsageError
from daypass.protocol.oauth.id_token import read_session_end

__all__ = [
    "add_min_ttl",
    "check_summary_time_left",
    "check_time_left",
    "duration_text",
    "read_duration",
    "seconds_of",
    "session_seconds_left",
    "session_warning",
    "warning_supply",
]

_WARN_BELOW = 1800
"""Seconds; a long run that begins now may not end in time. A narrowed login is meant to be short: there the last sixth."""
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_is_duration = re.compile(r"([0-9]{1,6})([smh]?)").fullmatch


def add_min_ttl(parser: argparse.ArgumentParser) -> None:
    """The `--min-ttl` option."""
    parser.add_argument(
        "--min-ttl",
        metavar="TIME",
        default="",
        help="exit with code 9 unless the session lasts at least this long: 3600, 45m, 2h",
    )


def seconds_of(arguments: argparse.Namespace) -> int:
    """What `--min-ttl` asks for, 0 without it. Raises UsageError."""
    return read_duration(arguments.min_ttl, option="--min-ttl") if arguments.min_ttl else 0


def read_duration(text: str, *, option: str) -> int:
    """Seconds of `3600`, `45m`, `2h`. Raises UsageError."""
    found = _is_duration(text)
    if found is None:
        raise UsageError(f"{option} is a number of seconds, or like 45m or 2h", hint=f"{option} 2h")
    return int(found[1]) * _UNITS[found[2]]


def session_seconds_left(entry: CacheEntry, *, now: int) -> int | None:
    """Seconds until only a person can help, or None when the entry does not say when it began."""
    end = read_session_end(entry.id_token.reveal())
    return None if end is None else max(0, end - now)


def check_time_left(entry: CacheEntry, wanted: int, *, profile: Profile, now: int) -> None:
    """Raises TooLittleTime when the session ends sooner than `wanted` seconds from now."""
    check_summary_time_left(summarize(entry), wanted, profile=profile, now=now)


def check_summary_time_left(summary: SessionSummary, wanted: int, *, profile: Profile, now: int) -> None:
    """The same of what a session tells without being opened."""
    ends_at = summary.session_ends_at
    left = max(0, ends_at - now) if ends_at is not None else summary.expires_at - now  # all that is certain
    if left < wanted:
        raise TooLittleTime(
            f'the session of profile "{profile.name}" lasts {duration_text(left)}, less than {duration_text(wanted)}',
            hint=_way_forward(profile, left),
        )


def _way_forward(profile: Profile, left: int) -> str:
    """The command that begins a new session; a login that still lives is only replaced when told so."""
    is_login = read_narrowed(profile) is None
    return way_back(profile) + (" --force" if left > 0 and is_login else "")


def session_warning(entry: CacheEntry, *, profile: Profile, now: int) -> str:
    """One sentence when the session is about to end, else nothing."""
    left = session_seconds_left(entry, now=now)
    words = read_narrowed(profile)
    below = _WARN_BELOW if words is None else min(_WARN_BELOW, words.seconds // 6)
    if left is None or left >= below:
        return ""
    return f'the session of profile "{profile.name}" ends in {duration_text(left)}; {_way_forward(profile, left)} begins a new one'


def warning_supply(
    supply: Callable[[], CacheEntry], *, profile: Profile, was_told: bool = False
) -> Callable[[], CacheEntry]:
    """The supply of a run that lasts; once per session it says ahead that the session ends. Safe to call from threads."""
    lock = threading.Lock()

    def telling() -> CacheEntry:
        nonlocal was_told
        entry = supply()
        warning = session_warning(entry, profile=profile, now=int(time.time()))
        with lock:
            if warning and not was_told:
                say(warning)
            was_told = bool(warning)
        return entry

    return telling


def duration_text(seconds: int) -> str:
    """`45 s`, `12 min`, `3 h 5 min`."""
    if seconds < 60:
        return f"{max(0, seconds)} s"
    hours, minutes = divmod(seconds // 60, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
