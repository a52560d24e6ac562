"""How often one source may fail to sign in as one name, and the key those failures are counted under.

The key is a keyed hash of identity and source: no name and no address is kept, and nobody but this server
can compute it. Because the source is part of the key, a stranger who fails on purpose locks out himself and
not the owner of the name. Unknown names are counted exactly like known ones, so the answer does not tell.
"""

import ipaddress
from dataclasses import dataclass

from daypass.server.domain.key_ring import KeyRing

__all__ = ["SIGN_IN_THROTTLE", "SOURCE_THROTTLE", "Throttle", "attempt_key", "source_key"]


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


def source_key(ring: KeyRing, source_ip: str) -> bytes:
    """16 bytes: under which all failures of one source are counted."""
    message = b"every name|" + _source_network(source_ip).encode()
    return ring.derive("sign-in-attempts", message, key_id=ring.current.key_id)[:16]


def attempt_key(ring: KeyRing, *, account: str, name: str, source_ip: str) -> bytes:
    """16 bytes. `account` and `name` as typed, compared without case and outer white space; `source_ip` by network.

    Keyed by the ring's newest key: a rotation of keys starts the counts anew.
    """
    parts = (account.strip().lower(), name.strip().lower(), _source_network(source_ip))
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return ring.derive("sign-in-attempts", message, key_id=ring.current.key_id)[:16]


def _source_network(source_ip: str) -> str:
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
