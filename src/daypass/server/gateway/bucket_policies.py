"""A bucket's policy: written, read, deleted, and whether it is public. Ours alone; the backend never hears of it.

(S3 API reference, PutBucketPolicy, GetBucketPolicy, DeleteBucketPolicy, GetBucketPolicyStatus.) Only the owner's
account may, whatever a policy says of others. What may stand in one is `domain.bucket_policy`'s business.
"""

from daypass.protocol.aws.errors import MalformedPolicyDocument
from daypass.server.domain.bucket_policy import (
    MAX_BUCKET_POLICY_BYTES,
    check_bucket_policy,
    is_public,
    parse_stored_bucket_policy,
)
from daypass.server.gateway.answers import send_document
from daypass.server.gateway.audit_trail import AuditTrail
from daypass.server.gateway.bucket_directory import BucketDirectory
from daypass.server.gateway.errors import (
    EntityTooLarge,
    MalformedPolicy,
    MethodNotAllowed,
    NoSuchBucket,
    NoSuchBucketPolicy,
)
from daypass.server.gateway.exchange import Exchange
from daypass.server.gateway.payload import verified_pieces
from daypass.server.ports.storage import Bucket, BucketStore

__all__ = ["BucketPolicyOperations", "read_bucket_policy"]

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


class BucketPolicyOperations:
    """The four operations. Each raises MethodNotAllowed for a bucket of another account."""

    def __init__(
        self, *, buckets: BucketStore, directory: BucketDirectory, trail: AuditTrail, region: str
    ) -> None:
        self._buckets = buckets
        self._directory = directory
        self._trail = trail
        self._region = region

    async def put(self, exchange: Exchange) -> None:
        """Raises EntityTooLarge, MalformedPolicy, NoSuchBucket."""
        _check_own(exchange)
        name, account_id = exchange.request.bucket, exchange.account_id
        if exchange.payload.length > MAX_BUCKET_POLICY_BYTES:
            raise EntityTooLarge("Your proposed policy exceeds the maximum allowed size of 20 KB")
        pieces = verified_pieces(exchange.payload, exchange.body.pieces(), exchange.proven.signing_key, {})
        text = read_bucket_policy(b"".join([piece async for piece in pieces]), name)
        # A bucket of an adopting account may have no row yet.
        await self._buckets.claim_bucket(Bucket(name, account_id, exchange.question.now, self._region))
        if not await self._buckets.put_bucket_policy(name, account_id, text):
            raise NoSuchBucket("The specified bucket does not exist")
        await self._answer_change(exchange)

    async def get(self, exchange: Exchange) -> None:
        """Raises NoSuchBucketPolicy."""
        text = await self._load(exchange)
        await send_document(
            exchange.send, text.encode(), request_id=exchange.request_id, content_type=b"application/json"
        )

    async def status(self, exchange: Exchange) -> None:
        """Raises NoSuchBucketPolicy."""
        policy = parse_stored_bucket_policy(await self._load(exchange), exchange.request.bucket)
        answer = (
            f'{_XML}<PolicyStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsPublic>{'true' if is_public(policy) else 'false'}</IsPublic></PolicyStatus>"
        )
        await send_document(exchange.send, answer.encode(), request_id=exchange.request_id)

    async def delete(self, exchange: Exchange) -> None:
        """Deleting what is not there is deleting, too."""
        _check_own(exchange)
        await self._buckets.delete_bucket_policy(exchange.request.bucket, exchange.account_id)
        await self._answer_change(exchange)

    async def _load(self, exchange: Exchange) -> str:
        _check_own(exchange)
        text = await self._buckets.load_bucket_policy(exchange.request.bucket)
        if text is None:
            raise NoSuchBucketPolicy("The bucket policy does not exist")
        return text

    async def _answer_change(self, exchange: Exchange) -> None:
        self._directory.forget(exchange.request.bucket)
        await self._trail.record_bucket_change(exchange.attempt, exchange.request.bucket)
        await send_document(exchange.send, b"", request_id=exchange.request_id, status=204)


def _check_own(exchange: Exchange) -> None:
    """Another account may be let in to the objects, never to the rules (S3 API reference: 405)."""
    if exchange.question.buckets[exchange.request.bucket].owner_account_id != exchange.account_id:
        raise MethodNotAllowed("The specified method is not allowed against this resource.")


def read_bucket_policy(document: bytes, bucket: str) -> str:
    """The text, checked to be a policy that speaks of this bucket only. Raises MalformedPolicy."""
    try:
        text = document.decode("utf-8")
        check_bucket_policy(text, bucket)
    except UnicodeDecodeError:
        raise MalformedPolicy("Policies must be valid JSON in UTF-8") from None
    except MalformedPolicyDocument as problem:
        raise MalformedPolicy(problem.message) from problem
    return text
