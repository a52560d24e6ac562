"""Bodies on their way: every payload mode, tampering, early answers, broken peers."""

import socket
from typing import Any, Self

import pytest

from support.raw_s3 import EMPTY_HASH, RawAnswer, RawS3, SignedChunks, crc32_base64, frame_unsigned, hex_hash

pytestmark = pytest.mark.processes

CONTENT = bytes(range(256)) * 1024
CHUNK = 65_536
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


@pytest.fixture
def raw(site: Any) -> RawS3:
    """Alice, byte by byte."""
    return RawS3(site.gateway.port, site.credentials("alice"))


def _chunks(content: bytes) -> list[bytes]:
    return [content[at : at + CHUNK] for at in range(0, len(content), CHUNK)]


def _head(mode: str, trailer: str = "", length: int = len(CONTENT)) -> list[tuple[str, str]]:
    headers = [("x-amz-decoded-content-length", str(length)), ("Content-Encoding", "aws-chunked")]
    return [*headers, ("x-amz-trailer", trailer)] if trailer else headers


def put_signed_chunks(raw: RawS3, target: str, content: bytes, *, evil: bytes | None = None) -> RawAnswer:
    """PUT in signed chunks; `evil` replaces the last chunk's bytes after signing."""
    signed = raw.sign("PUT", target, payload_hash=SIGNED, headers=_head(SIGNED, length=len(content)))
    chain = SignedChunks(raw.credentials, signed)
    framed = [chain.chunk(chunk) for chunk in _chunks(content)]
    if evil is not None:
        framed[-1] = framed[-1][: -2 - len(evil)] + evil + b"\r\n"
    return raw.send("PUT", target, signed, b"".join(framed) + chain.chunk(b"") + b"\r\n")


def test_signed_chunks_arrive_whole(raw: RawS3, bucket: str) -> None:
    assert put_signed_chunks(raw, f"/{bucket}/signed", CONTENT).status == 200
    answer = raw.ask("GET", f"/{bucket}/signed")
    assert answer.body == CONTENT
    assert "content-encoding" not in answer.headers


def test_an_empty_object_in_signed_chunks(raw: RawS3, bucket: str) -> None:
    assert put_signed_chunks(raw, f"/{bucket}/empty", b"").status == 200
    assert raw.ask("GET", f"/{bucket}/empty").headers["content-length"] == "0"


def test_a_chunk_changed_after_signing_never_becomes_an_object(raw: RawS3, bucket: str) -> None:
    answer = put_signed_chunks(raw, f"/{bucket}/tampered", CONTENT, evil=b"!")
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
    assert raw.ask("GET", f"/{bucket}/tampered").code == "NoSuchKey"


def test_chunks_signed_with_another_requests_seed_are_refused(raw: RawS3, bucket: str) -> None:
    target = f"/{bucket}/replayed"
    signed = raw.sign("PUT", target, payload_hash=SIGNED, headers=_head(SIGNED, length=5))
    other = raw.sign("PUT", target + "2", payload_hash=SIGNED, headers=_head(SIGNED, length=5))
    chain = SignedChunks(raw.credentials, other)
    answer = raw.send("PUT", target, signed, chain.chunk(b"hello") + chain.chunk(b"") + b"\r\n")
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")


def test_signed_chunks_with_a_signed_trailer(raw: RawS3, bucket: str) -> None:
    target = f"/{bucket}/trailer"
    head = _head(SIGNED_TRAILER, "x-amz-checksum-crc32")
    for checksum, is_good in ((crc32_base64(CONTENT), True), ("AAAAAA==", False)):
        signed = raw.sign("PUT", target, payload_hash=SIGNED_TRAILER, headers=head)
        chain = SignedChunks(raw.credentials, signed)
        framed = b"".join(chain.chunk(chunk) for chunk in _chunks(CONTENT)) + chain.chunk(b"")
        answer = raw.send("PUT", target, signed, framed + chain.trailer({"x-amz-checksum-crc32": checksum}))
        assert (answer.status, answer.code) == ((200, "") if is_good else (400, "BadDigest"))
    stored = raw.ask("GET", target, headers=[("x-amz-checksum-mode", "ENABLED")])
    assert stored.body == CONTENT
    assert stored.headers["x-amz-checksum-crc32"] == crc32_base64(CONTENT)


def test_a_trailer_changed_after_signing_is_refused(raw: RawS3, bucket: str) -> None:
    target = f"/{bucket}/bad-trailer"
    head = _head(SIGNED_TRAILER, "x-amz-checksum-crc32", length=5)
    signed = raw.sign("PUT", target, payload_hash=SIGNED_TRAILER, headers=head)
    chain = SignedChunks(raw.credentials, signed)
    framed = chain.chunk(b"hello") + chain.chunk(b"")
    trailer = chain.trailer({"x-amz-checksum-crc32": crc32_base64(b"hello")})
    forged = trailer.replace(crc32_base64(b"hello").encode(), crc32_base64(b"other").encode())
    answer = raw.send("PUT", target, signed, framed + forged)
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
    assert raw.ask("GET", target).code == "NoSuchKey"


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, len(CONTENT)])
def test_unsigned_chunks_with_a_checksum_in_the_trailer(raw: RawS3, bucket: str, size: int) -> None:
    content, target = CONTENT[:size], f"/{bucket}/unsigned"
    head = _head(UNSIGNED_TRAILER, "x-amz-checksum-crc32", length=size)
    body = frame_unsigned(_chunks(content), {"x-amz-checksum-crc32": crc32_base64(content)})
    assert raw.ask("PUT", target, body=body, payload_hash=UNSIGNED_TRAILER, headers=head).status == 200
    answer = raw.ask("GET", target, headers=[("x-amz-checksum-mode", "ENABLED")])
    assert answer.body == content
    assert answer.headers["x-amz-checksum-crc32"] == crc32_base64(content)
    if size:
        spoilt = body.replace(crc32_base64(content).encode(), b"AAAAAA==")
        refused = raw.ask("PUT", target, body=spoilt, payload_hash=UNSIGNED_TRAILER, headers=head)
        assert (refused.status, refused.code) == (400, "BadDigest")
    assert raw.ask("GET", target).body == content


def test_a_body_shorter_or_longer_than_declared_is_refused(raw: RawS3, bucket: str) -> None:
    target = f"/{bucket}/length"
    for declared in (4, 6):
        head = _head(UNSIGNED_TRAILER, "x-amz-checksum-crc32", length=declared)
        body = frame_unsigned([b"hello"], {"x-amz-checksum-crc32": crc32_base64(b"hello")})
        answer = raw.ask("PUT", target, body=body, payload_hash=UNSIGNED_TRAILER, headers=head)
        assert (answer.status, answer.code) == (400, "IncompleteBody"), declared
    assert raw.ask("GET", target).code == "NoSuchKey"


def test_content_encoding_beside_aws_chunked_is_kept(raw: RawS3, bucket: str) -> None:
    target = f"/{bucket}/encoded"
    head = [("x-amz-decoded-content-length", "5"), ("Content-Encoding", "aws-chunked,x-mine")]
    signed = raw.sign("PUT", target, payload_hash=SIGNED, headers=head)
    chain = SignedChunks(raw.credentials, signed)
    assert raw.send("PUT", target, signed, chain.chunk(b"hello") + chain.chunk(b"") + b"\r\n").status == 200
    assert raw.ask("GET", target).headers["content-encoding"] == "x-mine"


def test_payload_modes_we_do_not_know_are_refused(raw: RawS3, bucket: str) -> None:
    ecdsa = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"
    assert raw.ask("PUT", f"/{bucket}/k", body=b"x", payload_hash=ecdsa).code == "NotImplemented"
    assert raw.ask("PUT", f"/{bucket}/k", body=b"x", payload_hash="abc").code == "InvalidArgument"
    assert raw.ask("PUT", f"/{bucket}/k", body=b"x", payload_hash=SIGNED).code == "MissingContentLength"


def test_an_unsigned_payload_passes(raw: RawS3, bucket: str) -> None:
    assert raw.ask("PUT", f"/{bucket}/u", body=CONTENT, payload_hash="UNSIGNED-PAYLOAD").status == 200
    assert raw.ask("GET", f"/{bucket}/u").body == CONTENT


def test_metadata_in_utf8_comes_back_byte_for_byte(raw: RawS3, bucket: str) -> None:
    value = "z\u00fcrich".encode().decode("latin-1")
    assert raw.ask("PUT", f"/{bucket}/meta", body=b"1", headers=[("x-amz-meta-city", value)]).status == 200
    assert raw.ask("HEAD", f"/{bucket}/meta").headers["x-amz-meta-city"] == value


class Wire:
    """A plain socket to the gateway, closed by `with`."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send_head(self, method: str, target: str, headers: list[tuple[str, str]]) -> None:
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def read_until_closed(self) -> bytes:
        parts = []
        while piece := self.socket.recv(65_536):
            parts.append(piece)
        return b"".join(parts)


def test_a_denied_upload_hears_so_before_its_body(site: Any, bucket: str) -> None:
    raw = RawS3(site.gateway.port, site.credentials("reader"))
    signed = raw.sign("PUT", f"/{bucket}/k", payload_hash="UNSIGNED-PAYLOAD")
    with Wire(site.gateway.port) as wire:
        wire.send_head(
            "PUT", f"/{bucket}/k", [*signed, ("Content-Length", "1000000000"), ("Expect", "100-continue")]
        )
        answer = wire.read_until_closed()
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert b"<Code>AccessDenied</Code>" in answer
        assert b"100 Continue" not in answer


def test_an_allowed_upload_is_told_to_continue(site: Any, raw: RawS3, bucket: str) -> None:
    signed = raw.sign("PUT", f"/{bucket}/k", payload_hash=hex_hash(b"hello"))
    with Wire(site.gateway.port) as wire:
        wire.send_head("PUT", f"/{bucket}/k", [*signed, ("Content-Length", "5"), ("Expect", "100-continue")])
        assert wire.socket.recv(65_536).startswith(b"HTTP/1.1 100 Continue\r\n")
        wire.socket.sendall(b"hello")
        assert wire.socket.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_a_denied_upload_that_did_not_wait_can_still_read_its_refusal(site: Any, bucket: str) -> None:
    raw = RawS3(site.gateway.port, site.credentials("reader"))
    body = b"x" * 5_000_000
    answer = raw.ask("PUT", f"/{bucket}/k", body=body, payload_hash="UNSIGNED-PAYLOAD")
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert answer.headers["connection"] == "close"


def test_a_refused_request_without_body_keeps_its_connection(site: Any, bucket: str) -> None:
    raw = RawS3(site.gateway.port, site.credentials("nobody"))
    answer = raw.ask("GET", f"/{bucket}/k")
    assert answer.status == 403
    assert answer.headers.get("connection") != "close"


def test_a_client_that_leaves_mid_upload_leaves_no_object(site: Any, raw: RawS3, bucket: str) -> None:
    signed = raw.sign("PUT", f"/{bucket}/half", payload_hash="UNSIGNED-PAYLOAD")
    with Wire(site.gateway.port) as wire:
        wire.send_head("PUT", f"/{bucket}/half", [*signed, ("Content-Length", "1000000")])
        wire.socket.sendall(b"x" * 500_000)
        wire.socket.close()
        assert raw.ask("PUT", f"/{bucket}/after", body=b"1").status == 200
        assert raw.ask("GET", f"/{bucket}/half").code == "NoSuchKey"


def test_a_refused_precondition_ends_an_upload_early(raw: RawS3, bucket: str) -> None:
    assert raw.ask("PUT", f"/{bucket}/once", body=b"first").status == 200
    headers = [("If-None-Match", "*")]
    body = b"x" * 4_000_000
    answer = raw.ask("PUT", f"/{bucket}/once", body=body, payload_hash="UNSIGNED-PAYLOAD", headers=headers)
    assert answer.status == 412
    assert raw.ask("GET", f"/{bucket}/once").body == b"first"


def test_two_requests_share_one_connection(site: Any, raw: RawS3, bucket: str) -> None:
    with Wire(site.gateway.port) as wire:
        for _ in range(3):
            wire.send_head("GET", f"/{bucket}?list-type=2", raw.sign("GET", f"/{bucket}?list-type=2"))
            received = b""
            while not received.endswith(b"</ListBucketResult>"):
                received += wire.socket.recv(65_536)
            assert received.startswith(b"HTTP/1.1 200 ")


def test_the_empty_hash_is_the_hash_of_nothing() -> None:
    assert hex_hash(b"") == EMPTY_HASH
