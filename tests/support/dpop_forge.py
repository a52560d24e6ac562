"""DPoP proofs with one thing wrong: written here by hand, apart from the code under test."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

VECTORS = Path(__file__).parent.parent / "vectors"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
TARGET = "https://signin.example.test/v1/token"
NOW = 1_767_225_600


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()
"""As a changed member's value: leave the member out."""


def load_vector(name: str) -> Any:
    """The JSON of `tests/vectors/<name>`."""
    return json.loads((VECTORS / name).read_text())


def load_private_key(pem: str) -> ec.EllipticCurvePrivateKey:
    """A vector's key."""
    key = load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def b64u(raw: bytes) -> str:
    """Base64url without padding, from the standard library alone."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def jwk_of(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """The key's public JWK."""
    numbers = key.public_key().public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": b64u(numbers.x.to_bytes(32, "big")),
        "y": b64u(numbers.y.to_bytes(32, "big")),
    }


def thumbprint_of(key: ec.EllipticCurvePrivateKey) -> str:
    """RFC 7638, by sorting members rather than by knowing their order."""
    canonical = json.dumps(jwk_of(key), sort_keys=True, separators=(",", ":"))
    return b64u(hashlib.sha256(canonical.encode()).digest())


def sign(
    key: ec.EllipticCurvePrivateKey, header: bytes, payload: bytes, *, want_low_s: bool | None = None
) -> str:
    """A compact JWS over these exact bytes; `want_low_s` chooses between the two valid signatures."""
    signing_input = f"{b64u(header)}.{b64u(payload)}"
    r, s = decode_dss_signature(key.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256())))
    if want_low_s is not None and (s <= P256_ORDER // 2) != want_low_s:
        s = P256_ORDER - s
    return f"{signing_input}.{b64u(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def forge_proof(
    key: ec.EllipticCurvePrivateKey,
    *,
    header: dict[str, Any] | None = None,
    claims: dict[str, Any] | None = None,
    indent: int | None = None,
    want_low_s: bool | None = None,
) -> str:
    """A good proof, except for the members given."""
    parts = (
        {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk_of(key)} | (header or {}),
        {"htm": "POST", "htu": TARGET, "iat": NOW, "jti": "one-of-a-kind"} | (claims or {}),
    )
    encoded = [
        json.dumps(
            {name: member for name, member in part.items() if member is not ABSENT}, indent=indent
        ).encode()
        for part in parts
    ]
    return sign(key, encoded[0], encoded[1], want_low_s=want_low_s)
