"""A signed statement for strangers: which of our principals somebody is (STS reference, "GetWebIdentityToken").

Another service that trusts our issuer's key set takes it instead of a stored key. Signed with ES384 or RS256 under keys
of its own, so it can never pass for an ID token of a login; audiences of the sign-in clients are refused besides.
(RFC 7515; RFC 7518 §3.3, §3.4, §6.2, §6.3)
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.tokens import SessionClaims

__all__ = [
    "Algorithm",
    "NoSigningKey",
    "WebIdentity",
    "build_web_identity_token",
    "web_identity_algorithms",
    "web_identity_jwks",
]

Algorithm = Literal["ES384", "RS256"]
_COORDINATE_BYTES = 48
_NAMESPACE = "https://sts.amazonaws.com/"


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """What the statement says."""

    issuer: str
    claims: SessionClaims
    """Whose credentials asked for it."""
    principal_tags: Tags
    audience: tuple[str, ...]
    request_tags: Tags
    token_id: str
    """Random."""
    region: str
    issued_at: int
    """Epoch seconds."""
    expires_at: int


class NoSigningKey(Exception):
    """The key ring has no key for the algorithm."""


def web_identity_algorithms(ring: KeyRing) -> tuple[Algorithm, ...]:
    """What this ring can sign with."""
    return ("ES384", "RS256") if ring.rsa_keys() else ("ES384",)


def build_web_identity_token(ring: KeyRing, identity: WebIdentity, algorithm: Algorithm = "ES384") -> str:
    """The compact JWT. Raises NoSigningKey."""
    claims, audience = identity.claims, identity.audience
    about = {
        "aws_account": claims.account_id,
        "source_region": identity.region,
        "principal_id": claims.principal_arn,
        "principal_tags": dict(identity.principal_tags) or None,
        "request_tags": dict(identity.request_tags) or None,
    }
    body = {
        "iss": identity.issuer,
        "sub": claims.principal_arn,
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "iat": identity.issued_at,
        "exp": identity.expires_at,
        "jti": identity.token_id,
        _NAMESPACE: {name: value for name, value in about.items() if value is not None},
    }
    return _sign_es384(ring, body) if algorithm == "ES384" else _sign_rs256(ring, body)


def web_identity_jwks(ring: KeyRing) -> list[dict[str, str]]:
    """The public keys of these tokens as JSON Web Keys (RFC 7517 §4): every key of the ring, also those that rest."""
    elliptic = [_ec_jwk(ring, key.key_id) for key in ring.keys]
    return elliptic + [_rsa_jwk(key_id, key.public_key()) for key_id, key in ring.rsa_keys()]


def _sign_es384(ring: KeyRing, body: Mapping[str, object]) -> str:
    key_id = ring.current.key_id
    signing_input = _signing_input("ES384", _ec_kid(key_id), body)
    signature = ring.web_identity_key(key_id).sign(signing_input.encode("ascii"), ec.ECDSA(hashes.SHA384()))
    r, s = decode_dss_signature(signature)
    raw = r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")
    return f"{signing_input}.{_encode(raw)}"


def _sign_rs256(ring: KeyRing, body: Mapping[str, object]) -> str:
    keys = ring.rsa_keys()
    if not keys:
        raise NoSigningKey("the key ring has no RSA key")
    key_id, key = keys[-1]
    signing_input = _signing_input("RS256", _rsa_kid(key_id), body)
    signature = key.sign(signing_input.encode("ascii"), padding.PKCS1v15(), hashes.SHA256())
    return f"{signing_input}.{_encode(signature)}"


def _ec_jwk(ring: KeyRing, key_id: str) -> dict[str, str]:
    """RFC 7518 §6.2."""
    numbers = ring.web_identity_key(key_id).public_key().public_numbers()
    return {
        "kty": "EC",
        "crv": "P-384",
        "x": _encode(numbers.x.to_bytes(_COORDINATE_BYTES, "big")),
        "y": _encode(numbers.y.to_bytes(_COORDINATE_BYTES, "big")),
        "kid": _ec_kid(key_id),
        "use": "sig",
        "alg": "ES384",
    }


def _rsa_jwk(key_id: str, key: rsa.RSAPublicKey) -> dict[str, str]:
    """RFC 7518 §6.3: no octet more than the number needs."""
    numbers = key.public_numbers()
    return {
        "kty": "RSA",
        "n": _encode(_octets(numbers.n)),
        "e": _encode(_octets(numbers.e)),
        "kid": _rsa_kid(key_id),
        "use": "sig",
        "alg": "RS256",
    }


def _ec_kid(key_id: str) -> str:
    return f"{key_id}-web"


def _rsa_kid(key_id: str) -> str:
    return f"{key_id}-web-rsa"


def _octets(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _signing_input(algorithm: Algorithm, kid: str, body: Mapping[str, object]) -> str:
    return f"{_segment({'typ': 'JWT', 'alg': algorithm, 'kid': kid})}.{_segment(body)}"


def _segment(part: Mapping[str, object]) -> str:
    return _encode(json.dumps(part, separators=(",", ":")).encode())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
