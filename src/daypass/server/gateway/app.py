"""The gateway as one ASGI app: the only place where its parts are put together.

Per request, in this order and never another: refuse what is not a signed request, prove the signature,
name the operation, decide ownership and policy, and only then speak to the backend.
"""

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from daypass.protocol.aws.errors import InternalFailure
from daypass.server.domain.key_ring import KeyRing
from daypass.server.gateway.backend import Backend
from daypass.server.ports.clock import Clock
from daypass.server.ports.metrics import Metrics
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.storage import Storage

__all__ = ["Backend", "GatewayApp", "build_gateway_app"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class GatewayApp:
    """`await app(scope, receive, send)` for `http` scopes; `await app.close()` ends its backend connections."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise InternalFailure("the gateway is not built yet")

    async def close(self) -> None:
        """Close the backend connections. The app is not used afterwards."""


def build_gateway_app(
    *,
    storage: Storage,
    ring: KeyRing,
    directory: PrincipalDirectory,
    clock: Clock,
    metrics: Metrics,
    log: logging.Logger,
    region: str,
    backend: Backend,
    adopt_unowned_buckets_for: str | None = None,
    virtual_host_suffix: str | None = None,
) -> GatewayApp:
    """The S3 gateway.

    `region` is what we call ourselves in answers. `adopt_unowned_buckets_for` is the account that owns
    whatever buckets the backend has and our table does not (an existing store); None means nobody does.
    `virtual_host_suffix` (`s3.example.org`) also accepts `bucket.s3.example.org`.
    """
    return GatewayApp()
