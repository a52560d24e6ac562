"""Check 5: this machine's clock against the Date header of the sign-in service, else of STS.

A proof of possession and a request's signature each carry our time, and servers accept five minutes (RFC 9449
section 11.1; AWS Signature Version 4).
"""

import sys
from collections.abc import Iterator

from daypass.client.doctor.finding import Finding
from daypass.client.doctor.subject import Subject

__all__ = ["check_clock"]

_REFUSED = 300
"""Seconds."""
_SET_CLOCK = {"darwin": "sudo sntp -sS time.apple.com", "win32": "w32tm /resync"}.get(
    sys.platform, "sudo timedatectl set-ntp true"
)
_SUSPECT = 60
"""Seconds; a clock that drifts gets there."""


def check_clock(subject: Subject) -> Iterator[Finding]:
    """By the first service that answers."""
    for look in subject.looks.hosts.values():
        seen = look.result()
        if seen.clock_ahead is not None:
            yield judge_clock(seen.clock_ahead, seen.host)
            return
    yield Finding("clock_unknown", "note", "no server said what time it is")


def judge_clock(ahead: int, host: str) -> Finding:
    """`ahead`: seconds by which the server's clock is ahead of ours."""
    if abs(ahead) <= _SUSPECT:
        return Finding("clock", "ok", f"the clock agrees with {host}")
    told = f"{abs(ahead) // 60} min" if abs(ahead) >= 120 else f"{abs(ahead)} s"
    sentence = f"the clock is {told} {'behind' if ahead > 0 else 'ahead of'} {host}"
    if abs(ahead) > _REFUSED:
        sentence += "; sign-ins and signed requests are refused"
        return Finding("clock_skew", "error", sentence, _SET_CLOCK)
    return Finding("clock_drift", "warning", sentence, _SET_CLOCK)
