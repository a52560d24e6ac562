"""STS, IAM and the sign-in service's own actions on one origin: `POST /` and the signed `GET /`, told apart by the signature's scope.

    body → authenticate (query_authentication.py) → Action → table row (sts.py, iam.py) → flow → XML

The two actions that carry an identity provider's proof instead of a signature go past `authenticate`: their flows
take an `UnsignedCall`, and a signature that some tool adds is not looked at.

Bare ASGI, because GetCallerIdentity is what every tool calls first. Which actions exist stands in the
tables; nothing here knows one of them. How a call is performed and recorded stands in `audited_calls.py`.
(AWS Query Protocol)
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from daypass.errors import StorageError
from daypass.protocol.aws.errors import AwsError
from daypass.protocol.aws.query import build_response_xml
from daypass.server.domain.access_refusal import AccessRefused
from daypass.server.domain.audit import CALLER_KEY, Caller
from daypass.server.domain.authorization_message import with_encoded_message
from daypass.server.domain.unsigned_call import UnsignedCall
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.open_credentials import KeyUses
from daypass.server.web.audited_calls import AuditedCalls
from daypass.server.web.aws_errors import StorageFailure, build_query_refusal
from daypass.server.web.iam import build_iam_operations
from daypass.server.web.query_audit import QueryAudit
from daypass.server.web.query_authentication import authenticate
from daypass.server.web.query_request import Receive, Scope, read_body, read_parameters, wants
from daypass.server.web.query_services import QueryService, iam_service, signin_service, sts_service
from daypass.server.web.sign_in_parts import SignInParts
from daypass.server.web.signin_operations import build_signin_operations
from daypass.server.web.sts import build_sts_operations

__all__ = ["build_query_app", "wants"]

_UNSIGNED_MARK = b"AssumeRoleWith"

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def build_query_app(parts: SignInParts, log: logging.Logger) -> AsgiApp:
    """The ASGI application for everything that `wants` claims. The outermost app adds x-amzn-RequestId."""
    sts = build_sts_operations(
        storage=parts.storage,
        ring=parts.ring,
        randomness=parts.randomness,
        saml=parts.saml,
        oidc=parts.oidc,
        external_url=parts.external_url,
        alternate_urls=parts.alternate_urls,
    )
    iam = build_iam_operations(
        storage=parts.storage,
        ring=parts.ring,
        hasher=parts.hasher,
        randomness=parts.randomness,
        saml=parts.saml,
        judge=parts.judge,
        issuer=parts.external_url,
    )
    signin = build_signin_operations(storage=parts.storage, ring=parts.ring)
    services = {"sts": sts_service(sts), "iam": iam_service(iam), "signin": signin_service(signin)}
    return _QueryApp(services, parts, log)


class _QueryApp:
    """One request in, one XML answer out."""

    def __init__(self, services: Mapping[str, QueryService], parts: SignInParts, log: logging.Logger) -> None:
        self._services = services
        audit = QueryAudit(parts.storage.audit, parts.randomness)
        self._calls = AuditedCalls(audit, parts.directory, parts.metrics)
        self._key_uses = KeyUses(parts.storage.access_keys)
        self._ring = parts.ring
        self._directory = parts.directory
        self._clock = parts.clock
        self._metrics = parts.metrics
        self._log = log
        self._region = parts.region
        """What policies see of a request without a signature's scope."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller: Caller = scope[CALLER_KEY]
        service = self._services["sts"]
        try:
            body = await read_body(receive)
            if body is None:
                return  # the peer has gone
            call: VerifiedCall | UnsignedCall
            if self._needs_no_signature(service, scope, body):
                call = UnsignedCall(caller, self._clock(), self._region)
            else:
                service, call = await self._authenticate(scope, body, caller)
            status, answer = 200, await self._perform(service, call, read_parameters(scope, body))
        except (AwsError, StorageError) as failure:
            status, answer = self._refuse(failure, service, caller)
        headers = [
            (b"content-type", b"text/xml"),
            (b"content-length", b"%d" % len(answer)),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    @staticmethod
    def _needs_no_signature(sts: QueryService, scope: Scope, body: bytes) -> bool:
        """Whether the proof is in the parameters. Those of other requests are not parsed before they authenticate."""
        if _UNSIGNED_MARK not in body and _UNSIGNED_MARK not in scope["query_string"]:
            return False
        return read_parameters(scope, body).get("Action") in sts.unsigned

    async def _authenticate(
        self, scope: Scope, body: bytes, caller: Caller
    ) -> tuple[QueryService, VerifiedCall]:
        try:
            name, call = await authenticate(
                scope,
                body,
                ring=self._ring,
                directory=self._directory,
                caller=caller,
                now=self._clock(),
            )
        except AwsError as refusal:
            self._metrics.count("query.authentication", refusal.code)
            raise
        await self._key_uses.note(call.claims, service=name, region=call.region, now=call.now)
        return self._services[name], call

    async def _perform(
        self, service: QueryService, call: VerifiedCall | UnsignedCall, parameters: Mapping[str, str]
    ) -> bytes:
        action, operation = service.find_operation(parameters)
        result = await self._calls.perform(
            call, operation, event=(service.name, action), parameters=parameters
        )
        members = None if operation.answer is None else operation.answer(result)
        return build_response_xml(action, service.namespace, members, call.caller.request_id)

    def _refuse(
        self, failure: AwsError | StorageError, service: QueryService, caller: Caller
    ) -> tuple[int, bytes]:
        if isinstance(failure, StorageError):
            self._log.error(
                "the database did not answer",
                extra={"request_id": caller.request_id, "detail": failure.detail or failure.message},
            )
            failure = StorageFailure("The service is not available. Please try again.")
        else:
            self._log.info(
                "refused",
                extra={"request_id": caller.request_id, "code": failure.code, "detail": failure.detail},
            )
        if isinstance(failure, AccessRefused):
            failure = with_encoded_message(failure, self._ring, now=self._clock())
        return build_query_refusal(failure, request_id=caller.request_id, namespace=service.namespace)
