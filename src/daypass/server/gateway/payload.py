"""What a request says about its body, and the checks that prove it while the body streams by.

A body is `Payload`: how it is framed, how long it is, which hashes it must have. `verified_pieces` passes
payload on as it arrives but gives out the last piece only after every check has held, so the backend never
holds a complete body that was refused. Modes: S3 API reference, "Authenticating requests: using the
Authorization header", and "Checking object integrity" for checksums.
"""

import base64
import hmac
import re
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from hashlib import md5, sha1, sha256
from typing import Protocol

from daypass.protocol.aws.errors import IncompleteBody, InvalidRequest
from daypass.protocol.aws.sigv4 import UNSIGNED_PAYLOAD, SigningKey
from daypass.protocol.aws.sigv4_chunks import CHUNK_MODES, SIGNED_CHUNKS, ChunkDecoder
from daypass.server.gateway.errors import (
    BadDigest,
    ContentHashMismatch,
    EntityTooLarge,
    InvalidArgument,
    MissingContentLength,
    NotImplementedHere,
)
from daypass.server.gateway.operation_table import BodyKind

__all__ = ["MAX_DOCUMENT_BYTES", "Payload", "check_empty_payload", "read_payload", "verified_pieces"]

MAX_DOCUMENT_BYTES = 4 * 1024 * 1024
"""A CompleteMultipartUpload of 10 000 parts with checksums is about half of this."""
MAX_OBJECT_BYTES = 5 * 1024**3
"""One PUT or part (S3 user guide, "Uploading objects")."""
_is_sha256 = re.compile(r"[0-9a-f]{64}").fullmatch
_is_length = re.compile(r"[0-9]{1,15}").fullmatch


class _Hasher(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


def _md5() -> _Hasher:
    return md5(usedforsecurity=False)


def _sha1() -> _Hasher:
    return sha1(usedforsecurity=False)


_CHECKSUMS: Mapping[str, Callable[[], _Hasher]] = {
    "content-md5": _md5,
    "x-amz-checksum-crc32": _Crc32,
    "x-amz-checksum-sha1": _sha1,
    "x-amz-checksum-sha256": sha256,
}
"""Those we can compute; the others (crc32c, crc64nvme) are the backend's to check."""


@dataclass(frozen=True, slots=True)
class Payload:
    """One body, described."""

    length: int
    """Payload bytes, without any chunk framing."""
    content_hash: str
    """Lower-case hexadecimal SHA-256 it must have, or empty."""
    chunk_mode: str
    """One of CHUNK_MODES, or empty for an unframed body."""
    trailer_names: tuple[str, ...]
    """Lower case; only with a trailing chunk mode."""
    checksums: Mapping[str, str]
    """Checksum header name to its claimed value."""

    @property
    def is_empty(self) -> bool:
        """No byte follows the header, not even a frame."""
        return not self.length and not self.chunk_mode


def read_payload(claimed_payload: str, headers: Mapping[str, str], *, body: BodyKind) -> Payload:
    """`claimed_payload` is the signed x-amz-content-sha256 value.

    Raises InvalidRequest, InvalidArgument, MissingContentLength, EntityTooLarge, NotImplementedHere.
    """
    chunk_mode = claimed_payload if claimed_payload in CHUNK_MODES else ""
    is_hash = bool(_is_sha256(claimed_payload))
    if not (chunk_mode or is_hash or claimed_payload == UNSIGNED_PAYLOAD):
        if claimed_payload.startswith("STREAMING-"):
            raise NotImplementedHere("This streaming payload mode is not supported by this gateway")
        raise InvalidArgument(
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING- mode, or a valid sha256 value"
        )
    length = _read_length(headers, is_chunked=bool(chunk_mode), body=body)
    if body == "none" and length:
        raise InvalidRequest("This operation takes no request body")
    if length > (MAX_OBJECT_BYTES if body == "object" else MAX_DOCUMENT_BYTES):
        raise EntityTooLarge("Your proposed upload exceeds the maximum allowed size")
    return Payload(
        length,
        claimed_payload if is_hash else "",
        chunk_mode,
        _read_trailer_names(headers, chunk_mode),
        {name: headers[name] for name in _CHECKSUMS if name in headers},
    )


def _read_length(headers: Mapping[str, str], *, is_chunked: bool, body: BodyKind) -> int:
    text = headers.get("x-amz-decoded-content-length" if is_chunked else "content-length")
    if text is None:
        if not is_chunked and body != "object" and "transfer-encoding" not in headers:
            return 0
        raise MissingContentLength("You must provide the Content-Length HTTP header.")
    if not _is_length(text):
        raise InvalidArgument("The length of the request body is not a number")
    return int(text)


def _read_trailer_names(headers: Mapping[str, str], chunk_mode: str) -> tuple[str, ...]:
    names = [name.strip(" \t").lower() for name in headers.get("x-amz-trailer", "").split(",")]
    found = tuple(name for name in names if name)
    if not found:
        return ()
    if chunk_mode in ("", SIGNED_CHUNKS):
        raise InvalidRequest("x-amz-trailer needs a payload mode with a trailer")
    if any(not name.startswith("x-amz-checksum-") for name in found) or len(set(found)) != len(found):
        raise InvalidRequest("The value specified in the x-amz-trailer header is not supported")
    return found


class _Checks:
    """Every hash one body must have."""

    def __init__(self, payload: Payload) -> None:
        self._content_hash = payload.content_hash
        self._content_hasher = sha256()
        self._expected = dict(payload.checksums)
        names = (*payload.checksums, *(name for name in payload.trailer_names if name in _CHECKSUMS))
        self._hashers = {name: _CHECKSUMS[name]() for name in names}
        self._left = payload.length

    def update(self, piece: bytes) -> None:
        self._left -= len(piece)
        if self._left < 0:
            raise IncompleteBody("The request body is longer than declared")
        if self._content_hash:
            self._content_hasher.update(piece)
        for hasher in self._hashers.values():
            hasher.update(piece)

    def verify(self, trailers: Mapping[str, str]) -> None:
        if self._left:
            raise IncompleteBody("You did not provide the number of bytes specified by the request")
        if self._content_hash and not hmac.compare_digest(
            self._content_hasher.hexdigest(), self._content_hash
        ):
            raise ContentHashMismatch(
                "The provided 'x-amz-content-sha256' header does not match what was computed."
            )
        claimed = {**self._expected, **trailers}
        for name, hasher in self._hashers.items():
            computed = base64.b64encode(hasher.digest())
            if not hmac.compare_digest(computed, claimed[name].encode("utf-8", "replace")):
                raise BadDigest(f"The {name} you specified did not match the calculated checksum.")


def check_empty_payload(payload: Payload) -> None:
    """The hashes claimed for an empty body are those of nothing. Raises like `verified_pieces`."""
    _Checks(payload).verify({})


async def verified_pieces(
    payload: Payload, pieces: AsyncIterator[bytes], signing_key: SigningKey, trailers: dict[str, str]
) -> AsyncIterator[bytes]:
    """The payload's bytes; the last piece comes only after everything was proven. `trailers` is filled then.

    Raises SignatureDoesNotMatch, ContentHashMismatch, BadDigest, IncompleteBody, MalformedTrailer.
    """
    checks = _Checks(payload)
    decoder = _decoder(payload, signing_key)
    withheld = b""
    async for arrived in pieces:
        piece = arrived if decoder is None else b"".join(decoder.feed(arrived))
        if not piece:
            continue
        checks.update(piece)
        if withheld:
            yield withheld
        withheld = piece
    if decoder is not None:
        trailers.update(decoder.finish())
    checks.verify(trailers)
    if withheld:
        yield withheld


def _decoder(payload: Payload, signing_key: SigningKey) -> ChunkDecoder | None:
    if not payload.chunk_mode:
        return None
    if payload.chunk_mode.startswith("STREAMING-AWS4") and not signing_key.key:
        raise NotImplementedHere("Signed chunks need AWS4-HMAC-SHA256")
    return ChunkDecoder(
        payload.chunk_mode,
        decoded_length=payload.length,
        signing_key=signing_key,
        trailer_names=payload.trailer_names,
    )
