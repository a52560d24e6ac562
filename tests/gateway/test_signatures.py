"""Nothing passes without a proven signature, and nothing passes that the signature does not cover."""

import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from daypass.protocol.aws.presigned_url import presign_url
from daypass.protocol.aws.sigv4 import Credentials
from daypass.secret import Secret
from support.raw_s3 import RawS3, hex_hash

pytestmark = pytest.mark.processes


@pytest.fixture
def raw(site: Any) -> RawS3:
    """Alice, byte by byte."""
    return RawS3(site.gateway.port, site.credentials("alice"))


def test_an_unsigned_request_is_denied(site: Any, raw: RawS3, bucket: str) -> None:
    answer = raw.send("GET", f"/{bucket}/k", [("Host", raw.host)], b"")
    assert (answer.status, answer.code) == (403, "AccessDenied")


def test_a_form_upload_is_denied(raw: RawS3, bucket: str) -> None:
    headers = [("Host", raw.host), ("Content-Type", "multipart/form-data; boundary=x")]
    answer = raw.send("POST", f"/{bucket}", headers, b"--x--")
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert raw.ask("POST", f"/{bucket}", body=b"--x--").code == "NotImplemented"


@pytest.mark.parametrize("is_presigned", [False, True])
def test_signature_version_2_is_refused_with_the_setting_that_ends_it(
    raw: RawS3, bucket: str, is_presigned: bool
) -> None:
    target, headers = f"/{bucket}/k", [("Host", raw.host)]
    if is_presigned:
        target += "?AWSAccessKeyId=ASIA&Signature=c2ln&Expires=1999999999"
    else:
        headers.append(("Authorization", "AWS ASIA:c2ln"))
    answer = raw.send("GET", target, headers, b"")
    assert answer.status == 400
    assert b"signature_version=&#39;s3v4&#39;" in answer.body


@pytest.mark.parametrize("part", ["method", "path", "query", "header", "signature", "host"])
def test_a_request_changed_after_signing_is_refused(raw: RawS3, bucket: str, part: str) -> None:
    signed = dict(raw.sign("GET", f"/{bucket}/k?versionId=1", headers=[("x-amz-meta-a", "1")]))
    method, target = "GET", f"/{bucket}/k?versionId=1"
    if part == "method":
        method = "DELETE"
    elif part == "path":
        target = f"/{bucket}/l?versionId=1"
    elif part == "query":
        target = f"/{bucket}/k?versionId=2"
    elif part == "header":
        signed["x-amz-meta-a"] = "2"
    elif part == "host":
        signed["Host"] = "elsewhere"
    else:
        signed["Authorization"] = signed["Authorization"][:-1] + (
            "0" if signed["Authorization"][-1] != "0" else "1"
        )
    answer = raw.send(method, target, signed.items(), b"")
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")


def test_an_x_amz_header_that_is_not_signed_is_refused(raw: RawS3, bucket: str) -> None:
    signed = [*raw.sign("PUT", f"/{bucket}/k"), ("x-amz-acl", "public-read")]
    answer = raw.send("PUT", f"/{bucket}/k", signed, b"")
    assert (answer.status, answer.code) == (403, "AccessDenied")


@pytest.mark.parametrize("offset", [-901 - 5, 901 + 5])
def test_a_clock_more_than_fifteen_minutes_off_is_told_so(raw: RawS3, bucket: str, offset: int) -> None:
    answer = raw.ask("GET", f"/{bucket}", now=int(time.time()) + offset)
    assert (answer.status, answer.code) == (403, "RequestTimeTooSkewed")


@pytest.mark.parametrize("offset", [-840, 840])
def test_a_clock_less_than_fifteen_minutes_off_is_good_enough(raw: RawS3, bucket: str, offset: int) -> None:
    assert raw.ask("GET", f"/{bucket}", now=int(time.time()) + offset).status == 200


def test_an_expired_presigned_url_is_denied(site: Any, raw: RawS3, bucket: str) -> None:
    url = presign_url(
        raw.credentials,
        f"http://{raw.host}/{bucket}",
        region="us-east-1",
        service="s3",
        now=int(time.time()) - 61,
        expires_in=60,
        is_s3=True,
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url)
    assert refused.value.code == 403
    assert b"<Message>Request has expired</Message>" in refused.value.read()


def test_expired_foreign_and_missing_tokens_are_refused(site: Any, bucket: str) -> None:
    expired = RawS3(site.gateway.port, site.credentials("alice", expires_at=int(time.time()) - 1))
    answer = expired.ask("GET", f"/{bucket}")
    assert (answer.status, answer.code) == (400, "ExpiredToken")
    good = site.credentials("alice")
    without = RawS3(site.gateway.port, Credentials(good.access_key_id, good.secret_access_key, None))
    answer = without.ask("GET", f"/{bucket}")
    assert (answer.status, answer.code) == (403, "InvalidAccessKeyId")
    other = site.credentials("mallory")
    mixed = RawS3(
        site.gateway.port, Credentials(good.access_key_id, good.secret_access_key, other.session_token)
    )
    answer = mixed.ask("GET", f"/{bucket}")
    assert (answer.status, answer.code) == (400, "InvalidToken")
    forged = RawS3(site.gateway.port, Credentials(good.access_key_id, Secret("x" * 40), good.session_token))
    assert forged.ask("GET", f"/{bucket}").code == "SignatureDoesNotMatch"


def test_the_backends_own_keys_open_nothing_at_the_gateway(site: Any, bucket: str) -> None:
    keys = Credentials(site.store.access_key_id, Secret(site.store.secret_access_key), None)
    assert RawS3(site.gateway.port, keys).ask("GET", f"/{bucket}").code == "InvalidAccessKeyId"


def test_a_user_deleted_since_is_refused(site: Any, bucket: str) -> None:
    ghost = RawS3(site.gateway.port, site.ghost_credentials())
    answer = ghost.ask("GET", f"/{bucket}")
    assert (answer.status, answer.code) == (403, "InvalidAccessKeyId")


def test_a_body_other_than_the_signed_one_never_becomes_an_object(raw: RawS3, bucket: str) -> None:
    for content in (b"evil", b"e" * 300_000):
        answer = raw.ask("PUT", f"/{bucket}/tampered", body=content, payload_hash=hex_hash(b"good"))
        assert (answer.status, answer.code) == (400, "XAmzContentSHA256Mismatch")
    assert raw.ask("GET", f"/{bucket}/tampered").code == "NoSuchKey"


def test_an_empty_body_has_the_hash_of_nothing(raw: RawS3, bucket: str) -> None:
    answer = raw.ask("PUT", f"/{bucket}/e", payload_hash=hex_hash(b"something"))
    assert (answer.status, answer.code) == (400, "XAmzContentSHA256Mismatch")


def test_a_checksum_header_must_fit_the_body(raw: RawS3, bucket: str) -> None:
    for name, value in (
        ("x-amz-checksum-crc32", "AAAAAA=="),
        ("x-amz-checksum-sha256", "AAAA"),
        ("Content-MD5", "AAAA"),
    ):
        answer = raw.ask("PUT", f"/{bucket}/bad-sum", body=b"content", headers=[(name, value)])
        assert (answer.status, answer.code) == (400, "BadDigest"), name
    assert raw.ask("GET", f"/{bucket}/bad-sum").code == "NoSuchKey"


def test_a_refusal_is_s3_xml_with_resource_and_request_id(raw: RawS3, bucket: str) -> None:
    answer = raw.ask("GET", f"/{bucket}/missing?acl&tagging")
    assert answer.headers["content-type"] == "application/xml"
    assert f"<Resource>/{bucket}/missing</Resource>".encode() in answer.body
    request_id = answer.headers["x-amz-request-id"]
    assert f"<RequestId>{request_id}</RequestId>".encode() in answer.body
