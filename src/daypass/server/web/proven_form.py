"""Endpoints beside the token endpoint: a form, and a `DPoP` header that proves the key it speaks of (RFC 9449).

One shape for all of them: method, source, size, proof, form, flow; every refusal leaves as status, class and word
(`web/errors.py`), with a count. What is asked and answered is each endpoint's own.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping

from daypass.errors import RemoteProtocolError, StorageError
from daypass.protocol.oauth.dpop import VerifiedProof, verify_dpop_proof
from daypass.protocol.oauth.errors import InvalidRequest, ServerError, SignInError
from daypass.protocol.oauth.form_parameters import parse_form_parameters
from daypass.server.domain.audit import CALLER_KEY
from daypass.server.domain.token_call import TokenCall, prove_call
from daypass.server.web.errors import NO_STORE, token_error_answer
from daypass.server.web.sign_in_parts import SignInParts
from daypass.server.web.source_limit import SourceLimit
from daypass.server.web.token import (
    MethodNotAllowed,
    Receive,
    Scope,
    Send,
    find_content_type,
    read_grant_body,
)

__all__ = ["ProvenFormEndpoint", "take"]

_log = logging.getLogger(__name__)
_FORM = "application/x-www-form-urlencoded"


class ProvenFormEndpoint(ABC):
    """One endpoint. `answer` is the ASGI application; it reads `scope["daypass.caller"]`."""

    path: str
    name: str
    """The word it is counted under."""
    known: frozenset[str]
    """Its parameters; others are ignored (RFC 6749 §3.2)."""
    most_per_minute = 120
    """Requests of one source. An office behind one address signs out less often."""

    def __init__(self, parts: SignInParts) -> None:
        self.parts = parts
        self._limit = SourceLimit(self.most_per_minute)
        self._accepted_urls = frozenset(f"{url}{self.path}" for url in parts.own_urls)

    @abstractmethod
    async def perform(self, form: Mapping[str, str], call: TokenCall) -> bytes:
        """The success body, JSON. Raises SignInError, StorageError."""

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, one answer."""
        outcome = "ok"
        try:
            body = await self._answer(scope, receive)
            status, headers = 200, [*NO_STORE, (b"content-length", str(len(body)).encode("ascii"))]
        except SignInError as refusal:
            outcome = refusal.error
            status, headers, body = token_error_answer(refusal)
            if status == MethodNotAllowed.status:
                headers.append((b"allow", b"POST"))
        except StorageError as failure:
            _log.error("%s could not reach its database", self.path, exc_info=failure)
            outcome = ServerError.error
            status, headers, body = token_error_answer(ServerError("the service failed, try again"))
        self.parts.metrics.count(self.name, outcome)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> bytes:
        if scope["method"] != "POST":
            raise MethodNotAllowed("this endpoint takes POST only")
        self._limit.check(scope[CALLER_KEY].source_ip, now=self.parts.clock())
        body = await read_grant_body(receive)
        now = self.parts.clock()
        proof = self._verify(scope, now)
        lifetimes = self.parts.lifetimes
        call = prove_call(
            proof,
            body=body,
            window=lifetimes.dpop_max_age + lifetimes.dpop_max_future,
            event_id=self.parts.randomness.uuid(),
            caller=scope[CALLER_KEY],
            now=now,
        )
        return await self.perform(self._read(find_content_type(scope), body), call)

    def _verify(self, scope: Scope, now: int) -> VerifiedProof:
        return verify_dpop_proof(
            [value.decode("latin-1") for name, value in scope["headers"] if name == b"dpop"],
            method="POST",
            accepted_urls=self._accepted_urls,
            now=now,
            max_age=self.parts.lifetimes.dpop_max_age,
            max_future=self.parts.lifetimes.dpop_max_future,
        )

    def _read(self, content_type: str, body: bytes) -> Mapping[str, str]:
        if content_type.partition(";")[0].strip().lower() != _FORM:
            raise InvalidRequest("the body must be a form")
        try:
            form = parse_form_parameters(body.decode("latin-1"), known=self.known)
        except RemoteProtocolError as problem:
            raise InvalidRequest(problem.message) from None
        if form.repeated:
            raise InvalidRequest("a parameter stands there more than once")
        return form.values


def take(form: Mapping[str, str], name: str) -> str:
    """A parameter that must be there. Raises InvalidRequest."""
    if not form.get(name):
        raise InvalidRequest(f"the parameter {name} must stand there once")
    return form[name]
