"""Whether a refusal is the clock's fault, by the server's own Date header (RFC 9110 §6.6.1).

A proof of possession and a request's signature carry this machine's time, and servers accept a few minutes at most
(RFC 9449 §11.1; AWS Signature Version 4). Looked at only after a refusal: a wrong clock that harms nobody is no news.
"""

import email.utils
import sys
from collections.abc import Mapping

from daypass.errors import ClockSkew

__all__ = ["check_clock", "seconds_ahead"]

_TOLERATED = 60
"""Seconds; more than a slow answer explains."""
_SET_CLOCK = {
    "darwin": "sudo sntp -sS time.apple.com",
    "win32": "w32tm /resync",
}


def seconds_ahead(headers: Mapping[str, str], now: int) -> int | None:
    """By how much this machine's clock is ahead of the answer's (negative: behind). Header names in lower case."""
    try:
        return now - round(email.utils.parsedate_to_datetime(headers["date"]).timestamp())
    except (KeyError, ValueError, OverflowError):
        return None


def check_clock(headers: Mapping[str, str], now: int) -> None:
    """Raise ClockSkew when the clocks differ by more than a minute."""
    ahead = seconds_ahead(headers, now)
    if ahead is None or abs(ahead) <= _TOLERATED:
        return
    raise ClockSkew(
        f"the clock of this machine is {_told(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} the server,"
        " so what it signs is refused",
        hint=_SET_CLOCK.get(sys.platform, "sudo timedatectl set-ntp true"),
    )


def _told(seconds: int) -> str:
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    hours = round(minutes / 60)
    return f"{hours} hours" if hours < 48 else f"{round(hours / 24)} days"
