"""`POST /v1/revoke` (RFC 7009) as bare ASGI: the token in a form, the proof of its key in the `DPoP` header."""

import logging

from daypass.errors import RemoteProtocolError, StorageError
from daypass.protocol.oauth.dpop import verify_dpop_proof
from daypass.protocol.oauth.errors import InvalidRequest, ServerError, SignInError
from daypass.protocol.oauth.form_parameters import parse_form_parameters
from daypass.secret import Secret
from daypass.server.domain.audit import CALLER_KEY
from daypass.server.flows.revoke import RevokeFlow
from daypass.server.web.errors import NO_STORE, token_error_answer
from daypass.server.web.sign_in_parts import SignInParts
from daypass.server.web.token import (
    AsgiApp,
    MethodNotAllowed,
    Receive,
    Scope,
    Send,
    find_content_type,
    read_grant_body,
)

__all__ = ["build_revoke_app"]

_log = logging.getLogger(__name__)
_FORM = "application/x-www-form-urlencoded"
_KNOWN = frozenset({"token", "token_type_hint", "client_id"})


def build_revoke_app(parts: SignInParts) -> AsgiApp:
    """The revocation endpoint. Reads `scope["daypass.caller"]`; answers every method and failure itself."""
    return _RevocationEndpoint(parts).answer


class _RevocationEndpoint:
    __slots__ = ("_accepted_urls", "_flow", "_parts")

    def __init__(self, parts: SignInParts) -> None:
        self._parts = parts
        self._accepted_urls = frozenset(f"{url}/v1/revoke" for url in parts.own_urls)
        self._flow = RevokeFlow(
            sessions=parts.storage.login_sessions,
            audit=parts.storage.audit,
            directory=parts.directory,
            ring=parts.ring,
            randomness=parts.randomness,
        )

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, one answer; success is 200 with an empty object, whatever there was to revoke (§2.2)."""
        outcome = "ok"
        try:
            await self._revoke(scope, receive)
            body = b"{}"
            status, headers = 200, [*NO_STORE, (b"content-length", b"2")]
        except SignInError as refusal:
            outcome = refusal.error
            status, headers, body = token_error_answer(refusal)
            if status == MethodNotAllowed.status:
                headers.append((b"allow", b"POST"))
        except StorageError as failure:
            _log.error("the revocation endpoint could not reach its database", exc_info=failure)
            outcome = ServerError.error
            status, headers, body = token_error_answer(ServerError("the service failed, try again"))
        self._parts.metrics.count("revoke", outcome)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _revoke(self, scope: Scope, receive: Receive) -> None:
        if scope["method"] != "POST":
            raise MethodNotAllowed("the revocation endpoint takes POST only")
        body = await read_grant_body(receive)
        now = self._parts.clock()
        proof = verify_dpop_proof(
            [value.decode("latin-1") for name, value in scope["headers"] if name == b"dpop"],
            method="POST",
            accepted_urls=self._accepted_urls,
            now=now,
            max_age=self._parts.lifetimes.dpop_max_age,
            max_future=self._parts.lifetimes.dpop_max_future,
        )
        token = _read_token(find_content_type(scope), body)
        await self._flow.revoke(token, dpop_jkt=proof.jkt, caller=scope[CALLER_KEY], now=now)


def _read_token(content_type: str, body: bytes) -> Secret:
    """The `token` parameter (§2.1). Raises InvalidRequest."""
    if content_type.partition(";")[0].strip().lower() != _FORM:
        raise InvalidRequest("a revocation request is a form")
    try:
        form = parse_form_parameters(body.decode("latin-1"), known=_KNOWN)
    except RemoteProtocolError as problem:
        raise InvalidRequest(problem.message) from None
    if form.repeated or "token" not in form.values:
        raise InvalidRequest("the parameter token must stand there once")
    return Secret(form.values["token"])
