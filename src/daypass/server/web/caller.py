"""Who is calling, as far as the connection and named proxies tell. Built once per request, in the outermost app.

X-Forwarded-For and X-Forwarded-Proto are the sender's word: they are read only when the connection itself comes
from a network in `trusted_proxies`, and the chain is walked from our end until the first address that is not one
of them (RFC 7239 §8.1 says why the far end proves nothing). The Host header is never asked for anything.
"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from daypass.server.domain.audit import Caller

__all__ = ["CallerReader", "Networks", "is_in_networks"]

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

_MAX_USER_AGENT = 256


@lru_cache(maxsize=4096)
def is_in_networks(address: str, networks: Networks) -> bool:
    """Whether the textual address lies in one of the networks; False for what is no address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)


class CallerReader:
    """Makes `Caller` records from ASGI scopes."""

    def __init__(self, trusted_proxies: Networks) -> None:
        self._trusted_proxies = trusted_proxies

    def read(self, scope: dict[str, Any], request_id: str) -> Caller:
        """The caller of one HTTP request."""
        client = scope.get("client")
        source_ip = client[0] if client else ""
        is_secure = scope["scheme"] == "https"
        user_agent = b""
        forwarded_for: list[bytes] = []
        forwarded_proto = b""
        for name, value in scope["headers"]:
            if name == b"user-agent":
                user_agent = value
            elif name == b"x-forwarded-for":
                forwarded_for.append(value)
            elif name == b"x-forwarded-proto":
                forwarded_proto = value
        if self._trusted_proxies and is_in_networks(source_ip, self._trusted_proxies):
            source_ip = self._first_stranger(source_ip, b",".join(forwarded_for).split(b","))
            is_secure = forwarded_proto.rsplit(b",", 1)[-1].strip().lower() == b"https"
        return Caller(request_id, source_ip, user_agent[:_MAX_USER_AGENT].decode("latin-1"), is_secure)

    def _first_stranger(self, nearest: str, chain: Iterable[bytes]) -> str:
        """Walk from our end of the chain to the first address no trusted proxy vouches for."""
        for element in reversed(list(chain)):
            address = _parse_forwarded_address(element)
            if address is None:
                break  # nonsense: believe nothing behind it
            nearest = address
            if not is_in_networks(address, self._trusted_proxies):
                break
        return nearest


def _parse_forwarded_address(element: bytes) -> str | None:
    """`1.2.3.4`, `1.2.3.4:5678`, `[v6]:port`, `v6`; None for anything else."""
    text = element.decode("latin-1").strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
