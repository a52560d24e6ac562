"""What a request says about its body, and the proof that the last piece waits for."""

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.aws.errors import AwsError, IncompleteBody, InvalidRequest
from daypass.protocol.aws.sigv4 import SigningKey
from daypass.server.gateway.errors import (
    BadDigest,
    ContentHashMismatch,
    EntityTooLarge,
    InvalidArgument,
    MissingContentLength,
    NotImplementedHere,
)
from daypass.server.gateway.payload import (
    MAX_DOCUMENT_BYTES,
    Payload,
    check_empty_payload,
    read_payload,
    verified_pieces,
)

SIGNING_KEY = SigningKey(b"k" * 32, "20240101/us-east-1/s3/aws4_request", "20240101T000000Z", "0" * 64, "x")
UNSIGNED = "UNSIGNED-PAYLOAD"


async def _arrive(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _pass(payload: Payload, *pieces: bytes) -> tuple[list[bytes], AwsError | None]:
    """What came out before the end or the refusal."""
    given_out = []
    try:
        async for piece in verified_pieces(payload, _arrive(*pieces), SIGNING_KEY, {}):
            given_out.append(piece)  # noqa: PERF401  what came before a refusal must be kept
    except AwsError as refusal:
        return given_out, refusal
    return given_out, None


def _payload(length: int, content_hash: str = "", checksums: Mapping[str, str] | None = None) -> Payload:
    return Payload(length, content_hash, "", (), checksums or {})


async def test_a_body_with_the_signed_hash_comes_out_whole() -> None:
    content_hash = hashlib.sha256(b"abcdef").hexdigest()
    assert await _pass(_payload(6, content_hash), b"abc", b"def") == ([b"abc", b"def"], None)


async def test_the_last_piece_of_a_false_body_is_withheld() -> None:
    given_out, refusal = await _pass(_payload(6, "0" * 64), b"abc", b"def")
    assert given_out == [b"abc"]
    assert isinstance(refusal, ContentHashMismatch)
    given_out, refusal = await _pass(_payload(6, "0" * 64), b"abcdef")
    assert given_out == []
    assert isinstance(refusal, ContentHashMismatch)


@pytest.mark.parametrize(
    "name,value",
    [
        ("content-md5", base64.b64encode(hashlib.md5(b"abc").digest()).decode()),
        ("x-amz-checksum-crc32", "NSRBwg=="),
        ("x-amz-checksum-sha1", base64.b64encode(hashlib.sha1(b"abc").digest()).decode()),
        ("x-amz-checksum-sha256", base64.b64encode(hashlib.sha256(b"abc").digest()).decode()),
    ],
)
async def test_each_checksum_is_computed_and_compared(name: str, value: str) -> None:
    assert await _pass(_payload(3, checksums={name: value}), b"abc") == ([b"abc"], None)
    given_out, refusal = await _pass(_payload(3, checksums={name: value}), b"abd")
    assert given_out == []
    assert isinstance(refusal, BadDigest)


async def test_a_body_of_another_length_is_refused() -> None:
    for pieces in ((b"ab",), (b"ab", b"cd"), ()):
        given_out, refusal = await _pass(_payload(3), *pieces)
        assert isinstance(refusal, IncompleteBody)
        assert len(b"".join(given_out)) < 3


def test_an_empty_payload_is_checked_without_a_body() -> None:
    check_empty_payload(_payload(0, hashlib.sha256(b"").hexdigest()))
    with pytest.raises(ContentHashMismatch):
        check_empty_payload(_payload(0, "0" * 64))


@pytest.mark.parametrize(
    "claimed,headers,body,refusal",
    [
        ("", {}, "none", InvalidArgument),
        ("ABC", {}, "none", InvalidArgument),
        ("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", {}, "object", NotImplementedHere),
        (UNSIGNED, {}, "object", MissingContentLength),
        (UNSIGNED, {"transfer-encoding": "chunked"}, "document", MissingContentLength),
        (UNSIGNED, {"transfer-encoding": "chunked"}, "none", MissingContentLength),
        (UNSIGNED, {"content-length": "1"}, "none", InvalidRequest),
        (UNSIGNED, {"content-length": "-1"}, "object", InvalidArgument),
        (UNSIGNED, {"content-length": "1_0"}, "object", InvalidArgument),
        (UNSIGNED, {"content-length": str(5 * 1024**3 + 1)}, "object", EntityTooLarge),
        (UNSIGNED, {"content-length": str(MAX_DOCUMENT_BYTES + 1)}, "document", EntityTooLarge),
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", {"content-length": "1"}, "object", MissingContentLength),
        (
            UNSIGNED,
            {"content-length": "1", "x-amz-trailer": "x-amz-checksum-crc32"},
            "object",
            InvalidRequest,
        ),
        (
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            {"x-amz-decoded-content-length": "1", "x-amz-trailer": "x-amz-meta-a"},
            "object",
            InvalidRequest,
        ),
    ],
)
def test_a_body_described_wrongly_is_refused(
    claimed: str, headers: dict[str, str], body: str, refusal: type[AwsError]
) -> None:
    with pytest.raises(refusal):
        read_payload(claimed, headers, body=body)  # type: ignore[arg-type]  # a literal by construction


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([UNSIGNED, "0" * 64, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"]) | st.text(),
    st.dictionaries(
        st.sampled_from(
            ["content-length", "transfer-encoding", "x-amz-decoded-content-length", "x-amz-trailer"]
        ),
        st.text() | st.integers().map(str),
    ),
)
def test_no_description_raises_anything_but_a_refusal(claimed: str, headers: dict[str, str]) -> None:
    try:
        payload = read_payload(claimed, headers, body="object")
    except AwsError:
        return
    assert payload.length >= 0
