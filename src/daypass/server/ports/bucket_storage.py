"""The storage contract for buckets: which account owns one at the gateway, and what policy it gave it.

Rules are those of `ports.storage`. A policy never outlives its bucket's ownership.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Bucket", "BucketStore"]


@dataclass(frozen=True, slots=True)
class Bucket:
    """Which account owns a bucket at the gateway."""

    name: str
    account_id: str
    created_at: int
    region: str = "us-east-1"


class BucketStore(Protocol):
    """Bucket ownership."""

    async def claim_bucket(self, bucket: Bucket) -> Bucket:
        """Insert unless owned; returns the row as it now stands (the caller compares the owner)."""
        ...

    async def load_bucket(self, name: str) -> Bucket | None: ...

    async def list_buckets(self, account_id: str) -> Sequence[Bucket]:
        """In name order."""
        ...

    async def release_bucket(self, name: str, account_id: str) -> None:
        """Forget the bucket, and its policy with it, if this account owns it."""
        ...

    async def put_bucket_policy(self, name: str, account_id: str, document: str) -> bool:
        """Write or replace. False, and nothing written, unless this account owns the bucket."""
        ...

    async def load_bucket_policy(self, name: str) -> str | None: ...

    async def delete_bucket_policy(self, name: str, account_id: str) -> None:
        """Forget the policy if this account owns the bucket."""
        ...
