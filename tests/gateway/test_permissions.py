"""Whose bucket it is, and what policy allows: asked for every object a request touches, before the backend."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.raw_s3 import RawS3

pytestmark = pytest.mark.processes


def _refusal(call: Any, **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    response = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


DENIED = ("AccessDenied", 403)


@pytest.fixture(scope="module")
def shared(site: Any) -> str:
    """One stocked bucket for all requests that are refused before anything is touched."""
    name = f"shared-{secrets.token_hex(6)}"
    site.client("alice").create_bucket(Bucket=name)
    return _stock(site, name)


@pytest.fixture
def stocked(site: Any, bucket: str) -> str:
    """A bucket of alice's account with some objects."""
    return _stock(site, bucket)


def _stock(site: Any, bucket: str) -> str:
    s3 = site.client("alice")
    for key in ("home/h", "top", "secret/s"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    return bucket


def test_a_read_only_user_reads_and_cannot_write(site: Any, stocked: str) -> None:
    s3 = site.client("reader")
    assert s3.get_object(Bucket=stocked, Key="top")["Body"].read() == b"top"
    assert s3.list_objects_v2(Bucket=stocked)["KeyCount"] == 3
    assert _refusal(s3.put_object, Bucket=stocked, Key="top", Body=b"mine") == DENIED
    assert _refusal(s3.delete_object, Bucket=stocked, Key="top") == DENIED
    assert _refusal(s3.delete_objects, Bucket=stocked, Delete={"Objects": [{"Key": "top"}]}) == DENIED
    assert _refusal(s3.create_multipart_upload, Bucket=stocked, Key="m") == DENIED
    assert _refusal(s3.put_object_tagging, Bucket=stocked, Key="top", Tagging={"TagSet": []}) == DENIED
    assert _refusal(s3.delete_bucket, Bucket=stocked) == DENIED
    copy = {"Bucket": stocked, "Key": "top"}
    assert _refusal(s3.copy_object, Bucket=stocked, Key="copy", CopySource=copy) == DENIED
    assert site.client("alice").get_object(Bucket=stocked, Key="top")["Body"].read() == b"top"


def test_the_denial_names_who_what_and_which_resource(site: Any, stocked: str) -> None:
    with pytest.raises(ClientError) as refused:
        site.client("reader").delete_object(Bucket=stocked, Key="top")
    message = refused.value.response["Error"]["Message"]
    assert "arn:aws:iam::111122223333:user/reader is not authorized to perform: s3:DeleteObject" in message
    assert f"arn:aws:s3:::{stocked}/top" in message


def test_a_role_session_has_the_roles_policies(site: Any, stocked: str) -> None:
    s3 = site.client("role")
    assert s3.get_object(Bucket=stocked, Key="top")["Body"].read() == b"top"
    assert _refusal(s3.put_object, Bucket=stocked, Key="top", Body=b"") == DENIED


def test_the_accounts_root_needs_no_policy(site: Any, stocked: str) -> None:
    s3 = site.client("root")
    s3.put_object(Bucket=stocked, Key="by-root", Body=b"1")
    assert s3.get_object(Bucket=stocked, Key="top")["Body"].read() == b"top"


@pytest.mark.parametrize("stranger", ["mallory", "other-root"])
def test_another_accounts_bucket_is_denied_to_everyone_root_included(
    site: Any, stocked: str, stranger: str
) -> None:
    s3 = site.client(stranger)
    for call, arguments in (
        (s3.get_object, {"Key": "top"}),
        (s3.put_object, {"Key": "top", "Body": b""}),
        (s3.list_objects_v2, {}),
        (s3.delete_bucket, {}),
        (s3.get_bucket_location, {}),
        (s3.delete_objects, {"Delete": {"Objects": [{"Key": "top"}]}}),
    ):
        assert _refusal(call, Bucket=stocked, **arguments) == DENIED
    assert _refusal(s3.head_bucket, Bucket=stocked) == ("403", 403)
    assert stocked not in [entry["Name"] for entry in s3.list_buckets()["Buckets"]]
    with pytest.raises(ClientError) as refused:
        s3.create_bucket(Bucket=stocked)
    assert refused.value.response["Error"]["Code"] == "BucketAlreadyExists"


def test_a_copy_may_not_read_what_its_caller_may_not(
    site: Any, stocked: str, new_bucket_name: Callable[[], str]
) -> None:
    mallory = site.client("mallory")
    own = new_bucket_name()
    mallory.create_bucket(Bucket=own)
    stolen = {"Bucket": stocked, "Key": "secret/s"}
    assert _refusal(mallory.copy_object, Bucket=own, Key="loot", CopySource=stolen) == DENIED
    upload_id = mallory.create_multipart_upload(Bucket=own, Key="loot")["UploadId"]
    part = {"Bucket": own, "Key": "loot", "UploadId": upload_id, "PartNumber": 1}
    assert _refusal(mallory.upload_part_copy, CopySource=stolen, **part) == DENIED
    raw = RawS3(site.gateway.port, site.credentials("mallory"))
    for spelling in (f"/{stocked}/secret/s", f"{stocked}%2Fsecret%2Fs", f"%2F{stocked}%2Fsecret/s"):
        answer = raw.ask("PUT", f"/{own}/loot", headers=[("x-amz-copy-source", spelling)])
        assert (answer.status, answer.code) == (403, "AccessDenied"), spelling
    hoisted = raw.ask("PUT", f"/{own}/loot?x-amz-copy-source={stocked}%2Fsecret%2Fs")
    assert (hoisted.status, hoisted.code) == (403, "AccessDenied")
    uploader = site.client("uploader")
    assert _refusal(uploader.copy_object, Bucket=stocked, Key="copy", CopySource=stolen) == DENIED
    uploader.put_object(Bucket=stocked, Key="allowed", Body=b"1")


@pytest.mark.parametrize(
    "source",
    ["{0}/a/../secret/s", "{0}/%2e%2e/{0}/secret/s", "{0}//secret/s", "{0}/secret%5Cs", "../{0}/k", "{0}"],
)
def test_a_copy_source_that_the_backend_would_rewrite_is_refused(site: Any, shared: str, source: str) -> None:
    raw = RawS3(site.gateway.port, site.credentials("alice"))
    answer = raw.ask("PUT", f"/{shared}/copy", headers=[("x-amz-copy-source", source.format(shared))])
    assert answer.status == 400


def test_a_listing_is_decided_by_its_prefix(site: Any, stocked: str) -> None:
    s3 = site.client("homer")
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=stocked, Prefix="home/")["Contents"]] == [
        "home/h"
    ]
    assert s3.get_object(Bucket=stocked, Key="home/h")["Body"].read() == b"home/h"
    assert _refusal(s3.list_objects_v2, Bucket=stocked) == DENIED
    assert _refusal(s3.list_objects_v2, Bucket=stocked, Prefix="secret/") == DENIED
    assert _refusal(s3.get_object, Bucket=stocked, Key="secret/s") == DENIED
    assert (
        _refusal(s3.delete_objects, Bucket=stocked, Delete={"Objects": [{"Key": "home/h"}, {"Key": "top"}]})
        == DENIED
    )
    assert site.client("alice").list_objects_v2(Bucket=stocked)["KeyCount"] == 3
    s3.delete_objects(Bucket=stocked, Delete={"Objects": [{"Key": "home/h"}]})


@pytest.mark.parametrize(
    "prefix",
    ["home/../secret/", "home/..", "home/./", "home//", "/home/", "home/x%5C..%5C", ".uploads/", "home/%00"],
)
def test_a_prefix_that_the_backend_would_rewrite_is_refused(site: Any, shared: str, prefix: str) -> None:
    raw = RawS3(site.gateway.port, site.credentials("homer"))
    for listing in ("list-type=2&", "", "versions&", "uploads&"):
        answer = raw.ask("GET", f"/{shared}?{listing}prefix={prefix}")
        assert answer.status == 400, listing


@pytest.mark.parametrize(
    "key",
    [
        "home/../secret/s",
        "home/%2e%2e/secret/s",
        "home/%2E%2E%2Fsecret%2Fs",
        "..%2f{0}%2fsecret%2fs",
        "../{0}/secret/s",
        "%2e%2e/{0}/secret/s",
        "home/./s",
        "/secret/s",
        "%2Fsecret/s",
        "home//s",
        "secret%5Cs",
        "home%5C..%5Csecret%5Cs",
        ".uploads/x/0001.part",
        "top.versions/v_1",
        "home/nul%00",
        "home/line%0Afeed",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_a_key_that_the_backend_would_rewrite_is_refused(
    site: Any, shared: str, key: str, method: str
) -> None:
    raw = RawS3(site.gateway.port, site.credentials("alice"))
    answer = raw.ask(method, f"/{shared}/{key.format(shared)}")
    assert answer.status == 400


def test_the_bucket_part_of_a_path_cannot_climb(site: Any, shared: str) -> None:
    raw = RawS3(site.gateway.port, site.credentials("mallory"))
    for target in (f"/../{shared}/top", f"/%2e%2e/{shared}/top", f"//{shared}/top", f"/.%2f{shared}/top"):
        assert raw.ask("GET", target).status == 400, target
    assert raw.ask("GET", f"/{shared}%2Ftop").status == 403


def test_version_and_upload_ids_cannot_be_paths(site: Any, shared: str) -> None:
    raw = RawS3(site.gateway.port, site.credentials("alice"))
    for query in ("versionId=..%2F..%2Ftop", "versionId=..", "uploadId=..%2F..%2Fx", "uploadId="):
        assert raw.ask("GET", f"/{shared}/top?{query}").status == 400, query


@pytest.mark.parametrize(
    "query",
    [
        "torrent",
        "foo=bar",
        "policy&acl",
        "list-type=1",
        "list-type=2&marker=x",
        "inventory",
        "analytics",
        "x-foo",
    ],
)
def test_what_is_not_known_is_not_passed_on(site: Any, shared: str, query: str) -> None:
    raw = RawS3(site.gateway.port, site.credentials("alice"))
    for method in ("GET", "PUT", "POST", "DELETE"):
        assert raw.ask(method, f"/{shared}?{query}").status in (400, 501), method
    assert raw.ask("GET", f"/{shared}?acl&acl").status == 400


@pytest.mark.parametrize(
    "method,target", [("POST", "/{0}/k?select&select-type=2"), ("POST", "/{0}/k?restore"),
                      ("PUT", "/{0}?replication"), ("PUT", "/{0}?logging"), ("PUT", "/{0}?notification"),
                      ("PUT", "/{0}?website"), ("PUT", "/{0}/k?renameObject"), ("POST", "/{0}"), ("POST", "/{0}/k")],
)  # fmt: skip
def test_operations_outside_the_table_are_not_implemented(
    site: Any, shared: str, method: str, target: str
) -> None:
    raw = RawS3(site.gateway.port, site.credentials("alice"))
    answer = raw.ask(method, target.format(shared))
    assert (answer.status, answer.code) == (501, "NotImplemented")


def test_headers_that_do_another_operations_work_need_its_permission(site: Any, stocked: str) -> None:
    s3 = site.client("uploader")
    s3.put_object(Bucket=stocked, Key="plain", Body=b"")
    assert _refusal(s3.put_object, Bucket=stocked, Key="p", ACL="public-read") == DENIED
    assert _refusal(s3.put_object, Bucket=stocked, Key="p", GrantRead="id=1") == DENIED
    assert _refusal(s3.put_object, Bucket=stocked, Key="p", Tagging="a=1") == DENIED
    assert _refusal(s3.put_object, Bucket=stocked, Key="p", ObjectLockLegalHoldStatus="ON") == DENIED
    assert _refusal(s3.create_multipart_upload, Bucket=stocked, Key="p", ACL="public-read") == DENIED


def test_an_expected_owner_must_be_the_owner(site: Any, stocked: str) -> None:
    s3 = site.client("alice")
    s3.get_object(Bucket=stocked, Key="top", ExpectedBucketOwner="111122223333")
    assert _refusal(s3.get_object, Bucket=stocked, Key="top", ExpectedBucketOwner="444455556666") == DENIED


def test_an_unknown_bucket_is_told_only_to_those_who_may_list(site: Any) -> None:
    missing = "no-such-bucket-anywhere"
    assert _refusal(site.client("alice").list_objects_v2, Bucket=missing) == ("NoSuchBucket", 404)
    assert _refusal(site.client("nobody").list_objects_v2, Bucket=missing) == DENIED
    assert _refusal(site.client("uploader").put_object, Bucket=missing, Key="k") == DENIED


def test_a_bucket_the_store_has_and_nobody_owns_stays_out_of_reach(
    site: Any, new_bucket_name: Callable[[], str]
) -> None:
    orphan = new_bucket_name()
    site.direct_client().create_bucket(Bucket=orphan)
    site.direct_client().put_object(Bucket=orphan, Key="k", Body=b"private")
    s3 = site.client("alice")
    assert _refusal(s3.get_object, Bucket=orphan, Key="k") == ("NoSuchBucket", 404)
    with pytest.raises(ClientError) as refused:
        s3.create_bucket(Bucket=orphan)
    assert refused.value.response["Error"]["Code"] == "BucketAlreadyExists"
    assert _refusal(s3.get_object, Bucket=orphan, Key="k") == ("NoSuchBucket", 404)


def test_nothing_of_a_denied_upload_reaches_the_store(site: Any, stocked: str) -> None:
    _refusal(site.client("reader").put_object, Bucket=stocked, Key="denied", Body=b"x" * 200_000)
    listed = site.direct_client().list_objects_v2(Bucket=stocked)
    assert "denied" not in [entry["Key"] for entry in listed["Contents"]]


def test_a_denial_is_in_the_audit_log_with_its_reason(site: Any, stocked: str) -> None:
    _refusal(site.client("reader").delete_object, Bucket=stocked, Key="audited")
    event = next(
        event for event in site.audit_events("DeleteObject") if event.detail["resource"].endswith("audited")
    )
    assert event.error_code == "AccessDenied"
    assert event.account_id == "111122223333"
    assert event.principal_arn == "arn:aws:iam::111122223333:user/reader"
    assert event.event_source == "s3.amazonaws.com"
    assert event.detail["action"] == "s3:DeleteObject"
    assert "session" not in json.dumps(dict(event.detail)).lower()


def test_headers_for_the_store_itself_do_not_cross(site: Any, stocked: str) -> None:
    raw = RawS3(site.gateway.port, site.credentials("alice"))
    smuggled = [("Seaweed-Owner", "x"), ("X-Forwarded-Host", "elsewhere"), ("Cookie", "a=b")]
    assert raw.ask("PUT", f"/{stocked}/smuggled", body=b"1", headers=smuggled).status == 200
    answer = raw.ask("GET", f"/{stocked}/smuggled")
    assert answer.status == 200
    assert not [name for name in answer.headers if "seaweed" in name]
    assert "seaweed" not in answer.headers.get("server", "").lower()


@pytest.mark.parametrize(
    "parameter",
    [
        "x-amz-copy-source%3A/{bucket}/secret/s=1",
        "x-amz-meta-a%0D%0AEvil=1",
        "x-amz-meta-%20a=1",
        "x-amz-meta-%E2%82%AC=1",
        "x-amz-meta-a=1%0D%0Ax-amz-acl:%20public-read",
        "x-amz-meta-a=%00",
    ],
)
def test_a_header_in_the_query_that_could_not_be_a_header_stops_here(
    site: Any, shared: str, parameter: str
) -> None:
    raw = RawS3(site.gateway.port, site.credentials("uploader"))
    answer = raw.ask("PUT", f"/{shared}/new?{parameter.format(bucket=shared)}", body=b"")
    assert (answer.status, answer.code) == (400, "InvalidArgument")


def test_a_header_in_the_query_is_the_same_as_a_header(site: Any, stocked: str) -> None:
    raw = RawS3(site.gateway.port, site.credentials("alice"))
    assert raw.ask("PUT", f"/{stocked}/new?x-amz-meta-a=%E2%82%AC%20%C3%BC", body=b"").status == 200
    answer = raw.ask("HEAD", f"/{stocked}/new")
    assert answer.headers["x-amz-meta-a"].encode("latin-1").decode() == "\u20ac \xfc"


@pytest.mark.parametrize("encoding", ["iso-2022-kr", "utf-7", "rot13", "nonsense"])
def test_a_list_of_keys_in_an_unreadable_encoding_is_refused(site: Any, shared: str, encoding: str) -> None:
    raw = RawS3(site.gateway.port, site.credentials("alice"))
    document = f'<?xml version="1.0" encoding="{encoding}"?><Delete><Object><Key>top</Key></Object></Delete>'
    answer = raw.ask("POST", f"/{shared}?delete", body=document.encode())
    assert (answer.status, answer.code) == (400, "MalformedXML")
