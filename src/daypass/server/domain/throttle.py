"""How often somebody may fail, and the key those failures are counted under.

Passwords are counted by name and source: a keyed hash, so no name and no address is kept, and nobody but this
server can compute it. Because the source is part of the key, a stranger who fails on purpose locks out himself and
not the owner of the name. Unknown names are counted exactly like known ones, so the answer does not tell.
What needs a right password first, such as a one-time code, is counted by person, whatever the source.
"""

import hashlib
import ipaddress
from dataclasses import dataclass

from daypass.server.domain.key_ring import KeyRing

__all__ = [
    "CODE_THROTTLE",
    "DAILY_CODE_THROTTLE",
    "PASSWORD_CHANGE",
    "PASSWORD_CHANGE_THROTTLE",
    "SIGN_IN_THROTTLE",
    "SOURCE_THROTTLE",
    "Throttle",
    "attempt_key",
    "owner_key",
    "source_key",
    "source_network",
]


@dataclass(frozen=True, slots=True)
class Throttle:
    """A limit on failures."""

    free_failures: int
    """Failures inside one window before further attempts are refused unheard."""
    window: int
    """Seconds, counted from the first failure."""


SIGN_IN_THROTTLE = Throttle(free_failures=5, window=300)
"""Five tries in five minutes: OWASP Authentication Cheat Sheet's order of magnitude, one source and name."""


SOURCE_THROTTLE = Throttle(free_failures=100, window=600)
"""A hundred failures in ten minutes, whatever the names: one password tried on many people. Wide, because an office may
share one address."""


CODE_THROTTLE = Throttle(free_failures=5, window=300)
"""Wrong one-time codes of one person, whatever the source. Of a million codes three are right at a time."""

DAILY_CODE_THROTTLE = Throttle(free_failures=50, window=86_400)
"""The same, for who comes back after each pause (NIST SP 800-63B §5.2.2: at most 100 failures in a row)."""

PASSWORD_CHANGE_THROTTLE = Throttle(free_failures=5, window=900)
"""Wrong old passwords of one person, on the own page and at the API's ChangePassword together: a session or credentials
in the wrong hands must not become a way to guess the password behind them."""

PASSWORD_CHANGE = "ChangePassword"  # noqa: S105 - an operation's name
"""What those are counted under (`owner_key`)."""


def owner_key(purpose: str, account_id: str, owner_id: str) -> bytes:
    """16 bytes: under which one person's failures are counted, whatever the source.

    `purpose` is the operation they failed at. Ids are no secrets, so this hash needs no key.
    """
    return hashlib.sha256(f"{purpose}|{account_id}|{owner_id}".encode()).digest()[:16]


def source_key(ring: KeyRing, source_ip: str) -> bytes:
    """16 bytes: under which all failures of one source are counted."""
    message = b"every name|" + source_network(source_ip).encode()
    return ring.derive("sign-in-attempts", message, key_id=ring.current.key_id)[:16]


def attempt_key(ring: KeyRing, *, account: str, name: str, source_ip: str) -> bytes:
    """16 bytes. `account` and `name` as typed, compared without case and outer white space; `source_ip` by network.

    Keyed by the ring's newest key: a rotation of keys starts the counts anew.
    """
    parts = (account.strip().lower(), name.strip().lower(), source_network(source_ip))
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return ring.derive("sign-in-attempts", message, key_id=ring.current.key_id)[:16]


def source_network(source_ip: str) -> str:
    """One host, one count: a host on IPv6 chooses freely among the 2^64 addresses of its link (RFC 7421 §1)."""
    try:
        address = ipaddress.ip_address(source_ip)
    except ValueError:
        return source_ip
    if isinstance(address, ipaddress.IPv4Address):
        return source_ip
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), 64), strict=False))
