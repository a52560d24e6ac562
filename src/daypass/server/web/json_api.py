"""APIs that speak JSON 1.1, on the same origin as the Query APIs: `POST /` with `X-Amz-Target`.

    body → authenticate (query_authentication.py) → target → read → flow → JSON

A refusal is `__type` and `message` with status 400, whatever the wire word (Smithy, "AWS JSON 1.1 protocol"); the words
of a bad signature are this family's, not the Query family's. A denied call is in the audit log before the answer leaves.
"""

import json
import logging
from typing import Any

from daypass.errors import StorageError
from daypass.protocol.aws.cloudtrail_errors import UnknownOperation
from daypass.protocol.aws.errors import AccessDenied, AwsError
from daypass.protocol.aws.sigv4 import CLOUDTRAIL_RULES
from daypass.server.domain.access_refusal import AccessRefused
from daypass.server.domain.audit import CALLER_KEY, AuditEvent, Caller
from daypass.server.domain.authorization_message import with_encoded_message
from daypass.server.domain.caller_detail import caller_detail
from daypass.server.domain.paging import Listing
from daypass.server.domain.session_credentials import check_action_allowed
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.lookup_events import EventLookup
from daypass.server.flows.open_credentials import KeyUses
from daypass.server.web.aws_errors import StorageFailure
from daypass.server.web.cloudtrail import TARGET, answer_lookup, read_lookup
from daypass.server.web.query_authentication import authenticate
from daypass.server.web.query_request import Receive, Scope, read_body
from daypass.server.web.routing import AsgiApp
from daypass.server.web.sign_in_parts import SignInParts

__all__ = ["build_json_app", "wants_json_api"]

_TARGET_HEADER = b"x-amz-target"
_SERVICE = "cloudtrail"
_EVENT = f"{_SERVICE}.LookupEvents"

_WORDS = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "IncompleteSignature": "IncompleteSignatureException",
    "InternalFailure": "InternalFailure",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "RequestEntityTooLarge": "RequestEntityTooLargeException",
    "ServiceUnavailable": "ServiceUnavailableException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "Throttling": "ThrottlingException",
    "ValidationError": "ValidationException",
}
"""What this family of protocols calls the common errors."""


def wants_json_api(scope: Scope) -> bool:
    """Whether a `POST /` is JSON 1.1: then it names its operation in a header."""
    return any(name == _TARGET_HEADER for name, _ in scope["headers"])


def build_json_app(parts: SignInParts, log: logging.Logger) -> AsgiApp:
    """The ASGI application for everything that `wants_json_api` claims."""
    return _JsonApp(parts, log)


class _JsonApp:
    """One request in, one JSON answer out."""

    def __init__(self, parts: SignInParts, log: logging.Logger) -> None:
        self._parts = parts
        self._lookup = EventLookup(parts.storage.audit, parts.ring)
        self._key_uses = KeyUses(parts.storage.access_keys)
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Any) -> None:
        caller: Caller = scope[CALLER_KEY]
        try:
            body = await read_body(receive)
            if body is None:
                return  # the peer has gone
            status, answer = 200, await self._perform(scope, body, caller)
        except (AwsError, StorageError) as failure:
            status, answer = self._refuse(failure, caller)
        encoded = json.dumps(answer, separators=(",", ":")).encode()
        headers = [
            (b"content-type", b"application/x-amz-json-1.1"),
            (b"content-length", b"%d" % len(encoded)),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": encoded})

    async def _perform(self, scope: Scope, body: bytes, caller: Caller) -> dict[str, Any]:
        parts = self._parts
        _, call = await authenticate(
            scope,
            body,
            ring=parts.ring,
            directory=parts.directory,
            caller=caller,
            now=parts.clock(),
            services={_SERVICE: CLOUDTRAIL_RULES},
        )
        await self._key_uses.note(call.claims, service=_SERVICE, region=call.region, now=call.now)
        targets = [value for name, value in scope["headers"] if name == _TARGET_HEADER]
        if targets != [TARGET.encode()]:
            raise UnknownOperation("The operation is not known.")
        try:
            answer = await self._look_up(call, body)
        except AwsError as refusal:
            parts.metrics.count(_EVENT, refusal.code)
            if isinstance(refusal, AccessDenied):
                await self._record_denial(call, refusal)
            raise
        parts.metrics.count(_EVENT, "ok")
        return answer

    async def _look_up(self, call: VerifiedCall, body: bytes) -> dict[str, Any]:
        check_action_allowed(call.claims, f"{_SERVICE}:LookupEvents")
        question = read_lookup(body)
        found = Listing((), None) if question is None else await self._lookup.lookup_events(call, question)
        return answer_lookup(found, region=self._parts.region)

    async def _record_denial(self, call: VerifiedCall, refusal: AccessDenied) -> None:
        await self._parts.storage.audit.append(
            AuditEvent(
                event_id=self._parts.randomness.uuid(),
                event_time=call.now,
                event_source=f"{_SERVICE}.amazonaws.com",
                event_name="LookupEvents",
                account_id=call.account_id,
                principal_arn=call.claims.principal_arn,
                caller=call.caller,
                error_code=refusal.code,
                detail=caller_detail(call.claims),
            )
        )

    def _refuse(self, failure: AwsError | StorageError, caller: Caller) -> tuple[int, dict[str, str]]:
        if isinstance(failure, StorageError):
            self._log.error(
                "the database did not answer",
                extra={"request_id": caller.request_id, "detail": failure.detail or failure.message},
            )
            failure = StorageFailure("The service is not available. Please try again.")
        if isinstance(failure, AccessRefused):
            failure = with_encoded_message(failure, self._parts.ring, now=self._parts.clock())
        status = failure.status if failure.status >= 500 else 400
        return status, {"__type": _WORDS.get(failure.code, failure.code), "message": failure.message}
