"""STS and IAM on one origin: `POST /` and the signed `GET /`, told apart by the signature's scope.

Here lives what both APIs share on the wire. Which actions exist stands in `sts.py` and `iam.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daypass.server.domain.key_ring import KeyRing
    from daypass.server.ports.clock import Clock, Randomness
    from daypass.server.ports.metrics import Metrics
    from daypass.server.ports.password_hasher import PasswordHasher
    from daypass.server.ports.principals import PrincipalDirectory
    from daypass.server.ports.storage import Storage

__all__ = ["build_query_app", "wants"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


def wants(scope: Mapping[str, Any]) -> bool:
    """Whether this HTTP scope is a Query API request: any `POST /`, or a `GET /` that carries a signature or an Action."""
    if scope["path"] != "/":
        return False
    if scope["method"] == "POST":
        return True
    if scope["method"] != "GET":
        return False
    query = scope["query_string"]
    if b"X-Amz-" in query or b"Action=" in query:
        return True
    return any(name == b"authorization" and value.startswith(b"AWS") for name, value in scope["headers"])


def build_query_app(
    *,
    storage: Storage,
    ring: KeyRing,
    directory: PrincipalDirectory,
    hasher: PasswordHasher,
    clock: Clock,
    randomness: Randomness,
    metrics: Metrics,
    log: logging.Logger,
) -> AsgiApp:
    """The ASGI application for everything that `wants` claims."""
    raise NotImplementedError
