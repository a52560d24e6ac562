"""Whose bucket it is and what its policy says, as every request asks it.

The owner is read on every request; the policy at most once a second, and parsed once per text, because the policy
engine remembers what it learns about the object. A policy is remembered for one bucket of one owner, so a name that
changes hands takes nothing along.
"""

from collections import OrderedDict
from dataclasses import dataclass

from daypass.policy.document import PolicyDocument
from daypass.server.domain.bucket_policy import parse_stored_bucket_policy
from daypass.server.ports.storage import Bucket, BucketStore

__all__ = ["BucketDirectory", "OwnedBucket"]

_CAPACITY = 10_000


@dataclass(frozen=True, slots=True)
class OwnedBucket:
    """A bucket that is somebody's."""

    owner_account_id: str
    policy: PolicyDocument | None


@dataclass(frozen=True, slots=True)
class _Kept:
    second: int
    text: str | None
    document: PolicyDocument | None


class BucketDirectory:
    """For one event loop. `adopting_account` owns what is in no table, or nobody does when it is None."""

    def __init__(self, buckets: BucketStore, *, adopting_account: str | None) -> None:
        self._buckets = buckets
        self._adopting_account = adopting_account
        self._kept: OrderedDict[Bucket, _Kept] = OrderedDict()

    async def find(self, name: str, *, now: int) -> OwnedBucket | None:
        """None for a bucket nobody owns. `now` in epoch seconds. Raises StorageError."""
        row = await self._buckets.load_bucket(name)
        if row is not None:
            return OwnedBucket(row.account_id, await self._policy(row, now))
        return None if self._adopting_account is None else OwnedBucket(self._adopting_account, None)

    def forget(self, name: str) -> None:
        """Have the next request read the policy anew: it was changed here."""
        for row in [row for row in self._kept if row.name == name]:
            del self._kept[row]

    async def _policy(self, row: Bucket, now: int) -> PolicyDocument | None:
        kept = self._kept.get(row)
        if kept is None or kept.second != now:
            text = await self._buckets.load_bucket_policy(row.name)
            if kept is None or kept.text != text:
                document = None if text is None else parse_stored_bucket_policy(text, row.name)
            else:
                document = kept.document
            kept = self._kept[row] = _Kept(now, text, document)
        self._kept.move_to_end(row)
        if len(self._kept) > _CAPACITY:
            self._kept.popitem(last=False)
        return kept.document
