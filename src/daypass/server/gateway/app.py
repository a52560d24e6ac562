"""The gateway as one ASGI app: the only place where its parts are put together.

Admission decides, an operation carries out. Every refusal becomes S3 XML here, and only here; what is not
one of our refusals is a bug and goes up to the outermost app.
"""

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import replace

from daypass.errors import StorageError
from daypass.protocol.aws.errors import AwsError
from daypass.server.domain.access_refusal import AccessRefused
from daypass.server.domain.audit import CALLER_KEY, Caller
from daypass.server.domain.authorization_message import with_encoded_message
from daypass.server.domain.key_ring import KeyRing
from daypass.server.flows.open_credentials import KeyUses
from daypass.server.gateway.admission import Admission
from daypass.server.gateway.answers import AnswerCut, send_refusal
from daypass.server.gateway.asgi import ClientBody, ClientGone, Receive, Scope, Send
from daypass.server.gateway.attempt import Attempt
from daypass.server.gateway.audit_trail import AuditTrail
from daypass.server.gateway.authorize import Denied
from daypass.server.gateway.backend import Backend
from daypass.server.gateway.bucket_directory import BucketDirectory
from daypass.server.gateway.bucket_policies import BucketPolicyOperations
from daypass.server.gateway.buckets import BucketOperations
from daypass.server.gateway.connection import BackendConnections
from daypass.server.gateway.delete_objects import delete_objects
from daypass.server.gateway.errors import ServiceUnavailable
from daypass.server.gateway.exchange import Exchange
from daypass.server.gateway.request import read_wire_request
from daypass.server.gateway.stream import forward
from daypass.server.ports.clock import Clock
from daypass.server.ports.metrics import Metrics
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.relay import RELAY
from daypass.server.ports.storage import Storage

__all__ = ["Backend", "GatewayApp", "build_gateway_app"]


class GatewayApp:
    """`await app(scope, receive, send)` for `http` scopes; `await app.close()` ends its backend connections."""

    def __init__(
        self,
        *,
        admission: Admission,
        bucket_operations: BucketOperations,
        backend: Backend,
        connections: BackendConnections,
        trail: AuditTrail,
        metrics: Metrics,
        log: logging.Logger,
        encode: Callable[[AccessRefused], AwsError],
    ) -> None:
        self._admission = admission
        self._bucket_operations = bucket_operations
        self._backend = backend
        self._connections = connections
        self._trail = trail
        self._metrics = metrics
        self._log = log
        self._encode = encode

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started_at = time.perf_counter()
        body = ClientBody(receive, scope["headers"])
        wire = read_wire_request(scope)
        attempt = Attempt(_caller(scope), wire.raw_path)
        outcome = "ok"
        try:
            exchange = await self._admission.admit(wire, body, send, attempt)
            await self._carry_out(replace(exchange, takes_relay=RELAY in scope.get("extensions", ())))
        except ClientGone:
            outcome = "client_gone"
        except AnswerCut as cut:
            outcome = "answer_cut"
            self._log.warning("backend broke off during %s: %s", attempt.operation_name, cut)
        except (AwsError, StorageError) as failure:
            refusal = await self._note_refusal(failure, attempt)
            outcome = refusal.code
            await send_refusal(
                send,
                refusal,
                resource=attempt.resource,
                request_id=attempt.caller.request_id,
                body=body,
                expects_continue=any(name == b"expect" for name, _ in scope["headers"]),
            )
        self._metrics.count(f"s3.{attempt.operation_name}", outcome)
        self._metrics.observe(f"s3.{attempt.operation_name}", time.perf_counter() - started_at)

    async def _carry_out(self, exchange: Exchange) -> None:
        match exchange.operation.name:
            case "ListBuckets":
                await self._bucket_operations.list_buckets(exchange)
            case "CreateBucket":
                await self._bucket_operations.create_bucket(exchange)
            case "DeleteBucket":
                await self._bucket_operations.delete_bucket(exchange)
            case "GetBucketPolicy":
                await self._bucket_operations.policies.get(exchange)
            case "GetBucketPolicyStatus":
                await self._bucket_operations.policies.status(exchange)
            case "PutBucketPolicy":
                await self._bucket_operations.policies.put(exchange)
            case "DeleteBucketPolicy":
                await self._bucket_operations.policies.delete(exchange)
            case "DeleteObjects":
                await delete_objects(exchange, backend=self._backend, connections=self._connections)
            case _:
                await forward(exchange, backend=self._backend, connections=self._connections)

    async def _note_refusal(self, failure: AwsError | StorageError, attempt: Attempt) -> AwsError:
        """Audit a denial, log a fault, and say it in words for the caller."""
        if isinstance(failure, Denied):
            await self._trail.record_denial(attempt, failure)
            if failure.request is not None:
                return self._encode(
                    AccessRefused(failure.message, detail=failure.detail, request=failure.request)
                )
        if isinstance(failure, StorageError):
            self._log.error("storage failed during %s: %s", attempt.operation_name, failure.detail)
            return ServiceUnavailable("Service is unable to handle request.")
        if failure.status >= 500:
            self._log.error("%s during %s: %s", failure.code, attempt.operation_name, failure.detail)
        return failure

    async def close(self) -> None:
        """Close the backend connections. The app is not used afterwards."""
        await self._connections.close()


def _caller(scope: Scope) -> Caller:
    caller = scope.get(CALLER_KEY)
    if isinstance(caller, Caller):
        return caller
    agent = next((value for name, value in scope["headers"] if name == b"user-agent"), b"")
    return Caller(
        request_id=str(uuid.uuid4()),
        source_ip=scope["client"][0] if scope.get("client") else "",
        user_agent=agent.decode("latin-1")[:256],
        is_secure=scope.get("scheme") == "https",
    )


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
    connections = BackendConnections()
    trail = AuditTrail(audit=storage.audit, clock=clock, log=log)
    bucket_directory = BucketDirectory(storage.buckets, adopting_account=adopt_unowned_buckets_for)
    admission = Admission(
        bucket_directory=bucket_directory,
        ring=ring,
        directory=directory,
        key_uses=KeyUses(storage.access_keys),
        clock=clock,
        region=region,
        virtual_host_suffix=virtual_host_suffix,
    )
    bucket_operations = BucketOperations(
        buckets=storage.buckets,
        backend=backend,
        connections=connections,
        trail=trail,
        region=region,
        adopt_unowned_buckets_for=adopt_unowned_buckets_for,
        policies=BucketPolicyOperations(
            buckets=storage.buckets, directory=bucket_directory, trail=trail, region=region
        ),
    )
    return GatewayApp(
        admission=admission,
        bucket_operations=bucket_operations,
        backend=backend,
        connections=connections,
        trail=trail,
        metrics=metrics,
        log=log,
        encode=lambda refusal: with_encoded_message(refusal, ring, now=clock()),
    )
