"""Proof Key for Code Exchange with SHA-256, the only transform (RFC 7636).

`S256` is the RFC's name and `SHA-256` is AWS's name for the same transform. `plain` is not offered.
Comparison is constant time and inside.
"""

import hashlib
import hmac
import re

from daypass.errors import LocalProtocolError
from daypass.protocol.jose import base64url
from daypass.protocol.oauth.errors import InvalidRequest

__all__ = ["CHALLENGE_METHODS", "code_challenge", "is_code_challenge", "verify_code_verifier"]

CHALLENGE_METHODS = frozenset({"S256", "SHA-256"})

_is_unreserved_text = re.compile(r"[A-Za-z0-9\-._~]{43,128}", re.ASCII).fullmatch
"""RFC 7636 §4.1: 43..128 unreserved characters, for the verifier and (AWS's bound) the challenge."""


def code_challenge(verifier: str) -> str:
    """BASE64URL(SHA256(ASCII(verifier))), 43 characters (RFC 7636 §4.2). Raises LocalProtocolError."""
    if not _is_unreserved_text(verifier):
        raise LocalProtocolError("the code verifier is not 43 to 128 unreserved characters")
    return _transform(verifier)


def is_code_challenge(code_challenge: str) -> bool:
    """Has this received challenge, without padding, a length and alphabet AWS documents?"""
    return _is_unreserved_text(code_challenge) is not None


def verify_code_verifier(code_verifier: str, code_challenge: str) -> None:
    """Raise InvalidRequest unless the verifier transforms into the challenge (RFC 7636 §4.6).

    Padding at the challenge's end does not count: not every client removes it.
    """
    if not _is_unreserved_text(code_verifier):
        raise InvalidRequest("codeVerifier must be 43 to 128 unreserved characters")
    expected = code_challenge.rstrip("=").encode("utf-8", "replace")
    if not hmac.compare_digest(_transform(code_verifier).encode("ascii"), expected):
        raise InvalidRequest("codeVerifier does not match the code challenge")


def _transform(verifier: str) -> str:
    return base64url.encode(hashlib.sha256(verifier.encode("ascii")).digest())
