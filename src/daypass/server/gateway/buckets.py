"""Buckets themselves: creating, deleting and listing them. Our table says who owns what; the backend holds them.

The order keeps both in step across a crash: a name is claimed before the backend hears of it and released
after the backend forgot it, so at worst (a crash, an answer that never came) a name stays claimed by the
account that asked for it, and asking again repairs it. A bucket that the backend already had is never taken
over by a claim.
"""

import aiohttp

from daypass.protocol.aws.errors import AwsError
from daypass.server.gateway.answers import relay_answer, send_document
from daypass.server.gateway.audit_trail import AuditTrail
from daypass.server.gateway.backend import Backend
from daypass.server.gateway.bucket_listing import build_bucket_listing, parse_bucket_names
from daypass.server.gateway.bucket_policies import BucketPolicyOperations
from daypass.server.gateway.connection import BackendConnections
from daypass.server.gateway.errors import (
    BackendUnreachable,
    BucketAlreadyExists,
    BucketAlreadyOwnedByYou,
    ServiceUnavailable,
)
from daypass.server.gateway.exchange import Exchange
from daypass.server.gateway.request import GatewayRequest
from daypass.server.gateway.resign import resign
from daypass.server.gateway.stream import open_transfer
from daypass.server.ports.storage import Bucket, BucketStore

__all__ = ["BucketOperations"]

_LEGACY_REGION = "us-east-1"
"""Where creating one's own bucket again is answered with success (S3 API reference, CreateBucket)."""
_MAX_LISTING_BYTES = 16 * 1024 * 1024


class BucketOperations:
    """The three operations that read or write the ownership table."""

    def __init__(
        self,
        *,
        buckets: BucketStore,
        backend: Backend,
        connections: BackendConnections,
        trail: AuditTrail,
        region: str,
        adopt_unowned_buckets_for: str | None,
        policies: BucketPolicyOperations,
    ) -> None:
        self._buckets = buckets
        self._backend = backend
        self._connections = connections
        self._trail = trail
        self._region = region
        self._adopting_account = adopt_unowned_buckets_for
        self.policies = policies
        """What buckets' policies are written and read by."""

    async def create_bucket(self, exchange: Exchange) -> None:
        """Raises BucketAlreadyExists, BucketAlreadyOwnedByYou, ServiceUnavailable."""
        name, account_id = exchange.request.bucket, exchange.account_id
        is_new = await self._buckets.load_bucket(name) is None
        if is_new:
            await self._check_is_not_taken(exchange)
        claimed = Bucket(name, account_id, exchange.question.now, self._region)
        if (await self._buckets.claim_bucket(claimed)).account_id != account_id:
            raise _name_is_taken()
        try:
            response = await open_transfer(exchange, backend=self._backend, connections=self._connections)
        except AwsError as failure:
            if is_new and (
                not isinstance(failure, ServiceUnavailable) or isinstance(failure, BackendUnreachable)
            ):
                await self._buckets.release_bucket(name, account_id)
            raise
        await self._answer_creation(exchange, response, is_new=is_new)

    async def _check_is_not_taken(self, exchange: Exchange) -> None:
        """Before the claim: a bucket the backend has and nobody owns must not be anybody's for an instant."""
        if exchange.account_id != self._adopting_account and await self._backend_has(exchange):
            raise _name_is_taken()

    async def _backend_has(self, exchange: Exchange) -> bool:
        question = GatewayRequest("HEAD", exchange.request.bucket, "", {}, {})
        signed = resign(question, {}, backend=self._backend, now=exchange.question.now)
        response = await self._connections.send(signed)
        response.close()
        if response.status == 404:
            return False
        if response.status >= 500:
            raise ServiceUnavailable("Please reduce your request rate.", detail=f"backend: {response.status}")
        return True

    async def _answer_creation(
        self, exchange: Exchange, response: aiohttp.ClientResponse, *, is_new: bool
    ) -> None:
        name = exchange.request.bucket
        if response.status == 409 and not is_new:
            response.close()
            if self._region != _LEGACY_REGION:
                raise BucketAlreadyOwnedByYou(
                    "Your previous request to create the named bucket succeeded and you already own it."
                )
            await send_document(exchange.send, b"", request_id=exchange.request_id, location=f"/{name}")
            return
        if response.status == 200:
            await self._trail.record_bucket_change(exchange.attempt, name)
        if is_new and 400 <= response.status < 500 and response.status != 409:
            await self._buckets.release_bucket(name, exchange.account_id)
        await relay_answer(response, exchange.send, exchange.body)

    async def delete_bucket(self, exchange: Exchange) -> None:
        """Release the name once the backend has deleted the bucket, or never had it."""
        response = await open_transfer(exchange, backend=self._backend, connections=self._connections)
        if response.status in (200, 204, 404):
            name = exchange.request.bucket
            owner = exchange.question.buckets[name].owner_account_id
            await self._buckets.release_bucket(name, owner)
            await self._trail.record_bucket_change(exchange.attempt, exchange.request.bucket)
        await relay_answer(response, exchange.send, exchange.body)

    async def list_buckets(self, exchange: Exchange) -> None:
        """Answer from the table."""
        if exchange.account_id == self._adopting_account:
            await self._adopt_unowned(exchange)
        buckets = await self._buckets.list_buckets(exchange.account_id)
        document = build_bucket_listing(buckets, exchange.account_id, exchange.request.parameters)
        await send_document(exchange.send, document, request_id=exchange.request_id)

    async def _adopt_unowned(self, exchange: Exchange) -> None:
        """Give every bucket of the backend that nobody owns to the adopting account."""
        listing = GatewayRequest("GET", "", "", {}, {})
        signed = resign(listing, {}, backend=self._backend, now=exchange.question.now)
        response = await self._connections.send(signed)
        try:
            document = await response.content.read(_MAX_LISTING_BYTES) if response.status == 200 else b""
        finally:
            response.close()
        for name, created_at in parse_bucket_names(document):
            await self._buckets.claim_bucket(Bucket(name, exchange.account_id, created_at, self._region))


def _name_is_taken() -> BucketAlreadyExists:
    return BucketAlreadyExists("The requested bucket name is not available. Please try again.")
