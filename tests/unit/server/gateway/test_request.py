"""Path, query and headers, decoded once with one meaning."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.aws.errors import AwsError
from daypass.protocol.aws.sigv4 import WireRequest
from daypass.server.gateway.copy_source import CopySource, parse_copy_source
from daypass.server.gateway.errors import InvalidArgument, InvalidUri
from daypass.server.gateway.object_names import check_object_key, is_bucket_name
from daypass.server.gateway.request import GatewayRequest, read_request


def read(
    path: str, query: str = "", *headers: tuple[str, str], suffix: str | None = None, host: str = "h"
) -> GatewayRequest:
    """One request with a Host header."""
    return read_request(
        WireRequest("GET", path, query, (("Host", host), *headers)), virtual_host_suffix=suffix
    )


@pytest.mark.parametrize(
    "path,bucket,key",
    [
        ("/", "", ""),
        ("", "", ""),
        ("/bucket", "bucket", ""),
        ("/bucket/", "bucket", ""),
        ("/bucket/a/b", "bucket", "a/b"),
        ("/bucket/a%2Fb", "bucket", "a/b"),
        ("/bucket%2Fa", "bucket", "a"),
        ("/bucket/a+b%20c%2B", "bucket", "a+b c+"),
        ("/bucket/%C3%BC", "bucket", "\u00fc"),
        ("/bucket/%c3%bc", "bucket", "\u00fc"),
        ("/bucket/%2525", "bucket", "%25"),
        ("/bucket/folder/", "bucket", "folder/"),
    ],
)
def test_a_path_names_a_bucket_and_a_key(path: str, bucket: str, key: str) -> None:
    request = read(path)
    assert (request.bucket, request.key) == (bucket, key)


@pytest.mark.parametrize("path", ["/bucket/%ff", "//bucket/key", "//", "*", "/bucket/%C3"])
def test_a_path_that_is_not_one_is_refused(path: str) -> None:
    with pytest.raises(InvalidUri):
        read(path)


def test_a_virtual_host_names_the_bucket() -> None:
    request = read("/a/b", suffix="s3.example.org", host="bucket.S3.example.org:9000")
    assert (request.bucket, request.key) == ("bucket", "a/b")
    for host in ("s3.example.org", "other.example.org", "bucket.s3.example.org.evil", "..s3.example.org"):
        assert read("/bucket/k", suffix="s3.example.org", host=host).bucket == "bucket"


def test_repeated_parameters_and_amz_headers_are_refused() -> None:
    with pytest.raises(InvalidArgument):
        read("/bucket", "prefix=a&prefix=b")
    with pytest.raises(InvalidArgument):
        read("/bucket", "prefix=a&%70refix=b")
    with pytest.raises(InvalidArgument):
        read("/bucket/k", "", ("x-amz-copy-source", "a/b"), ("X-Amz-Copy-Source", "c/d"))
    assert (
        read("/bucket/k", "", ("x-amz-meta-a", "1"), ("x-amz-meta-a", "2")).headers["x-amz-meta-a"] == "1,2"
    )


def test_the_signature_is_no_parameter_and_hoisted_headers_are_headers() -> None:
    query = "X-Amz-Signature=0&X-Amz-Security-Token=t&x-amz-acl=public-read&x-id=GetObject&versionId=1"
    request = read("/bucket/k", query)
    assert request.parameters == {"versionId": "1"}
    assert request.headers["x-amz-acl"] == "public-read"
    assert "x-amz-security-token" not in request.headers
    with pytest.raises(InvalidArgument):
        read("/bucket/k", "X-Amz-Acl=private", ("x-amz-acl", "public-read"))


@settings(max_examples=200, deadline=None)
@given(
    st.text(st.characters(max_codepoint=255)),
    st.text(st.characters(max_codepoint=255)),
    st.sampled_from(["s3.example.org", None]),
)
def test_no_target_raises_anything_but_a_refusal(path: str, query: str, suffix: str | None) -> None:
    try:
        request = read("/" + path, query, suffix=suffix)
    except AwsError:
        return
    assert not request.bucket or is_bucket_name(request.bucket)
    assert ".." not in request.key.split("/")
    assert "\\" not in request.key
    assert "//" not in request.key


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="a./\\%25ef\x00", max_size=12))
def test_an_accepted_key_is_one_that_no_path_cleaner_would_change(key: str) -> None:
    try:
        check_object_key(key)
    except AwsError:
        return
    segments = key.removesuffix("/").split("/")
    assert all(segment not in ("", ".", "..") for segment in segments)
    assert "/".join(segments) == key.removesuffix("/")
    assert "\x00" not in key


@pytest.mark.parametrize(
    "header,expected",
    [
        ("/bucket/key", CopySource("bucket", "key", "")),
        ("bucket/a/b", CopySource("bucket", "a/b", "")),
        ("bucket%2Fa%2Fb", CopySource("bucket", "a/b", "")),
        ("bucket/a+b%20%2B%3Fc", CopySource("bucket", "a+b +?c", "")),
        ("/bucket/key?versionId=v1", CopySource("bucket", "key", "v1")),
    ],
)
def test_a_copy_source_is_decoded_once_and_written_anew(header: str, expected: CopySource) -> None:
    source = parse_copy_source(header)
    assert source == expected
    assert parse_copy_source(source.header_value()) == expected


@pytest.mark.parametrize(
    "header",
    ["", "/", "bucket", "bucket/", "/bucket//k", "bucket/../k", "B/k", "bucket/k?x=1", "bucket/k?versionId=",
     "bucket/k?versionId=../x", "bucket/k?versionId=a&b=c", "arn:aws:s3:::b/k", "bucket/%ff", "bucket/a%5Cb"],
)  # fmt: skip
def test_a_copy_source_that_is_not_one_object_is_refused(header: str) -> None:
    with pytest.raises(AwsError):
        parse_copy_source(header)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(max_codepoint=255)))
def test_no_copy_source_raises_anything_but_a_refusal(header: str) -> None:
    try:
        source = parse_copy_source(header)
    except AwsError:
        return
    assert parse_copy_source(source.header_value()) == source
