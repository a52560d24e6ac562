"""What is remembered of a bucket's policy, for how long, and what never is."""

import pytest

from daypass.policy.decision import Effect
from daypass.server.domain.bucket_policy import is_public
from daypass.server.gateway.bucket_directory import BucketDirectory
from daypass.server.gateway.bucket_policies import read_bucket_policy
from daypass.server.gateway.errors import MalformedPolicy
from daypass.server.ports.storage import Bucket

ACCOUNT, OTHER = "111122223333", "444455556666"
NOW = 1_900_000_000


def _policy(effect: str = "Allow", principal: str = '"*"', more: str = "") -> str:
    return (
        f'{{"Statement":{{"Effect":"{effect}","Principal":{principal},"Action":"s3:GetObject",'
        f'"Resource":"arn:aws:s3:::photos/*"{more}}}}}'
    )


class Buckets:
    """`ports.storage.BucketStore`, as far as it is read; counts the reads of policies."""

    def __init__(self) -> None:
        self.row: Bucket | None = Bucket("photos", ACCOUNT, NOW)
        self.text: str | None = None
        self.reads = 0

    async def load_bucket(self, name: str) -> Bucket | None:
        return self.row

    async def load_bucket_policy(self, name: str) -> str | None:
        self.reads += 1
        return self.text

    async def claim_bucket(self, bucket: Bucket) -> Bucket:
        raise NotImplementedError

    async def list_buckets(self, account_id: str) -> list[Bucket]:
        raise NotImplementedError

    async def release_bucket(self, name: str, account_id: str) -> None:
        raise NotImplementedError

    async def put_bucket_policy(self, name: str, account_id: str, document: str) -> bool:
        raise NotImplementedError

    async def delete_bucket_policy(self, name: str, account_id: str) -> None:
        raise NotImplementedError


async def test_a_policy_is_read_once_a_second_and_parsed_once_per_text() -> None:
    buckets = Buckets()
    buckets.text = _policy()
    directory = BucketDirectory(buckets, adopting_account=None)
    found = [await directory.find("photos", now=NOW) for _ in range(3)]
    assert buckets.reads == 1
    later = await directory.find("photos", now=NOW + 1)
    assert buckets.reads == 2
    assert later is not None
    assert all(each is not None and each.policy is later.policy for each in found)
    buckets.text = _policy("Deny")
    changed = await directory.find("photos", now=NOW + 2)
    assert changed is not None
    assert changed.policy is not None
    assert changed.policy.statements[0].effect is Effect.EXPLICIT_DENY


async def test_what_was_changed_here_is_read_at_once() -> None:
    buckets = Buckets()
    directory = BucketDirectory(buckets, adopting_account=None)
    before = await directory.find("photos", now=NOW)
    buckets.text = _policy()
    directory.forget("photos")
    after = await directory.find("photos", now=NOW)
    assert before is not None
    assert after is not None
    assert (before.policy is None, after.policy is None) == (True, False)


async def test_a_bucket_of_the_next_owner_has_nothing_of_the_last_one_s() -> None:
    buckets = Buckets()
    buckets.text = _policy()
    directory = BucketDirectory(buckets, adopting_account=None)
    await directory.find("photos", now=NOW)
    buckets.row, buckets.text = Bucket("photos", OTHER, NOW), None
    found = await directory.find("photos", now=NOW)
    assert found is not None
    assert (found.owner_account_id, found.policy) == (OTHER, None)


async def test_a_stored_text_that_cannot_be_read_denies_everything() -> None:
    buckets = Buckets()
    buckets.text = "{"
    found = await BucketDirectory(buckets, adopting_account=None).find("photos", now=NOW)
    assert found is not None
    assert found.policy is not None
    (statement,) = found.policy.statements
    assert statement.effect is Effect.EXPLICIT_DENY
    assert statement.covers_action("s3:anything")


async def test_what_is_in_no_table_is_the_adopting_account_s_or_nobody_s() -> None:
    buckets = Buckets()
    buckets.row = None
    assert await BucketDirectory(buckets, adopting_account=None).find("photos", now=NOW) is None
    found = await BucketDirectory(buckets, adopting_account=OTHER).find("photos", now=NOW)
    assert found is not None
    assert (found.owner_account_id, found.policy, buckets.reads) == (OTHER, None, 0)


@pytest.mark.parametrize(
    "text, expected",
    [
        (_policy(), True),
        (_policy(principal='{"AWS":["111122223333","*"]}'), True),
        (_policy("Deny"), False),
        (_policy(principal='{"AWS":"111122223333"}'), False),
        (_policy(more=',"Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}'), False),
        (_policy(more=',"Condition":{"Bool":{"aws:SecureTransport":"true"}}'), True),
    ],
)
async def test_public_is_what_everybody_may_wherever_they_are(text: str, expected: bool) -> None:
    buckets = Buckets()
    buckets.text = text
    found = await BucketDirectory(buckets, adopting_account=None).find("photos", now=NOW)
    assert found is not None
    assert found.policy is not None
    assert is_public(found.policy) is expected


@pytest.mark.parametrize("document", [b"\xff{}", b"", b"[]", b"{}", b'{"Statement":[]}', b'{"Statement":1}'])
def test_what_is_no_policy_is_refused(document: bytes) -> None:
    with pytest.raises(MalformedPolicy):
        read_bucket_policy(document, "photos")


@pytest.mark.parametrize(
    "resource, is_own",
    [
        ("arn:aws:s3:::photos", True),
        ("arn:aws:s3:::photos/*", True),
        ("arn:aws:s3:::photos/${aws:username}/?", True),
        ("arn:aws:s3:::photos*", False),
        ("arn:aws:s3:::phot?s/x", False),
        ("arn:aws:s3:::*", False),
        ("*", False),
    ],
)
def test_a_policy_speaks_of_its_own_bucket_only(resource: str, is_own: bool) -> None:
    for element in ("Resource", "NotResource"):
        text = _policy("Deny").replace('"Resource":"arn:aws:s3:::photos/*"', f'"{element}":["{resource}"]')
        if is_own:
            assert read_bucket_policy(text.encode(), "photos") == text
        else:
            with pytest.raises(MalformedPolicy):
                read_bucket_policy(text.encode(), "photos")
