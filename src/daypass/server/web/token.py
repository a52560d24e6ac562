"""`POST /v1/token` (CreateOAuth2Token) as bare ASGI. Nothing but HTTP stands here."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from daypass.server.web.sign_in_parts import SignInParts

__all__ = ["build_token_app"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def build_token_app(parts: SignInParts) -> AsgiApp:
    """The token endpoint. Reads `scope["daypass.caller"]`; answers every method and failure itself."""
    raise NotImplementedError(parts)
