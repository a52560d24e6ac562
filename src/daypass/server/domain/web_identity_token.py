"""A signed statement for strangers: which of our principals somebody is (STS reference, "GetWebIdentityToken").

Another service that trusts our issuer's key set takes it instead of a stored key. Signed with ES384 under a key of its
own, so it can never pass for an ID token of a login; audiences of the sign-in clients are refused besides.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.tokens import SessionClaims

__all__ = ["ALGORITHM", "WebIdentity", "build_web_identity_token", "web_identity_jwk"]

ALGORITHM = "ES384"
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


def build_web_identity_token(ring: KeyRing, identity: WebIdentity) -> str:
    """The compact JWT."""
    key_id = ring.current.key_id
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
    header = {"typ": "JWT", "alg": ALGORITHM, "kid": _kid(key_id)}
    signing_input = f"{_segment(header)}.{_segment(body)}"
    signature = ring.web_identity_key(key_id).sign(signing_input.encode("ascii"), ec.ECDSA(hashes.SHA384()))
    r, s = decode_dss_signature(signature)
    raw = r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")
    return f"{signing_input}.{_encode(raw)}"


def web_identity_jwk(ring: KeyRing, key_id: str) -> dict[str, str]:
    """The public key of these tokens as a JSON Web Key (RFC 7517, RFC 7518 §6.2)."""
    numbers = ring.web_identity_key(key_id).public_key().public_numbers()
    return {
        "kty": "EC",
        "crv": "P-384",
        "x": _encode(numbers.x.to_bytes(_COORDINATE_BYTES, "big")),
        "y": _encode(numbers.y.to_bytes(_COORDINATE_BYTES, "big")),
        "kid": _kid(key_id),
        "use": "sig",
        "alg": ALGORITHM,
    }


def _kid(key_id: str) -> str:
    return f"{key_id}-web"


def _segment(part: Mapping[str, object]) -> str:
    return _encode(json.dumps(part, separators=(",", ":")).encode())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
