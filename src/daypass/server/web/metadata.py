"""The documents under `/.well-known/`: constant bytes (RFC 8414, OpenID Connect Discovery §4, RFC 7517).

All are computed once, so that a relying party that asks for the keys at every login costs nothing. The key
set holds every key of the ring: ID tokens of a key that no longer signs can still be checked.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from daypass.protocol.oauth.metadata import build_jwks, build_metadata
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.web_identity_token import web_identity_algorithms, web_identity_jwks

__all__ = ["build_metadata_app"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def build_metadata_app(*, ring: KeyRing, external_url: str, s3_url: str = "") -> AsgiApp:
    """All documents, computed once. Other paths answer 404, other methods 405."""
    id_token_keys = ((key.key_id, ring.id_token_key(key.key_id).public_key()) for key in ring.keys)
    algorithms = ("ES256", *web_identity_algorithms(ring))
    metadata = json.dumps(build_metadata(external_url, s3_endpoint=s3_url, algorithms=algorithms)).encode()
    documents = {
        "/.well-known/oauth-authorization-server": metadata,
        "/.well-known/openid-configuration": metadata,
        "/.well-known/jwks.json": json.dumps(build_jwks(id_token_keys, web_identity_jwks(ring))).encode(),
    }

    async def answer(scope: Scope, _receive: Receive, send: Send) -> None:
        document = documents.get(scope["path"])
        status = 404 if document is None else 200
        if scope["method"] not in ("GET", "HEAD"):
            status = 405
        body = document if document is not None and status == 200 else b"{}"
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode("ascii")),
            (b"cache-control", b"public, max-age=300" if status == 200 else b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if status == 405:
            headers.append((b"allow", b"GET, HEAD"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    return answer
