"""Which addresses the server may call out to: the guard against being sent to our own insides. No socket here.

A URL that a stranger can influence (a provider's issuer, an endpoint its document names) must reach the public
internet only. Addresses that carry another address inside (v4-mapped, 6to4, NAT64, Teredo) are refused whole, since
what they reach is decided elsewhere. Link-local (cloud metadata), multicast and unspecified addresses are refused
even for a host the operator called internal. Ranges: IANA special-purpose address registries (RFC 6890, RFC 4291).
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from daypass.protocol.aws.errors import IDPCommunicationError

__all__ = ["OutboundUrl", "check_address", "is_internal", "normalize_host", "parse_url", "unreachable"]

_MAX_URL = 2048
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_GLOBAL_UNICAST_6 = ipaddress.IPv6Network("2000::/3")
_NOT_GLOBAL_6 = tuple(
    ipaddress.IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")  # Teredo and others, examples, 6to4
)
_NOT_GLOBAL_4 = (ipaddress.IPv4Network("192.88.99.0/24"),)  # the 6to4 relay
_PRIVATE_6 = ipaddress.IPv6Network("fc00::/7")
_PRIVATE_4 = tuple(
    ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


@dataclass(frozen=True, slots=True)
class OutboundUrl:
    """A URL taken apart once, so that what was checked is what is called."""

    is_tls: bool
    host: str
    """Lower case, no brackets."""
    port: int
    target: str
    """Path and query, as sent."""

    @property
    def host_header(self) -> str:
        """For the `Host` field: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_tls else 80) else f"{host}:{self.port}"


def unreachable(reason: str, *, hint: str = "") -> IDPCommunicationError:
    """One sentence for every cause: what our network looks like is for the log."""
    return IDPCommunicationError("the identity provider could not be reached", hint=hint, detail=reason)


def parse_url(url: str) -> OutboundUrl:
    """`https://…` or `http://…`, without user, fragment, blanks or non-ASCII. Raises IDPCommunicationError."""
    if len(url) > _MAX_URL or not _PRINTABLE.fullmatch(url) or "\\" in url or "#" in url:
        raise unreachable("the URL has characters a URL does not have")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise unreachable("the URL cannot be taken apart") from None
    if parts.scheme not in ("https", "http") or "@" in parts.netloc or port == 0 or not _is_host(host):
        raise unreachable("the URL is not a plain http(s) URL")
    is_tls = parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return OutboundUrl(is_tls, host, port or (443 if is_tls else 80), target)


def normalize_host(entry: str) -> str:
    """An operator's `host` or `host:port`, lower case and without brackets around a bare IPv6 address."""
    text = entry.strip().lower()
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def is_internal(url: OutboundUrl, internal_hosts: frozenset[str]) -> bool:
    """Whether the operator named this host, or this host and port."""
    bracketed = f"[{url.host}]" if ":" in url.host else url.host
    return url.host in internal_hosts or f"{bracketed}:{url.port}" in internal_hosts


def check_address(text: str, *, internal: bool, tls: bool) -> None:
    """One resolved address. Raises IDPCommunicationError unless a call to it is allowed."""
    try:
        address: _Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        raise unreachable("the resolver gave no address") from None
    if not tls:
        if not (internal and address.is_loopback):
            raise unreachable("plain http goes to an internal loopback host only")
        return
    if _is_global(address) or (internal and (address.is_loopback or _is_private(address))):
        return
    raise unreachable(
        f"{address} is not a public address",
        hint="name the host in internal_identity_providers if it is yours",
    )


def _is_global(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        return address in _GLOBAL_UNICAST_6 and not any(address in network for network in _NOT_GLOBAL_6)
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not special and not any(address in network for network in _NOT_GLOBAL_4)


def _is_private(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        return address in _PRIVATE_6
    return any(address in network for network in _PRIVATE_4)


def _is_host(host: str) -> bool:
    if ":" not in host:
        return len(host) <= 253 and _NAME.fullmatch(host) is not None
    try:
        return ipaddress.ip_address(host).version == 6 and "%" not in host
    except ValueError:
        return False
