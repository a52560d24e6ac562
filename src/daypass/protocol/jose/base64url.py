"""Base64url without padding, one spelling per value (RFC 7515 §2 and appendix C, RFC 4648 §5 and §3.5).

Decoding is strict: no padding, no white space, no other alphabet, and no spare bits set in the last
character. So a text that decodes is the only text that decodes to those bytes, and a signed value cannot
be respelt.
"""

import binascii

from daypass.errors import RemoteProtocolError

__all__ = ["decode", "encode"]

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/\x00\x00\x00")
"""What is not of this alphabet becomes what the strict decoder refuses."""
_PADDING = (b"", b"", b"==", b"=")
"""By length modulo four. One left over is never valid; decoding then fails by itself."""
_LAST = ("", "", "AQgw", "AEIMQUYcgkosw048")
"""By length modulo four: the last characters whose spare bits are zero."""


def encode(raw: bytes) -> str:
    """Bytes to text."""
    return binascii.b2a_base64(raw, newline=False).translate(_TO_URL, b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Text to bytes. Raises RemoteProtocolError for anything `encode` would not have written."""
    rest = len(text) % 4
    if rest and text[-1] not in _LAST[rest]:
        raise RemoteProtocolError("not canonical base64url without padding")
    try:
        standard = text.encode("ascii").translate(_FROM_URL) + _PADDING[rest]
        return binascii.a2b_base64(standard, strict_mode=True)
    except ValueError:
        raise RemoteProtocolError("not base64url") from None
