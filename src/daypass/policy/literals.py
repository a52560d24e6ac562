"""The values conditions compare: numbers, dates, truth values, bytes, networks.

Each `read_…` turns a text into a comparable value or returns None when the text is not one. The policy's
own literals are read when the policy is stored, where None means refusal; a request's values are read when
it is decided, where None means "matches nothing" (IAM reference, "Condition operators").
"""

import base64
import binascii
import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

__all__ = ["Network", "read_address", "read_binary", "read_bool", "read_date", "read_network", "read_number"]

_is_number = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?", re.ASCII).fullmatch
_is_date = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?)?)?",
    re.ASCII,
).fullmatch
_is_epoch = re.compile(r"-?[0-9]{5,13}", re.ASCII).fullmatch
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  all arithmetic here is in UTC without zone objects
_NANOSECONDS = 1_000_000_000


def read_number(text: str) -> Decimal | None:
    """An integer or decimal number, exactly."""
    return Decimal(text) if _is_number(text) else None


def read_bool(text: str) -> bool | None:
    """`true` or `false`, any case."""
    return {"true": True, "false": False}.get(text.lower())


@lru_cache(maxsize=256)
def read_date(text: str) -> int | None:
    """Nanoseconds since 1970 of a W3C date-time (a profile of ISO 8601) or of epoch seconds.

    Four digits are a year. A date-time without zone is UTC. Fractions of a second count.
    """
    if _is_epoch(text):
        return int(text) * _NANOSECONDS
    found = _is_date(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (
        int(part or default) for part, default in zip(found.groups(), "111000", strict=False)
    )
    try:
        whole = datetime(year, month, day, hour, minute, second) - _EPOCH  # noqa: DTZ001  UTC, see _EPOCH
    except ValueError:
        return None
    offset = _read_offset(found[8])
    if offset is None:
        return None
    seconds = (whole - offset) // timedelta(seconds=1)
    return seconds * _NANOSECONDS + int((found[7] or "0").ljust(9, "0"))


def _read_offset(zone: str | None) -> timedelta | None:
    if zone is None or zone == "Z":
        return timedelta(0)
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        return None
    return timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)


def read_binary(text: str) -> bytes | None:
    """The bytes of a padded base64 text."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Network:
    """An address range of one IP version."""

    version: int
    first: int
    mask: int

    def contains(self, address: tuple[int, int]) -> bool:
        """Whether the (version, number) lies in the range."""
        return address[0] == self.version and address[1] & self.mask == self.first


@lru_cache(maxsize=4096)
def read_address(text: str) -> tuple[int, int] | None:
    """IP version and number. An IPv4 address written in IPv6 (`::ffff:192.0.2.1`) is the IPv4 address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return None
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
    return address.version, int(address)


def read_network(text: str) -> Network | None:
    """An address or a CIDR range; host bits are ignored, a netmask in dots is refused."""
    base, slash, prefix = text.partition("/")
    address = read_address(base)
    if address is None or (slash and not re.fullmatch(r"[0-9]{1,3}", prefix)):
        return None
    version, number = address
    width = 32 if version == 4 else 128
    length = int(prefix) if slash else width
    if slash and version == 4 and ":" in base:
        length -= 96
    if not 0 <= length <= width:
        return None
    mask = (1 << width) - (1 << (width - length))
    return Network(version, number & mask, mask)
