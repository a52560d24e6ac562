"""Chunked bodies: published examples, bodies of real SDKs, every split, every lie refused."""

import hmac
import io
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import awscrt.auth
import awscrt.http
import pytest
from botocore.httpchecksum import AwsChunkedWrapper, CrtCrc32cChecksum, Sha256Checksum

from daypass.errors import LocalProtocolError
from daypass.protocol.aws.chunk_encoder import TrailerEncoder
from daypass.protocol.aws.errors import AwsError, IncompleteBody, MalformedTrailer, SignatureDoesNotMatch
from daypass.protocol.aws.sigv4 import (
    S3_RULES,
    SigningKey,
    WireRequest,
    derive_signing_key,
    find_signature,
    verify_signature,
)
from daypass.protocol.aws.sigv4_chunks import (
    SIGNED_CHUNKS,
    SIGNED_CHUNKS_WITH_TRAILER,
    UNSIGNED_CHUNKS_WITH_TRAILER,
    ChunkDecoder,
)
from daypass.secret import Secret

EXAMPLE_SECRET = Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
EXAMPLE_KEY = SigningKey(
    key=derive_signing_key(EXAMPLE_SECRET, date="20130524", region="us-east-1", service="s3"),
    scope="20130524/us-east-1/s3/aws4_request",
    amz_date="20130524T000000Z",
    seed_signature="4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    algorithm="AWS4-HMAC-SHA256",
)
_CHUNK = b"%s;chunk-signature=%s\r\n%s\r\n"
PUBLISHED_SIGNED = b"".join(
    (
        _CHUNK
        % (b"10000", b"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648", b"a" * 65536),
        _CHUNK % (b"400", b"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497", b"a" * 1024),
        _CHUNK % (b"0", b"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9", b""),
    )
)
"""The example of S3's "Transferring payload in multiple chunks": 66560 times `a` as 64 KiB and 1 KiB."""
TRAILER_KEY = SigningKey(
    EXAMPLE_KEY.key,
    EXAMPLE_KEY.scope,
    EXAMPLE_KEY.amz_date,
    "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    EXAMPLE_KEY.algorithm,
)
PUBLISHED_WITH_TRAILER = b"".join(
    (
        _CHUNK
        % (b"10000", b"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2", b"a" * 65536),
        _CHUNK % (b"400", b"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7", b"a" * 1024),
        b"0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n",
        b"x-amz-checksum-crc32c:sOO8/Q==\r\n",
        b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n",
    )
)
"""The example with a trailing checksum, of "Signature calculations … including trailing headers"."""


def _decode(decoder: ChunkDecoder, pieces: Iterable[bytes]) -> tuple[bytes, dict[str, str]]:
    payload = b"".join(part for piece in pieces for part in decoder.feed(piece))
    return payload, decoder.finish()


def _sign_chunks(key: SigningKey, chunks: list[bytes], trailers: dict[str, str] | None = None) -> bytes:
    """Written from the specification, apart from the code under test."""
    previous, body = key.seed_signature, b""

    def chained(kind: str, hashes: str) -> str:
        text = f"{kind}\n{key.amz_date}\n{key.scope}\n{previous}\n{hashes}"
        return hmac.new(key.key, text.encode(), "sha256").hexdigest()

    for chunk in [*chunks, b""]:
        empty = sha256(b"").hexdigest()
        previous = chained("AWS4-HMAC-SHA256-PAYLOAD", f"{empty}\n{sha256(chunk).hexdigest()}")
        body += (
            f"{len(chunk):x};chunk-signature={previous}\r\n".encode() + chunk + (b"\r\n" if chunk else b"")
        )
    if trailers is not None:
        canonical = "".join(f"{name}:{value}\n" for name, value in sorted(trailers.items()))
        previous = chained("AWS4-HMAC-SHA256-TRAILER", sha256(canonical.encode()).hexdigest())
        body += "".join(f"{name}:{value}\r\n" for name, value in trailers.items()).encode()
        body += f"x-amz-trailer-signature:{previous}\r\n".encode()
    return body + b"\r\n"


def test_the_published_signed_example_decodes() -> None:
    decoder = ChunkDecoder(SIGNED_CHUNKS, decoded_length=66560, signing_key=EXAMPLE_KEY)
    assert _decode(decoder, [PUBLISHED_SIGNED]) == (b"a" * 66560, {})


def test_the_published_example_with_a_trailer_decodes() -> None:
    decoder = ChunkDecoder(
        SIGNED_CHUNKS_WITH_TRAILER,
        decoded_length=66560,
        signing_key=TRAILER_KEY,
        trailer_names=["X-Amz-Checksum-Crc32c"],
    )
    assert _decode(decoder, [PUBLISHED_WITH_TRAILER]) == (b"a" * 66560, {"x-amz-checksum-crc32c": "sOO8/Q=="})


CHUNKS = [b"hello ", b"w", b"\r\n0\r\n", b"orld" * 3]
PLAIN = b"".join(CHUNKS)
TRAILERS = {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-meta-more": "b c"}


def _signed() -> ChunkDecoder:
    return ChunkDecoder(SIGNED_CHUNKS, decoded_length=len(PLAIN), signing_key=EXAMPLE_KEY)


def _signed_with_trailer() -> ChunkDecoder:
    return ChunkDecoder(
        SIGNED_CHUNKS_WITH_TRAILER, decoded_length=len(PLAIN), signing_key=EXAMPLE_KEY, trailer_names=TRAILERS
    )


def _unsigned() -> ChunkDecoder:
    return ChunkDecoder(
        UNSIGNED_CHUNKS_WITH_TRAILER,
        decoded_length=len(PLAIN),
        signing_key=None,
        trailer_names=["x-amz-checksum-sha256"],
    )


def _botocore_body() -> bytes:
    return AwsChunkedWrapper(
        io.BytesIO(PLAIN), checksum_cls=Sha256Checksum, checksum_name="x-amz-checksum-sha256", chunk_size=7
    ).read()


KINDS: list[tuple[str, Callable[[], ChunkDecoder], bytes]] = [
    ("signed", _signed, _sign_chunks(EXAMPLE_KEY, CHUNKS)),
    ("signed-trailer", _signed_with_trailer, _sign_chunks(EXAMPLE_KEY, CHUNKS, TRAILERS)),
    ("unsigned-trailer", _unsigned, _botocore_body()),
]
every_kind = pytest.mark.parametrize(("kind", "decoder", "body"), KINDS, ids=[kind[0] for kind in KINDS])


@every_kind
def test_a_body_split_at_any_byte_decodes_the_same(
    kind: str, decoder: Callable[[], ChunkDecoder], body: bytes
) -> None:
    whole = _decode(decoder(), [body])
    assert whole[0] == PLAIN
    for position in range(len(body) + 1):
        assert _decode(decoder(), [body[:position], body[position:]]) == whole
    assert _decode(decoder(), [body[i : i + 1] for i in range(len(body))]) == whole


@every_kind
def test_the_last_byte_is_withheld_until_everything_is_proven(
    kind: str, decoder: Callable[[], ChunkDecoder], body: bytes
) -> None:
    one = decoder()
    assert b"".join(one.feed(body[:-1])) == PLAIN[:-1]
    assert b"".join(one.feed(body[-1:])) == PLAIN[-1:]


@every_kind
def test_a_body_cut_anywhere_is_incomplete(
    kind: str, decoder: Callable[[], ChunkDecoder], body: bytes
) -> None:
    for position in range(len(body)):
        one = decoder()
        assert b"".join(one.feed(body[:position])) != PLAIN
        with pytest.raises(IncompleteBody):
            one.finish()


@every_kind
def test_a_changed_byte_never_completes_a_changed_body(
    kind: str, decoder: Callable[[], ChunkDecoder], body: bytes
) -> None:
    """Signed kinds refuse every change of meaning; the unsigned one keeps its length and shape."""
    for position in range(len(body)):
        for bit in range(8):
            changed = body[:position] + bytes((body[position] ^ (1 << bit),)) + body[position + 1 :]
            try:
                payload, trailers = _decode(decoder(), [changed])
            except AwsError:
                continue
            assert len(payload) == len(PLAIN)
            if kind != "unsigned-trailer":
                assert payload == PLAIN
                assert trailers == ({} if kind == "signed" else TRAILERS)


@every_kind
def test_a_refused_body_stays_refused(kind: str, decoder: Callable[[], ChunkDecoder], body: bytes) -> None:
    one = decoder()
    with pytest.raises(AwsError):
        one.feed(b"zz" + body)
    with pytest.raises(IncompleteBody):
        one.feed(body)
    with pytest.raises(IncompleteBody):
        one.finish()


@every_kind
def test_bytes_after_the_end_are_refused(kind: str, decoder: Callable[[], ChunkDecoder], body: bytes) -> None:
    with pytest.raises(IncompleteBody):
        decoder().feed(body + b"x")


def test_chunks_in_another_order_are_refused() -> None:
    body = _sign_chunks(EXAMPLE_KEY, [b"aaaa", b"bbbb"])
    line = len(body.split(b"\r\n")[0]) + 2
    size = line + 4 + 2
    swapped = body[size : 2 * size] + body[:size] + body[2 * size :]
    decoder = ChunkDecoder(SIGNED_CHUNKS, decoded_length=8, signing_key=EXAMPLE_KEY)
    with pytest.raises(SignatureDoesNotMatch):
        decoder.feed(swapped)


def test_a_body_of_another_request_is_refused() -> None:
    other = SigningKey(
        EXAMPLE_KEY.key, EXAMPLE_KEY.scope, EXAMPLE_KEY.amz_date, "0" * 64, EXAMPLE_KEY.algorithm
    )
    with pytest.raises(SignatureDoesNotMatch):
        _signed().feed(_sign_chunks(other, CHUNKS))


@pytest.mark.parametrize("missing", ["signature", "value"])
def test_a_trailer_without_its_signature_or_with_another_value_is_refused(missing: str) -> None:
    body = _sign_chunks(EXAMPLE_KEY, CHUNKS, TRAILERS)
    if missing == "signature":
        start = body.index(b"x-amz-trailer-signature")
        body = body[:start] + b"\r\n"
    else:
        body = body.replace(b"AAAAAA==", b"AAAAAB==")
    with pytest.raises(SignatureDoesNotMatch):
        _signed_with_trailer().feed(body)


@pytest.mark.parametrize("difference", [-1, 1])
@every_kind
def test_the_decoded_length_must_be_the_declared_one(
    kind: str, decoder: Callable[[], ChunkDecoder], body: bytes, difference: int
) -> None:
    mode = {"signed": SIGNED_CHUNKS, "signed-trailer": SIGNED_CHUNKS_WITH_TRAILER}.get(
        kind, UNSIGNED_CHUNKS_WITH_TRAILER
    )
    one = ChunkDecoder(mode, decoded_length=len(PLAIN) + difference, signing_key=EXAMPLE_KEY)
    with pytest.raises(IncompleteBody, match="x-amz-decoded-content-length"):
        one.feed(body)


def test_a_chunk_beyond_the_declared_length_is_refused_at_its_header() -> None:
    decoder = ChunkDecoder(UNSIGNED_CHUNKS_WITH_TRAILER, decoded_length=4, signing_key=None)
    assert decoder.feed(b"3\r\nabc\r\n") == [b"ab"]
    with pytest.raises(IncompleteBody, match="longer than x-amz-decoded-content-length"):
        decoder.feed(b"2\r\n")


@pytest.mark.parametrize("between", [b"x\r\n", b"\n\r\n", b"0\r\n"])
def test_a_chunk_must_end_where_its_header_says(between: bytes) -> None:
    decoder = ChunkDecoder(UNSIGNED_CHUNKS_WITH_TRAILER, decoded_length=3, signing_key=None)
    with pytest.raises(IncompleteBody, match="does not end where its header says"):
        decoder.feed(b"3\r\nabc" + between + b"0\r\n\r\n")


@pytest.mark.parametrize("header", [b"-1", b"+1", b" 1", b"0x1", b"1_0", b"1;a=b", b"", b"\xb2", b"1" * 17])
def test_a_malformed_chunk_size_is_refused(header: bytes) -> None:
    with pytest.raises(IncompleteBody, match="malformed"):
        _unsigned().feed(header + b"\r\nx\r\n")


def test_an_endless_chunk_header_is_refused_early() -> None:
    decoder = _unsigned()
    for _ in range(256):
        decoder.feed(b"1")
    with pytest.raises(IncompleteBody):
        decoder.feed(b"1")


@pytest.mark.parametrize(
    "trailers",
    [
        b"x-amz-checksum-sha256:a\r\nx-amz-checksum-sha256:a\r\n",
        b"x-amz-checksum-crc32:a\r\n",
        b"x-amz-checksum-sha256\r\n",
        b"x-amz-checksum-sha256:a\x00\r\n",
        b": a\r\n",
        b"x-amz-trailer-signature:" + b"0" * 64 + b"\r\n",
        b"",
        b"x-amz-checksum-sha256:" + b"a" * 5000,
    ],
)
def test_trailers_other_than_the_announced_ones_are_refused(trailers: bytes) -> None:
    decoder = _unsigned()
    decoder.feed(f"{len(PLAIN):x}\r\n".encode() + PLAIN + b"\r\n0\r\n")
    with pytest.raises(MalformedTrailer):
        decoder.feed(trailers + b"\r\n")


def test_a_trailer_line_that_ends_in_an_extra_line_feed_is_read() -> None:
    """One widely used Go client writes `name:value\\n` and then the line break."""
    body = f"{len(PLAIN):x}\r\n".encode() + PLAIN + b"\r\n0\r\nx-amz-checksum-sha256:abc=\n\r\n\r\n"
    assert _decode(_unsigned(), [body]) == (PLAIN, {"x-amz-checksum-sha256": "abc="})


def test_an_empty_body_is_a_body() -> None:
    decoder = ChunkDecoder(SIGNED_CHUNKS, decoded_length=0, signing_key=EXAMPLE_KEY)
    assert _decode(decoder, [_sign_chunks(EXAMPLE_KEY, [])]) == (b"", {})
    decoder = ChunkDecoder(UNSIGNED_CHUNKS_WITH_TRAILER, decoded_length=0, signing_key=None)
    assert _decode(decoder, [b"0\r\n\r\n"]) == (b"", {})


def test_memory_does_not_grow_with_the_body() -> None:
    size = 1 << 20
    decoder = ChunkDecoder(UNSIGNED_CHUNKS_WITH_TRAILER, decoded_length=64 * size, signing_key=None)
    decoder.feed(f"{64 * size:x}\r\n".encode())
    piece = b"z" * size
    for _ in range(64):
        given = sum(map(len, decoder.feed(piece)))
        assert given >= size - 1
        assert len(decoder._line) <= 256
        assert len(decoder._withheld) == 1


@pytest.mark.parametrize("chunk_size", [1, 3, 1024])
@pytest.mark.parametrize("checksum", [(Sha256Checksum, "sha256"), (CrtCrc32cChecksum, "crc32c")])
def test_bodies_of_botocore_decode(checksum: tuple[Any, str], chunk_size: int) -> None:
    name = f"x-amz-checksum-{checksum[1]}"
    wrapper = AwsChunkedWrapper(
        io.BytesIO(PLAIN), checksum_cls=checksum[0], checksum_name=name, chunk_size=chunk_size
    )
    expected = checksum[0]()
    expected.update(PLAIN)
    decoder = ChunkDecoder(
        UNSIGNED_CHUNKS_WITH_TRAILER, decoded_length=len(PLAIN), signing_key=None, trailer_names=[name]
    )
    assert _decode(decoder, wrapper) == (PLAIN, {name: expected.b64digest()})


def test_chunks_chain_from_a_request_the_c_runtime_signed() -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    request = awscrt.http.HttpRequest(
        "PUT",
        "/bucket/key",
        awscrt.http.HttpHeaders([("Host", "s3.example"), ("x-amz-decoded-content-length", str(len(PLAIN)))]),
    )
    config = awscrt.auth.AwsSigningConfig(
        credentials_provider=awscrt.auth.AwsCredentialsProvider.new_static("AKID", EXAMPLE_SECRET.reveal()),
        date=now,
        region="us-east-1",
        service="s3",
        use_double_uri_encode=False,
        should_normalize_uri_path=False,
        signed_body_value=awscrt.auth.AwsSignedBodyValue.STREAMING_AWS4_HMAC_SHA256_PAYLOAD,
        signed_body_header_type=awscrt.auth.AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256,
    )
    awscrt.auth.aws_sign_request(request, config).result(10)
    wire = WireRequest("PUT", "/bucket/key", "", tuple(request.headers))
    signature = find_signature(wire)
    assert signature.claimed_payload == SIGNED_CHUNKS
    key = verify_signature(
        signature,
        wire,
        EXAMPLE_SECRET,
        now=int(now.timestamp()),
        rules=S3_RULES,
        payload_hash=signature.claimed_payload,
    )
    decoder = ChunkDecoder(signature.claimed_payload, decoded_length=len(PLAIN), signing_key=key)
    assert _decode(decoder, [_sign_chunks(key, CHUNKS)]) == (PLAIN, {})


def test_signed_chunks_without_a_key_are_a_mistake_of_ours() -> None:
    with pytest.raises(LocalProtocolError):
        ChunkDecoder(SIGNED_CHUNKS, decoded_length=1, signing_key=None)
    with pytest.raises(LocalProtocolError):
        ChunkDecoder("UNSIGNED-PAYLOAD", decoded_length=1, signing_key=None)


# ---- the encoder ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 4, 5, 6, 15, 16, 17, 4095, 70_000])
@pytest.mark.parametrize("chunk_bytes", [5, 16, 65_536])
@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_what_the_encoder_frames_has_the_promised_length_and_decodes(
    length: int, chunk_bytes: int, piece: int
) -> None:
    payload = bytes(i % 251 for i in range(length))
    encoder = TrailerEncoder(length, trailer_lengths={"x-amz-checksum-crc32": 8}, chunk_bytes=chunk_bytes)
    body = b"".join(encoder.frame(payload[i : i + piece]) for i in range(0, length, piece))
    body += encoder.finish({"x-amz-checksum-crc32": "AAAAAA=="})
    assert len(body) == encoder.encoded_length
    decoder = ChunkDecoder(
        UNSIGNED_CHUNKS_WITH_TRAILER,
        decoded_length=length,
        signing_key=None,
        trailer_names=["x-amz-checksum-crc32"],
    )
    assert _decode(decoder, [body]) == (payload, {"x-amz-checksum-crc32": "AAAAAA=="})


def test_the_encoder_refuses_what_would_break_its_promise() -> None:
    with pytest.raises(LocalProtocolError):
        TrailerEncoder(1, trailer_lengths={}).frame(b"ab")
    with pytest.raises(LocalProtocolError):
        TrailerEncoder(1, trailer_lengths={}).finish({})
    with pytest.raises(LocalProtocolError):
        TrailerEncoder(0, trailer_lengths={"a": 1}).finish({"a": "12"})
    with pytest.raises(LocalProtocolError):
        TrailerEncoder(-1, trailer_lengths={})
