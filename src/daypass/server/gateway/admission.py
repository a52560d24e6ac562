"""From a request on the wire to one that may be carried out: the order of checks, in one list.

Signature, then meaning, then owner, then policy, then what the body must be. Nothing here speaks to the
backend, and nothing behind here asks "may I" again, except DeleteObjects for the keys in its body.
"""

from dataclasses import replace

from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import AwsError
from daypass.protocol.aws.sigv4 import WireRequest
from daypass.server.domain.caller_credentials import ancestors_of, check_ancestor_lives, check_login_lives
from daypass.server.domain.key_ring import KeyRing
from daypass.server.flows.open_credentials import KeyUses
from daypass.server.gateway.asgi import ClientBody, Send
from daypass.server.gateway.attempt import Attempt
from daypass.server.gateway.authorize import (
    Question,
    check_expected_owners,
    check_permissions,
    load_buckets,
    load_principal,
)
from daypass.server.gateway.bucket_directory import BucketDirectory
from daypass.server.gateway.errors import in_s3_words
from daypass.server.gateway.exchange import Exchange
from daypass.server.gateway.operation import Operation, identify_operation
from daypass.server.gateway.payload import check_empty_payload, read_payload
from daypass.server.gateway.request import GatewayRequest, read_request
from daypass.server.gateway.verify import Proven, authenticate
from daypass.server.ports.clock import Clock
from daypass.server.ports.principals import PrincipalDirectory

__all__ = ["Admission"]


class Admission:
    """Decides whether a request may go on, and as what."""

    def __init__(
        self,
        *,
        bucket_directory: BucketDirectory,
        ring: KeyRing,
        directory: PrincipalDirectory,
        key_uses: KeyUses,
        clock: Clock,
        region: str,
        virtual_host_suffix: str | None,
    ) -> None:
        self._bucket_directory = bucket_directory
        self._ring = ring
        self._directory = directory
        self._key_uses = key_uses
        self._clock = clock
        self._region = region
        self._virtual_host_suffix = virtual_host_suffix

    async def admit(self, wire: WireRequest, body: ClientBody, send: Send, attempt: Attempt) -> Exchange:
        """Raises AwsError (and StorageError); fills `attempt` as far as it comes. The body stays unread."""
        now = self._clock()
        proven = await authenticate(wire, ring=self._ring, directory=self._directory, now=now)
        attempt.claims = proven.claims
        request = read_request(wire, virtual_host_suffix=self._virtual_host_suffix)
        attempt.resource = request.resource
        operation = identify_operation(request)
        attempt.operation_name = operation.name
        question = await self._ask(request, operation, proven, attempt, now)
        payload = read_payload(proven.claimed_payload, request.headers, body=operation.body)
        if payload.is_empty:
            check_empty_payload(payload)
        return Exchange(request, operation, proven, payload, question, body, send, attempt)

    async def _ask(
        self, request: GatewayRequest, operation: Operation, proven: Proven, attempt: Attempt, now: int
    ) -> Question:
        """Ownership and policy. Raises Denied, NoSuchBucket, InvalidAccessKeyId."""
        principal = await load_principal(self._directory, proven.claims)
        try:
            check_login_lives(principal, proven.claims)
            for ancestor in ancestors_of(proven.claims):
                check_ancestor_lives(await self._directory.load(*ancestor), proven.claims)
        except AwsError as ended:
            raise in_s3_words(ended, has_session_token=True) from ended
        await self._key_uses.note(proven.claims, service="s3", region=self._region, now=now)
        claims = proven.claims
        question = Question(
            principal,
            claims,
            attempt.caller,
            now,
            self._region,
            {**operation.condition_values, **_signature_conditions(proven, now)},
            await self._directory.load_session_policies(claims.account_id, claims.scope),
        )
        question = replace(
            question, buckets=await load_buckets(question, request, operation, self._bucket_directory)
        )
        check_expected_owners(question, request, operation)
        check_permissions(question, operation.permissions)
        return question


def _signature_conditions(proven: Proven, now: int) -> dict[str, ConditionValue]:
    """Service Authorization Reference, S3: s3:authType, s3:signatureAge (milliseconds), s3:signatureversion."""
    return {
        "s3:authType": "REST-QUERY-STRING" if proven.is_presigned else "REST-HEADER",
        "s3:signatureAge": str(max(0, now - proven.signed_at) * 1000),
        "s3:signatureversion": "AWS4-HMAC-SHA256",
    }
