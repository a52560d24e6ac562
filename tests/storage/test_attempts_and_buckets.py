"""Failed sign-ins per key and window; bucket ownership."""

from dataclasses import replace

from daypass.server.ports.storage import Bucket, Storage
from support.storage_records import ACCOUNT_ID, NOW, OTHER_ACCOUNT_ID

KEY, OTHER_KEY = b"k" * 16, b"o" * 16
PHOTOS = Bucket("photos", ACCOUNT_ID, NOW, "eu-west-1")
ARCHIVE = Bucket("archive", ACCOUNT_ID, NOW + 1)
THEIRS = Bucket("theirs", OTHER_ACCOUNT_ID, NOW)


async def test_failures_are_counted_per_key(storage: Storage) -> None:
    attempts = storage.attempts
    assert [await attempts.record_failure(KEY, now=NOW, window=60) for _ in range(3)] == [1, 2, 3]
    assert await attempts.record_failure(OTHER_KEY, now=NOW, window=60) == 1
    assert await attempts.count_attempts(KEY, now=NOW) == 3
    assert await attempts.count_attempts(b"x" * 16, now=NOW) == 0


async def test_the_window_starts_at_the_first_failure_and_is_not_prolonged(storage: Storage) -> None:
    attempts = storage.attempts
    await attempts.record_failure(KEY, now=NOW, window=60)
    await attempts.record_failure(KEY, now=NOW + 59, window=60)
    assert await attempts.count_attempts(KEY, now=NOW + 59) == 2
    assert await attempts.count_attempts(KEY, now=NOW + 60) == 0
    assert await attempts.record_failure(KEY, now=NOW + 60, window=60) == 1
    assert await attempts.count_attempts(KEY, now=NOW + 119) == 1
    assert await attempts.count_attempts(KEY, now=NOW + 120) == 0


async def test_clearing_attempts_clears_one_key(storage: Storage) -> None:
    for key in (KEY, OTHER_KEY):
        await storage.attempts.record_failure(key, now=NOW, window=60)
    await storage.attempts.clear_attempts(KEY)
    assert await storage.attempts.count_attempts(KEY, now=NOW) == 0
    assert await storage.attempts.count_attempts(OTHER_KEY, now=NOW) == 1


async def test_a_bucket_belongs_to_who_claimed_it_first(storage: Storage) -> None:
    buckets = storage.buckets
    for bucket in (PHOTOS, ARCHIVE, THEIRS):
        assert await buckets.claim_bucket(bucket) == bucket
    assert await buckets.claim_bucket(replace(PHOTOS, account_id=OTHER_ACCOUNT_ID, region="x")) == PHOTOS
    assert await buckets.load_bucket("photos") == PHOTOS
    assert await buckets.load_bucket("nothing") is None
    assert await buckets.list_buckets(ACCOUNT_ID) == [ARCHIVE, PHOTOS]
    assert await buckets.list_buckets(OTHER_ACCOUNT_ID) == [THEIRS]


async def test_a_bucket_is_released_by_its_owner_only(storage: Storage) -> None:
    buckets = storage.buckets
    for bucket in (PHOTOS, ARCHIVE, THEIRS):
        await buckets.claim_bucket(bucket)
    await buckets.release_bucket("photos", OTHER_ACCOUNT_ID)
    assert await buckets.load_bucket("photos") == PHOTOS
    await buckets.release_bucket("photos", ACCOUNT_ID)
    assert await buckets.load_bucket("photos") is None
    assert await buckets.list_buckets(ACCOUNT_ID) == [ARCHIVE]
    assert await buckets.list_buckets(OTHER_ACCOUNT_ID) == [THEIRS]
