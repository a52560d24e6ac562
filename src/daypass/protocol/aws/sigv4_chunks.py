"""Bodies sent as `aws-chunked`: taking the frame off while proving it, without input or output.

A decoder is fed what arrived and gives back payload; it keeps at most one unfinished header or trailer
line and one payload byte. That byte is the point: the last byte of the body is given out only after
every chunk signature, the trailers and the decoded length are proven, so nobody downstream can hold a
complete body that was refused (S3, "Signature calculations: transferring payload in multiple chunks",
with and without trailing headers). Writing the frame is in `chunk_encoder.py`.
"""

import hmac
import re
from collections.abc import Collection
from enum import Enum, auto
from hashlib import sha256
from typing import Final

from daypass.errors import LocalProtocolError
from daypass.protocol.aws.errors import AwsError, IncompleteBody, MalformedTrailer, SignatureDoesNotMatch
from daypass.protocol.aws.sigv4 import EMPTY_PAYLOAD_HASH, SigningKey

__all__ = [
    "CHUNK_MODES",
    "SIGNED_CHUNKS",
    "SIGNED_CHUNKS_WITH_TRAILER",
    "UNSIGNED_CHUNKS_WITH_TRAILER",
    "ChunkDecoder",
]

SIGNED_CHUNKS: Final = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_CHUNKS_WITH_TRAILER: Final = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_CHUNKS_WITH_TRAILER: Final = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
CHUNK_MODES: Final = frozenset({SIGNED_CHUNKS, SIGNED_CHUNKS_WITH_TRAILER, UNSIGNED_CHUNKS_WITH_TRAILER})

MAX_CHUNK_HEADER_BYTES = 256
MAX_TRAILER_BYTES = 4096
"""All trailing lines together."""

_TRAILER_SIGNATURE = "x-amz-trailer-signature"
_match_signed_header = re.compile(rb"([0-9A-Fa-f]{1,16});chunk-signature=([0-9a-f]{64})").fullmatch
_match_unsigned_header = re.compile(rb"([0-9A-Fa-f]{1,16})").fullmatch
_match_trailer = re.compile(r"([A-Za-z0-9\-]{1,128}):[ \t]*([\x20-\x7e]*)").fullmatch


class _State(Enum):
    CHUNK_HEADER = auto()
    PAYLOAD = auto()
    PAYLOAD_END = auto()
    TRAILER = auto()
    END = auto()
    REFUSED = auto()


class ChunkDecoder:
    """One body on its way through. `feed` what arrives, then `finish`; any refusal is final."""

    def __init__(
        self,
        mode: str,
        *,
        decoded_length: int,
        signing_key: SigningKey | None,
        trailer_names: Collection[str] = (),
    ) -> None:
        """`mode` is one of CHUNK_MODES, `decoded_length` the x-amz-decoded-content-length in bytes,
        `signing_key` what `verify_signature` returned (not used by the unsigned mode), and
        `trailer_names` the names of the x-amz-trailer header, any case."""
        if mode not in CHUNK_MODES or decoded_length < 0:
            raise LocalProtocolError("not a chunked payload mode")
        self._is_signed = mode != UNSIGNED_CHUNKS_WITH_TRAILER
        if self._is_signed and (signing_key is None or not signing_key.key):
            raise LocalProtocolError("signed chunks need the proven signing key")
        self._signing_key = signing_key
        self._previous_signature = signing_key.seed_signature if signing_key is not None else ""
        self._expected_trailers = (
            frozenset(name.lower() for name in trailer_names) if mode != SIGNED_CHUNKS else frozenset()
        )
        self._is_trailer_signed = mode == SIGNED_CHUNKS_WITH_TRAILER
        self._state = _State.CHUNK_HEADER
        self._line = bytearray()
        self._undelivered = decoded_length
        """Declared payload bytes whose chunk header has not been seen yet."""
        self._chunk_left = 0
        self._chunk_hash = sha256()
        self._chunk_signature = ""
        self._withheld = b""
        self._trailers: dict[str, str] = {}
        self._trailer_bytes = 0
        self._trailer_signature = ""

    def feed(self, data: bytes) -> list[bytes]:
        """The payload that can be passed on now.

        Raises SignatureDoesNotMatch, IncompleteBody (framing or length) or MalformedTrailer.
        """
        pieces: list[bytes] = []
        position = 0
        try:
            while position < len(data):
                if self._state is _State.PAYLOAD:
                    position = self._take_payload(data, position, pieces)
                else:
                    position = self._take_line(data, position, pieces)
        except AwsError:
            self._state = _State.REFUSED
            raise
        return pieces

    def finish(self) -> dict[str, str]:
        """The trailers by lower-case name, once the body is complete. Raises IncompleteBody otherwise."""
        if self._state is not _State.END:
            self._state = _State.REFUSED
            raise IncompleteBody("The request body terminated unexpectedly")
        return dict(self._trailers)

    def _take_payload(self, data: bytes, position: int, pieces: list[bytes]) -> int:
        end = min(len(data), position + self._chunk_left)
        if self._withheld:
            pieces.append(self._withheld)
        if end - position > 1:
            pieces.append(data[position : end - 1])
        self._withheld = data[end - 1 : end]
        self._chunk_left -= end - position
        if self._is_signed:
            self._chunk_hash.update(memoryview(data)[position:end])
        if self._chunk_left == 0:
            self._check_chunk_signature()
            self._state = _State.PAYLOAD_END
        return end

    def _take_line(self, data: bytes, position: int, pieces: list[bytes]) -> int:
        """Collect up to a line feed; act when a whole line is there."""
        if self._state in (_State.END, _State.REFUSED):
            raise IncompleteBody("The request body is longer than its frame")
        limit = (
            MAX_TRAILER_BYTES - self._trailer_bytes
            if self._state is _State.TRAILER
            else MAX_CHUNK_HEADER_BYTES
        )
        found = data.find(b"\n", position)
        end = len(data) if found < 0 else found + 1
        if len(self._line) + end - position > limit:
            if self._state is _State.TRAILER:
                raise MalformedTrailer("The trailing fields of the request are too long")
            raise IncompleteBody("A chunk header of the request body is malformed")
        self._line += data[position:end]
        if self._line.endswith(b"\r\n"):
            line = bytes(self._line[:-2])
            self._line.clear()
            self._act_on_line(line, pieces)
        return end

    def _act_on_line(self, line: bytes, pieces: list[bytes]) -> None:
        if self._state is _State.CHUNK_HEADER:
            self._begin_chunk(line)
        elif self._state is _State.TRAILER:
            self._take_trailer(line, pieces)
        elif line:
            raise IncompleteBody("A chunk of the request body does not end where its header says")
        else:
            self._state = _State.CHUNK_HEADER

    def _begin_chunk(self, line: bytes) -> None:
        header = (_match_signed_header if self._is_signed else _match_unsigned_header)(line)
        if header is None:
            raise IncompleteBody("A chunk header of the request body is malformed")
        self._chunk_left = int(header[1], 16)
        self._chunk_signature = header[2].decode() if self._is_signed else ""
        if self._chunk_left > self._undelivered:
            raise IncompleteBody("The request body is longer than x-amz-decoded-content-length")
        self._undelivered -= self._chunk_left
        self._chunk_hash = sha256()
        self._state = _State.PAYLOAD
        if self._chunk_left == 0:
            if self._undelivered:
                raise IncompleteBody("The request body is shorter than x-amz-decoded-content-length")
            self._check_chunk_signature()
            self._state = _State.TRAILER

    def _check_chunk_signature(self) -> None:
        if self._is_signed:
            hashes = f"{EMPTY_PAYLOAD_HASH}\n{self._chunk_hash.hexdigest()}"
            self._check_chained("AWS4-HMAC-SHA256-PAYLOAD", hashes, self._chunk_signature)

    def _check_chained(self, algorithm: str, hashes: str, unverified_signature: str) -> None:
        """Prove one signature that chains from the previous one, and make it the previous one."""
        assert self._signing_key is not None
        key = self._signing_key
        text = f"{algorithm}\n{key.amz_date}\n{key.scope}\n{self._previous_signature}\n{hashes}"
        expected = hmac.digest(key.key, text.encode(), "sha256").hex()
        if not hmac.compare_digest(expected.encode(), unverified_signature.encode()):
            raise SignatureDoesNotMatch(
                "The chunk signature we calculated does not match the signature you provided"
            )
        self._previous_signature = expected

    def _take_trailer(self, line: bytes, pieces: list[bytes]) -> None:
        if not line:
            self._end(pieces)
            return
        self._trailer_bytes += len(line) + 2
        # Some clients sign `name:value\n` and send just that before the line break, so one LF may remain.
        trailer = _match_trailer(line.removesuffix(b"\n").decode("latin-1"))
        if trailer is None:
            raise MalformedTrailer("The trailing fields of the request are not well-formed")
        name, value = trailer[1].lower(), trailer[2].rstrip(" ")
        if name == _TRAILER_SIGNATURE and self._is_trailer_signed and not self._trailer_signature and value:
            self._trailer_signature = value
        elif name in self._expected_trailers and name not in self._trailers and not self._trailer_signature:
            self._trailers[name] = value
        else:
            raise MalformedTrailer("The request has a trailing field that x-amz-trailer does not announce")

    def _end(self, pieces: list[bytes]) -> None:
        if self._trailers.keys() != self._expected_trailers:
            raise MalformedTrailer("A trailing field that x-amz-trailer announces is missing")
        if self._is_trailer_signed:
            canonical = "".join(f"{name}:{self._trailers[name]}\n" for name in sorted(self._trailers))
            hashed = sha256(canonical.encode()).hexdigest()
            self._check_chained("AWS4-HMAC-SHA256-TRAILER", hashed, self._trailer_signature)
        self._state = _State.END
        if self._withheld:
            pieces.append(self._withheld)
            self._withheld = b""
