"""Base64url without padding, one spelling per value (RFC 7515 §2 and appendix C, RFC 4648 §5 and §3.5).

Decoding is strict: no padding, no white space, no other alphabet, and no spare bits set in the last
character. So a text that decodes is the only text that decodes to those bytes, and a signed value cannot
be respelt.
"""

import base64

from daypass.errors import RemoteProtocolError

__all__ = ["decode", "encode"]

_PADDING = ("", "", "==", "=")
"""By length modulo four. One left over is never valid; decoding then fails by itself."""


def encode(raw: bytes) -> str:
    """Bytes to text."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Text to bytes. Raises RemoteProtocolError for anything `encode` would not have written."""
    try:
        raw = base64.urlsafe_b64decode(text + _PADDING[len(text) % 4])
    except ValueError:
        raise RemoteProtocolError("not base64url") from None
    # The library skips foreign characters and ignores spare bits. Writing it again shows both.
    if encode(raw) != text:
        raise RemoteProtocolError("not canonical base64url without padding")
    return raw
