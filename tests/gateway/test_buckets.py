"""Creating, deleting and listing buckets: the ownership table and the store stay in step."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.gateway_process import run_gateway
from support.raw_s3 import RawS3
from support.seaweedfs import free_ports

pytestmark = pytest.mark.processes


def test_buckets_are_listed_per_account_with_owner_and_date(
    site: Any, new_bucket_name: Callable[[], str]
) -> None:
    alice, mallory = site.client("alice"), site.client("mallory")
    own, other = new_bucket_name(), new_bucket_name()
    alice.create_bucket(Bucket=own)
    mallory.create_bucket(Bucket=other)
    listing = alice.list_buckets()
    names = {entry["Name"]: entry["CreationDate"] for entry in listing["Buckets"]}
    assert own in names
    assert other not in names
    assert names[own].year >= 2024
    assert listing["Owner"]["ID"] == "111122223333"
    page = alice.list_buckets(MaxBuckets=1, Prefix="bucket-")
    assert len(page["Buckets"]) == 1
    rest = alice.list_buckets(ContinuationToken=page["ContinuationToken"], Prefix="bucket-")
    assert page["Buckets"][0]["Name"] not in [entry["Name"] for entry in rest["Buckets"]]


def test_creating_ones_own_bucket_again_is_no_error_in_us_east_1(site: Any, bucket: str) -> None:
    site.client("alice").create_bucket(Bucket=bucket)
    site.client("root").create_bucket(Bucket=bucket)


def test_a_deleted_bucket_is_free_for_others(site: Any, bucket: str) -> None:
    site.client("alice").delete_bucket(Bucket=bucket)
    mallory = site.client("mallory")
    mallory.create_bucket(Bucket=bucket)
    mallory.put_object(Bucket=bucket, Key="k", Body=b"1")
    with pytest.raises(ClientError, match="AccessDenied"):
        site.client("alice").get_object(Bucket=bucket, Key="k")
    assert {event.event_name for event in site.audit_events("DeleteBucket")} == {"DeleteBucket"}
    assert bucket in [event.detail.get("bucketName") for event in site.audit_events("CreateBucket")]


def test_a_bucket_with_objects_is_not_deleted_and_stays_owned(site: Any, bucket: str) -> None:
    s3 = site.client("alice")
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        s3.delete_bucket(Bucket=bucket)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"


def test_a_name_claimed_before_a_crash_is_repaired_by_asking_again(site: Any, bucket: str) -> None:
    site.direct_client().delete_bucket(Bucket=bucket)
    s3 = site.client("alice")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")


def test_deleting_a_bucket_the_store_lost_frees_its_name(site: Any, bucket: str) -> None:
    site.direct_client().delete_bucket(Bucket=bucket)
    with pytest.raises(ClientError, match="NoSuchBucket"):
        site.client("alice").delete_bucket(Bucket=bucket)
    assert bucket not in [entry["Name"] for entry in site.client("alice").list_buckets()["Buckets"]]


@pytest.mark.parametrize("name", ["Upper", "ab", "a..b", "-ab", "192.168.1.1", "a" * 64, ".uploads", "a_b"])
def test_a_name_against_the_rules_is_refused(site: Any, name: str) -> None:
    raw = RawS3(site.gateway.port, site.credentials("alice"))
    answer = raw.ask("PUT", f"/{name}")
    assert (answer.status, answer.code) == (400, "InvalidBucketName")


def test_a_creation_with_a_false_body_claims_nothing(site: Any, new_bucket_name: Callable[[], str]) -> None:
    name = new_bucket_name()
    raw = RawS3(site.gateway.port, site.credentials("alice"))
    assert raw.ask("PUT", f"/{name}", body=b"<a/>", payload_hash="0" * 64).code == "XAmzContentSHA256Mismatch"
    site.client("mallory").create_bucket(Bucket=name)


def test_virtual_host_style_reaches_the_same_bucket(site: Any, bucket: str) -> None:
    raw = RawS3(
        site.gateway.port, site.credentials("alice"), host=f"{bucket}.s3.localhost:{site.gateway.port}"
    )
    assert raw.ask("PUT", "/by/host", body=b"1").status == 200
    assert site.client("alice").get_object(Bucket=bucket, Key="by/host")["Body"].read() == b"1"
    mallory = RawS3(site.gateway.port, site.credentials("mallory"), host=f"{bucket}.s3.localhost")
    assert mallory.ask("GET", "/by/host").code == "AccessDenied"


@pytest.fixture
def adopting(site: Any, tmp_path: Path) -> Iterator[Any]:
    """A second gateway on the same data that gives unowned buckets to alice's account."""
    config = replace(site.config, adopt_unowned_buckets_for="111122223333")
    with run_gateway(config, tmp_path) as gateway:
        yield replace(site, gateway=gateway, config=config)


def test_an_adopting_account_owns_what_the_store_already_had(
    adopting: Any, new_bucket_name: Callable[[], str]
) -> None:
    old = new_bucket_name()
    adopting.direct_client().create_bucket(Bucket=old)
    adopting.direct_client().put_object(Bucket=old, Key="k", Body=b"kept")
    alice = adopting.client("alice")
    assert alice.get_object(Bucket=old, Key="k")["Body"].read() == b"kept"
    with pytest.raises(ClientError, match="AccessDenied"):
        adopting.client("mallory").get_object(Bucket=old, Key="k")
    assert old in [entry["Name"] for entry in alice.list_buckets()["Buckets"]]
    with pytest.raises(ClientError, match="NoSuchBucket"):
        alice.get_object(Bucket=new_bucket_name(), Key="k")


def test_without_a_backend_every_call_is_503_and_a_creation_claims_nothing(
    site: Any, bucket: str, new_bucket_name: Callable[[], str], tmp_path: Path
) -> None:
    config = replace(site.config, backend_url=f"http://127.0.0.1:{free_ports(1)[0]}")
    with run_gateway(config, tmp_path) as gateway:
        raw = RawS3(gateway.port, site.credentials("alice"))
        for method, target in (
            ("GET", f"/{bucket}/k"),
            ("PUT", f"/{bucket}/k"),
            ("PUT", f"/{new_bucket_name()}"),
        ):
            answer = raw.ask(method, target)
            assert (answer.status, answer.code) == (503, "ServiceUnavailable")
        answer = raw.ask("PUT", f"/{bucket}/k", body=b"x" * 500_000)
        assert (answer.status, answer.code) == (503, "ServiceUnavailable")
        assert raw.ask("GET", "/").status == 200
