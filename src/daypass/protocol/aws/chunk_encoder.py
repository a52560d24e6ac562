"""Framing a stream as `aws-chunked` with unsigned chunks and trailing fields.

Chunk sizes follow from the declared length alone, so the exact Content-Length is known before the first
byte and nothing is buffered: each piece goes out as it came, with chunk headers put between
(S3, STREAMING-UNSIGNED-PAYLOAD-TRAILER). Misuse is ours, hence LocalProtocolError.
"""

from collections.abc import Mapping

from daypass.errors import LocalProtocolError

__all__ = ["TrailerEncoder"]

_CHUNK_BYTES = 65_536


class TrailerEncoder:
    """One body on its way out: `frame` each piece, then `finish` with the trailers."""

    def __init__(
        self, decoded_length: int, *, trailer_lengths: Mapping[str, int], chunk_bytes: int = _CHUNK_BYTES
    ) -> None:
        """`decoded_length` in bytes; `trailer_lengths` gives each trailer's name and its value's length."""
        if decoded_length < 0 or chunk_bytes < 1:
            raise LocalProtocolError("a framed body has a length")
        self._left = decoded_length
        self._chunk_left = 0
        self._chunk_bytes = chunk_bytes
        self._trailer_lengths = dict(trailer_lengths)
        self.encoded_length = self._encoded_length(decoded_length)
        """The exact Content-Length of the framed body, in bytes."""

    def _encoded_length(self, decoded_length: int) -> int:
        whole, rest = divmod(decoded_length, self._chunk_bytes)
        length = whole * (len(f"{self._chunk_bytes:x}") + 4) + decoded_length
        if rest:
            length += len(f"{rest:x}") + 4
        length += sum(len(name) + 3 + size for name, size in self._trailer_lengths.items())
        return length + len("0\r\n\r\n")

    def frame(self, data: bytes) -> bytes:
        """The framed form of the next piece."""
        if len(data) > self._left:
            raise LocalProtocolError("the body is longer than declared")
        framed = []
        position = 0
        while position < len(data):
            if self._chunk_left == 0:
                self._chunk_left = min(self._chunk_bytes, self._left)
                framed.append(f"{self._chunk_left:x}\r\n".encode())
            taken = data[position : position + self._chunk_left]
            framed.append(taken)
            position += len(taken)
            self._left -= len(taken)
            self._chunk_left -= len(taken)
            if self._chunk_left == 0:
                framed.append(b"\r\n")
        return b"".join(framed)

    def finish(self, trailers: Mapping[str, str]) -> bytes:
        """The end of the frame."""
        if self._left:
            raise LocalProtocolError("the body is shorter than declared")
        if {name: len(value) for name, value in trailers.items()} != self._trailer_lengths:
            raise LocalProtocolError("the trailers are not the declared ones")
        lines = "".join(f"{name}:{trailers[name]}\r\n" for name in self._trailer_lengths)
        return f"0\r\n{lines}\r\n".encode("latin-1")
