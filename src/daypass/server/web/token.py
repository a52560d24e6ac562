"""`POST /v1/token` (Sign-In API: CreateOAuth2Token) as bare ASGI. Nothing but HTTP stands here.

Order: method, operation, size; the DPoP proof; the grant's form; then the grant's own flow, which asks
policy. Two flows, one table. Every refusal, ours and the flows', leaves as status, class and word
(`web/errors.py`), with an audit row and a count. Starlette is not used: this is the hot path.

Requests that arrive together go through its stages side by side: each waits one turn of the event loop before the
signature, after it and before the answer. One check reads 150 KB of curve table, and what stands in the processor's
caches then serves all of them; answers written one after another wake the peer once. It saves an eighth of the time.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from daypass.errors import StorageError
from daypass.protocol.oauth.dpop import verify_dpop_proof
from daypass.protocol.oauth.errors import InvalidRequest, ServerError, SignInError
from daypass.protocol.oauth.token_request import RefreshGrant, parse_token_request
from daypass.protocol.oauth.token_response import build_token_response
from daypass.server.domain.audit import CALLER_KEY
from daypass.server.domain.sign_in_events import sign_in_event
from daypass.server.domain.token_call import prove_call
from daypass.server.flows.redeem_code import RedeemCodeFlow
from daypass.server.flows.refresh_token import RefreshTokenFlow
from daypass.server.issuers.built_in import BuiltInIssuer
from daypass.server.web.errors import NO_STORE, token_error_answer
from daypass.server.web.sign_in_parts import SignInParts

__all__ = [
    "AsgiApp",
    "MethodNotAllowed",
    "Receive",
    "Scope",
    "Send",
    "build_token_app",
    "find_content_type",
    "read_grant_body",
]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger(__name__)

_LARGEST_BODY = 16_384
"""Bytes: refresh token (2048), code, URI (2048) and verifier, escaped, fit four times."""
_OTHER_OPERATIONS = {
    b"x-amz-client-auth-method": "CreateOAuth2TokenWithIAM",
    b"x-amz-token-request-type": "CreateBearerToken",
    b"x-amz-oauth-token-method": "CreateOAuth2TokenWithTokenExchange",
}
"""Query flags that select another operation on the same path."""


class MethodNotAllowed(InvalidRequest):
    """The endpoint takes POST only."""

    status = 405


class BodyTooLarge(InvalidRequest):
    """More bytes than any grant needs."""

    status = 413


def build_token_app(parts: SignInParts) -> AsgiApp:
    """The token endpoint. Reads `scope["daypass.caller"]`; answers every method and failure itself."""
    return _TokenEndpoint(parts).answer


class _TokenEndpoint:
    __slots__ = ("_accepted_urls", "_parts", "_redeem_code", "_refresh_token", "_window")

    def __init__(self, parts: SignInParts) -> None:
        self._parts = parts
        self._accepted_urls = frozenset(f"{url}/v1/token" for url in parts.own_urls)
        self._window = parts.lifetimes.dpop_max_age + parts.lifetimes.dpop_max_future
        issuer = BuiltInIssuer(
            parts.ring,
            credentials_lifetime=parts.lifetimes.credentials,
            id_token_issuer=parts.external_url,
        )
        self._refresh_token = RefreshTokenFlow(
            sessions=parts.storage.login_sessions,
            audit=parts.storage.audit,
            directory=parts.directory,
            issuer=issuer,
            ring=parts.ring,
            region=parts.region,
            reuse=parts.refresh_reuse,
        )
        self._redeem_code = RedeemCodeFlow(
            storage=parts.storage,
            directory=parts.directory,
            issuer=issuer,
            ring=parts.ring,
            randomness=parts.randomness,
            lifetimes=parts.lifetimes,
            region=parts.region,
        )

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, one answer."""
        outcome = "ok"
        try:
            body = await self._grant(scope, receive)
            status, headers = 200, [*NO_STORE, (b"content-length", str(len(body)).encode("ascii"))]
        except SignInError as refusal:
            outcome = refusal.error
            status, headers, body = token_error_answer(refusal)
            if status == MethodNotAllowed.status:
                headers.append((b"allow", b"POST"))
        except StorageError as failure:
            _log.error("the token endpoint could not reach its database", exc_info=failure)
            outcome = ServerError.error
            status, headers, body = token_error_answer(ServerError("the service failed, try again"))
        self._parts.metrics.count("token", outcome)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _grant(self, scope: Scope, receive: Receive) -> bytes:
        """The success body. Raises SignInError, after its audit row is written."""
        now = self._parts.clock()
        event_id = self._parts.randomness.uuid()
        caller = scope[CALLER_KEY]
        try:
            _check_operation(scope)
            body = await read_grant_body(receive)
            await asyncio.sleep(0)
            proofs = [value.decode("latin-1") for name, value in scope["headers"] if name == b"dpop"]
            proof = verify_dpop_proof(
                proofs,
                method="POST",
                accepted_urls=self._accepted_urls,
                now=now,
                max_age=self._parts.lifetimes.dpop_max_age,
                max_future=self._parts.lifetimes.dpop_max_future,
            )
            await asyncio.sleep(0)
            grant = parse_token_request(find_content_type(scope), body)
        except SignInError as refusal:
            event = sign_in_event(
                "CreateOAuth2Token",
                event_id=event_id,
                caller=caller,
                now=now,
                error_code=refusal.error,
                detail={"reason": refusal.detail or refusal.message},
            )
            await self._parts.storage.audit.append(event)
            raise
        call = prove_call(proof, body=body, window=self._window, event_id=event_id, caller=caller, now=now)
        if isinstance(grant, RefreshGrant):
            token_set = await self._refresh_token.refresh(grant, call)
        else:
            token_set = await self._redeem_code.redeem(grant, call)
        await asyncio.sleep(0)
        return build_token_response(token_set, grant.style)


def _check_operation(scope: Scope) -> None:
    if scope["method"] != "POST":
        raise MethodNotAllowed("the token endpoint takes POST only")
    query: bytes = scope.get("query_string", b"")
    if query:
        for field in query.split(b"&"):
            operation = _OTHER_OPERATIONS.get(field.partition(b"=")[0].lower())
            if operation is not None:
                raise InvalidRequest(f"the operation {operation} is not offered by this server")


def find_content_type(scope: Scope) -> str:
    """The header's value, or nothing."""
    for name, value in scope["headers"]:
        if name == b"content-type":
            return bytes(value).decode("latin-1")
    return ""


async def read_grant_body(receive: Receive) -> bytes:
    """A body no larger than a grant can be. Raises InvalidRequest."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidRequest("the request ended early")
        body += message.get("body", b"")
        if len(body) > _LARGEST_BODY:
            raise BodyTooLarge("the request is too large")
        if not message.get("more_body", False):
            return bytes(body)
