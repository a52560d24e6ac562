"""A bucket's policy belongs to the bucket's owner and lives no longer than the bucket."""

from daypass.server.ports.storage import Bucket, Storage
from support.storage_records import ACCOUNT_ID, NOW, OTHER_ACCOUNT_ID

PHOTOS = Bucket("photos", ACCOUNT_ID, NOW)
FIRST, SECOND = '{"Version":"2012-10-17"}', '{"Version":"2008-10-17","Id":"\u00fc\u2028"}'


async def test_a_policy_is_written_replaced_and_deleted_by_the_owner(storage: Storage) -> None:
    buckets = storage.buckets
    await buckets.claim_bucket(PHOTOS)
    assert await buckets.load_bucket_policy("photos") is None
    assert await buckets.put_bucket_policy("photos", ACCOUNT_ID, FIRST) is True
    assert await buckets.load_bucket_policy("photos") == FIRST
    assert await buckets.put_bucket_policy("photos", ACCOUNT_ID, SECOND) is True
    assert await buckets.load_bucket_policy("photos") == SECOND
    await buckets.delete_bucket_policy("photos", ACCOUNT_ID)
    await buckets.delete_bucket_policy("photos", ACCOUNT_ID)
    assert await buckets.load_bucket_policy("photos") is None


async def test_nobody_else_writes_or_deletes_it(storage: Storage) -> None:
    buckets = storage.buckets
    assert await buckets.put_bucket_policy("photos", ACCOUNT_ID, FIRST) is False
    await buckets.claim_bucket(PHOTOS)
    assert await buckets.put_bucket_policy("photos", OTHER_ACCOUNT_ID, FIRST) is False
    assert await buckets.load_bucket_policy("photos") is None
    await buckets.put_bucket_policy("photos", ACCOUNT_ID, FIRST)
    assert await buckets.put_bucket_policy("photos", OTHER_ACCOUNT_ID, SECOND) is False
    await buckets.delete_bucket_policy("photos", OTHER_ACCOUNT_ID)
    assert await buckets.load_bucket_policy("photos") == FIRST


async def test_a_released_bucket_leaves_no_policy_to_its_next_owner(storage: Storage) -> None:
    buckets = storage.buckets
    await buckets.claim_bucket(PHOTOS)
    await buckets.put_bucket_policy("photos", ACCOUNT_ID, FIRST)
    await buckets.release_bucket("photos", OTHER_ACCOUNT_ID)
    assert await buckets.load_bucket_policy("photos") == FIRST
    await buckets.release_bucket("photos", ACCOUNT_ID)
    await buckets.claim_bucket(Bucket("photos", OTHER_ACCOUNT_ID, NOW))
    assert await buckets.load_bucket_policy("photos") is None
