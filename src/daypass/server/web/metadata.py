"""`/.well-known/oauth-authorization-server` and `/.well-known/jwks.json`: constant bytes (RFC 8414, RFC 7517)."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from daypass.server.domain.key_ring import KeyRing

__all__ = ["build_metadata_app"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def build_metadata_app(*, ring: KeyRing, external_url: str) -> AsgiApp:
    """Both documents, computed once."""
    raise NotImplementedError(ring, external_url)
