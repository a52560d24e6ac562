"""Instants as SAML writes them (Core §1.3.3: xs:dateTime in UTC), and how far two clocks may differ."""

import re
from datetime import UTC, datetime

from daypass.server.adapters.saml.refusals import Unreadable

__all__ = ["CLOCK_SKEW", "USE_WITHIN", "format_instant", "parse_instant"]

CLOCK_SKEW = 120
"""Seconds. Providers stamp NotBefore with their own present second, so some tolerance is needed to accept a fresh
assertion at all. Two minutes cover a machine that lost its time service for weeks (crystals drift about a second a
day) and an unsynchronised virtual machine after a pause; each second more is a second longer that a stolen
assertion lives. Active Directory's five minutes are for Kerberos, whose tickets are bound to a key."""

USE_WITHIN = 300
"""Seconds from an assertion's IssueInstant until it must have been used (STS reference, "AssumeRoleWithSAML"),
even when its provider would let it live longer: it is a bearer's proof in a form field."""

_INSTANT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,12})?Z?", re.ASCII)


def parse_instant(text: str) -> int:
    """Epoch seconds, fractions dropped. Raises Unreadable for other zones, other forms, impossible dates.

    A missing zone is read as UTC (Core §1.3.3 forbids any other).
    """
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise Unreadable("an instant is not a UTC xs:dateTime")
    year, month, day, hour, minute, second = map(int, found.groups())
    try:
        return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())
    except (ValueError, OverflowError):
        raise Unreadable("an instant does not exist") from None


def format_instant(now: int) -> str:
    """`2026-01-31T12:00:00Z`."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
