"""Proof Key for Code Exchange (RFC 7636), one transform only.

AWS calls it `SHA-256`, RFC 7636 §4.2 calls it `S256`; both mean base64url(SHA-256(ASCII(verifier))).
`plain` does not exist here.
"""

import hashlib
import hmac
import re

from daypass.protocol.jose import base64url
from daypass.protocol.oauth.errors import InvalidRequest

__all__ = [
    "CHALLENGE_METHODS",
    "code_challenge",
    "is_code_challenge",
    "is_code_verifier",
    "verify_code_verifier",
]

CHALLENGE_METHODS = frozenset({"SHA-256", "S256"})
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}", re.ASCII)
_CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}", re.ASCII)


def is_code_verifier(text: str) -> bool:
    """43..128 unreserved characters (RFC 7636 §4.1)."""
    return _VERIFIER.fullmatch(text) is not None


def is_code_challenge(text: str) -> bool:
    """The 43 characters of a SHA-256 in base64url (RFC 7636 §4.2)."""
    return _CHALLENGE.fullmatch(text) is not None


def code_challenge(verifier: str) -> str:
    """The challenge for a verifier, 43 characters without padding."""
    return base64url.encode(hashlib.sha256(verifier.encode("ascii")).digest())


def verify_code_verifier(code_verifier: str, code_challenge_: str) -> None:
    """Check a verifier against the challenge of the authorization request (RFC 7636 §4.6).

    Constant time. Raises InvalidRequest.
    """
    if not is_code_verifier(code_verifier):
        raise InvalidRequest("the code verifier is malformed")
    if not hmac.compare_digest(code_challenge(code_verifier).encode(), code_challenge_.encode()):
        raise InvalidRequest("the code verifier does not match the code challenge")
