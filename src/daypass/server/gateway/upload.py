"""How a verified body travels on to the backend: plain, or framed with its checksums as trailing fields.

A checksum that the client sends after the body must also reach the backend after the body, so such a body
is framed again as STREAMING-UNSIGNED-PAYLOAD-TRAILER; chunk signatures end here, they were made with the
caller's key. Every length is known before the first byte, so the backend always gets a Content-Length and a
body cut short is never taken for a whole one.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from daypass.protocol.aws.chunk_encoder import TrailerEncoder
from daypass.protocol.aws.sigv4 import UNSIGNED_PAYLOAD
from daypass.protocol.aws.sigv4_chunks import UNSIGNED_CHUNKS_WITH_TRAILER
from daypass.server.gateway.errors import NotImplementedHere
from daypass.server.gateway.payload import Payload

__all__ = ["Upload", "build_upload"]

_CHECKSUM_LENGTHS: Mapping[str, int] = {
    "x-amz-checksum-crc32": 8,
    "x-amz-checksum-crc32c": 8,
    "x-amz-checksum-crc64nvme": 12,
    "x-amz-checksum-sha1": 28,
    "x-amz-checksum-sha256": 44,
}
"""Base64 characters of each checksum's value."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A body as the backend gets it."""

    pieces: AsyncIterator[bytes]
    content_length: int
    payload_hash: str
    """What x-amz-content-sha256 says to the backend."""
    headers: Mapping[str, str]
    """To be set on the backend's request beside the forwarded ones."""


def build_upload(
    payload: Payload, verified: AsyncIterator[bytes], trailers: Mapping[str, str], *, content_encoding: str
) -> Upload:
    """`trailers` is filled by the time `verified` ends. Raises NotImplementedHere for an unknown checksum."""
    if not payload.trailer_names:
        return Upload(verified, payload.length, UNSIGNED_PAYLOAD, {})
    unknown = [name for name in payload.trailer_names if name not in _CHECKSUM_LENGTHS]
    if unknown:
        raise NotImplementedHere("A checksum algorithm in x-amz-trailer is not supported by this gateway")
    encoder = TrailerEncoder(
        payload.length, trailer_lengths={name: _CHECKSUM_LENGTHS[name] for name in payload.trailer_names}
    )
    headers = {
        "content-encoding": f"aws-chunked,{content_encoding}" if content_encoding else "aws-chunked",
        "x-amz-decoded-content-length": str(payload.length),
        "x-amz-trailer": ",".join(payload.trailer_names),
    }
    return Upload(
        _framed(encoder, verified, trailers), encoder.encoded_length, UNSIGNED_CHUNKS_WITH_TRAILER, headers
    )


async def _framed(
    encoder: TrailerEncoder, verified: AsyncIterator[bytes], trailers: Mapping[str, str]
) -> AsyncIterator[bytes]:
    async for piece in verified:
        yield encoder.frame(piece)
    yield encoder.finish(trailers)
