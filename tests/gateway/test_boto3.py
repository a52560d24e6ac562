"""Unmodified boto3, with the checksums it sends by default, through the gateway to a real SeaweedFS."""

import io
import urllib.error
import urllib.request
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

pytestmark = [pytest.mark.processes, pytest.mark.clients]


def _code(call: Any, **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    response = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_an_object_comes_back_as_it_was_put(site: Any, bucket: str) -> None:
    s3 = site.client("alice")
    s3.put_object(
        Bucket=bucket, Key="a/b.txt", Body=b"hello", ContentType="text/x-note", Metadata={"colour": "blue"}
    )
    answer = s3.get_object(Bucket=bucket, Key="a/b.txt")
    assert answer["Body"].read() == b"hello"
    assert answer["ContentType"] == "text/x-note"
    assert answer["Metadata"] == {"colour": "blue"}
    head = s3.head_object(Bucket=bucket, Key="a/b.txt")
    assert head["ContentLength"] == 5
    assert head["ETag"] == answer["ETag"]


def test_ranges_give_206_and_exactly_the_bytes_asked_for(site: Any, bucket: str) -> None:
    s3 = site.client("alice")
    s3.put_object(Bucket=bucket, Key="r", Body=b"0123456789")
    answer = s3.get_object(Bucket=bucket, Key="r", Range="bytes=2-5")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert answer["ContentRange"] == "bytes 2-5/10"
    assert answer["Body"].read() == b"2345"
    assert _code(s3.get_object, Bucket=bucket, Key="r", Range="bytes=99-") == ("InvalidRange", 416)


def test_conditions_are_the_backends_to_decide(site: Any, bucket: str) -> None:
    s3 = site.client("alice")
    etag = s3.put_object(Bucket=bucket, Key="c", Body=b"one")["ETag"]
    assert _code(s3.get_object, Bucket=bucket, Key="c", IfNoneMatch=etag) == ("304", 304)
    assert _code(s3.get_object, Bucket=bucket, Key="c", IfMatch='"0"') == ("PreconditionFailed", 412)
    assert _code(s3.put_object, Bucket=bucket, Key="c", Body=b"two", IfNoneMatch="*") == (
        "PreconditionFailed",
        412,
    )
    assert s3.get_object(Bucket=bucket, Key="c", IfMatch=etag)["Body"].read() == b"one"


def test_a_multipart_upload_of_three_parts(site: Any, bucket: str) -> None:
    s3 = site.client("alice")
    part = 8 * 1024 * 1024
    content = bytes(range(256)) * (3 * part // 256)
    settings = TransferConfig(multipart_threshold=part, multipart_chunksize=part, max_concurrency=3)
    s3.upload_fileobj(io.BytesIO(content), bucket, "big", Config=settings)
    into = io.BytesIO()
    s3.download_fileobj(bucket, "big", into, Config=settings)
    assert into.getvalue() == content
    assert s3.head_object(Bucket=bucket, Key="big")["ETag"].endswith('-3"')


def test_a_multipart_upload_can_be_listed_and_aborted(site: Any, bucket: str) -> None:
    s3 = site.client("alice")
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="m", UploadId=upload_id, PartNumber=1, Body=b"x" * 100)
    assert [
        part["PartNumber"] for part in s3.list_parts(Bucket=bucket, Key="m", UploadId=upload_id)["Parts"]
    ] == [1]
    assert [up["UploadId"] for up in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload_id]
    s3.abort_multipart_upload(Bucket=bucket, Key="m", UploadId=upload_id)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_copies_within_and_between_buckets(site: Any, bucket: str, new_bucket_name: Any) -> None:
    s3 = site.client("alice")
    other = new_bucket_name()
    s3.create_bucket(Bucket=other)
    s3.put_object(Bucket=bucket, Key="from +%.txt", Body=b"copied")
    s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "from +%.txt"})
    s3.copy_object(Bucket=other, Key="to", CopySource={"Bucket": bucket, "Key": "from +%.txt"})
    assert s3.get_object(Bucket=other, Key="to")["Body"].read() == b"copied"
    assert s3.get_object(Bucket=bucket, Key="to")["Body"].read() == b"copied"


def test_a_part_can_be_copied_from_another_object(site: Any, bucket: str) -> None:
    s3 = site.client("alice")
    s3.put_object(Bucket=bucket, Key="source", Body=b"s" * 1000)
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="joined")["UploadId"]
    copied = s3.upload_part_copy(
        Bucket=bucket,
        Key="joined",
        UploadId=upload_id,
        PartNumber=1,
        CopySource={"Bucket": bucket, "Key": "source"},
        CopySourceRange="bytes=0-9",
    )
    parts = {"Parts": [{"PartNumber": 1, "ETag": copied["CopyPartResult"]["ETag"]}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="joined", UploadId=upload_id, MultipartUpload=parts)
    assert s3.get_object(Bucket=bucket, Key="joined")["Body"].read() == b"s" * 10


def test_both_listings_with_prefixes_delimiters_and_pages(site: Any, bucket: str) -> None:
    s3 = site.client("alice")
    for key in ("a/1", "a/2", "a/3", "b/1", "top"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    for listing in (s3.list_objects, s3.list_objects_v2):
        answer = listing(Bucket=bucket, Delimiter="/")
        assert [entry["Prefix"] for entry in answer["CommonPrefixes"]] == ["a/", "b/"]
        assert [entry["Key"] for entry in answer["Contents"]] == ["top"]
        assert [entry["Key"] for entry in listing(Bucket=bucket, Prefix="a/")["Contents"]] == [
            "a/1",
            "a/2",
            "a/3",
        ]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert [entry["Key"] for page in pages for entry in page["Contents"]] == [
        "a/1",
        "a/2",
        "a/3",
        "b/1",
        "top",
    ]


def test_many_keys_are_deleted_at_once(site: Any, bucket: str) -> None:
    s3 = site.client("alice")
    keys = ["d/1", "d/2 & <3>", "d/\u00fc", "d/+%"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    assert sorted(entry["Key"] for entry in answer["Deleted"]) == sorted(keys)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize(
    "key",
    [
        "\u00fcml\u00e4ut/\u65e5\u672c\u8a9e.txt",
        "with space",
        "plus+plus",
        "percent%25%",
        "a~b-c_d.e",
        "quote\"'quote",
        "semi;colon&amp=eq?question#hash",
        "folder/",
        "/".join(["x" * 200] * 5),
        "\U0001f511",
        "(parens)[brackets]{braces}!*@:,$^|<>`",
    ],
)
def test_an_odd_key_names_exactly_itself(site: Any, bucket: str, key: str) -> None:
    s3 = site.client("alice")
    content = b"" if key.endswith("/") else key.encode()
    s3.put_object(Bucket=bucket, Key=key, Body=content)
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == content
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    assert [entry["Key"] for entry in site.direct_client().list_objects_v2(Bucket=bucket)["Contents"]] == [
        key
    ]
    s3.delete_object(Bucket=bucket, Key=key)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_presigned_urls_read_and_write(site: Any, bucket: str) -> None:
    s3 = site.client("alice", signature_version="s3v4")
    put_url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "p q"}, ExpiresIn=60)
    request = urllib.request.Request(put_url, data=b"by url", method="PUT")
    assert urllib.request.urlopen(request).status == 200
    get_url = s3.generate_presigned_url(
        "get_object",
        Params={"Bucket": bucket, "Key": "p q", "ResponseContentType": "text/x-asked"},
        ExpiresIn=60,
    )
    answer = urllib.request.urlopen(get_url)
    assert answer.read() == b"by url"
    assert answer.headers["Content-Type"] == "text/x-asked"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(get_url.replace("text%2Fx-asked", "text%2Fx-other"))
    assert refused.value.code == 403
    assert b"<Code>SignatureDoesNotMatch</Code>" in refused.value.read()


def test_object_tags_and_acl_pass(site: Any, bucket: str) -> None:
    s3 = site.client("alice")
    s3.put_object(Bucket=bucket, Key="t", Body=b"x", Tagging="a=1&b=2")
    assert s3.get_object_tagging(Bucket=bucket, Key="t")["TagSet"] == [
        {"Key": "a", "Value": "1"},
        {"Key": "b", "Value": "2"},
    ]
    s3.put_object_tagging(Bucket=bucket, Key="t", Tagging={"TagSet": [{"Key": "c", "Value": "3"}]})
    assert s3.get_object_tagging(Bucket=bucket, Key="t")["TagSet"] == [{"Key": "c", "Value": "3"}]
    assert s3.get_object_acl(Bucket=bucket, Key="t")["Grants"]


def test_versions_are_kept_listed_and_read(site: Any, bucket: str) -> None:
    s3 = site.client("alice")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="v", Body=b"1")["VersionId"]
    s3.put_object(Bucket=bucket, Key="v", Body=b"2")
    assert s3.get_object(Bucket=bucket, Key="v", VersionId=first)["Body"].read() == b"1"
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 2
    s3.delete_object(Bucket=bucket, Key="v", VersionId=first)
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 1


def test_bucket_configuration_reads_pass(site: Any, bucket: str) -> None:
    s3 = site.client("alice")
    assert "Owner" in s3.get_bucket_acl(Bucket=bucket)
    assert "LocationConstraint" in s3.get_bucket_location(Bucket=bucket)
    assert _code(s3.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "k", "Value": "v"}]
