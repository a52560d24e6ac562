"""Tokens an OpenID Connect provider could sign, and many it never would. Signed by joserfc, bent by the test."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
AnyKey = RSAKey | ECKey | OKPKey | OctKey

RSA = RSAKey.generate_key(2048)
OTHER_RSA = RSAKey.generate_key(2048)


class AnyAlgorithm(jws.JWSRegistry):
    """Signs with whatever it is told to, without a warning."""

    def __init__(self) -> None:
        super().__init__(strict_check_header=False)

    def get_alg(self, name: str):  # type: ignore[no-untyped-def]  # joserfc does not export the model's type
        return self.algorithms[name]

    def check_header(self, header: Mapping[str, object]) -> None:
        """Anything goes."""


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def public_key(key: AnyKey, key_id: str = "k1", **changes: object) -> dict[str, object]:
    """A member of a published key set."""
    return {**key.as_dict(private=False), "kid": key_id, **changes}


def sign(claims: Mapping[str, object], key: AnyKey = RSA, **header: object) -> str:
    """A compact JWS; header members given as None are left out."""
    full = {"alg": "RS256", "kid": "k1", **header}
    protected = {name: value for name, value in full.items() if value is not None}
    return jws.serialize_compact(protected, json.dumps(claims), key, registry=AnyAlgorithm())


def unsigned(claims: Mapping[str, object], **header: object) -> str:
    """`alg` none, the signature empty."""
    return f"{b64(json.dumps({'alg': 'none', **header}).encode())}.{b64(json.dumps(claims).encode())}."


def sign_with_text(claims: Mapping[str, object], secret: bytes, **header: object) -> str:
    """HS256 with any bytes as the shared secret."""
    head = b64(json.dumps({"alg": "HS256", "kid": "k1", **header}).encode())
    signing_input = f"{head}.{b64(json.dumps(claims).encode())}"
    return f"{signing_input}.{b64(hmac.digest(secret, signing_input.encode(), hashlib.sha256))}"


@dataclass
class Forge:
    """Claims that would hold, and then one thing is different."""

    issuer: str = "https://idp.example"
    client_id: str = "client-1"
    now: int = 1_800_000_000
    nonce: str = "the-nonce"
    standard: dict[str, object] = field(default_factory=dict)

    def id_claims(self, **changes: object) -> dict[str, object]:
        """Claims given as None are left out."""
        claims: dict[str, object] = {
            "iss": self.issuer,
            "sub": "ada",
            "aud": self.client_id,
            "iat": self.now,
            "exp": self.now + 600,
            "nonce": self.nonce,
            **self.standard,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def logout_claims(self, **changes: object) -> dict[str, object]:
        events = {"events": {LOGOUT_EVENT: {}}, "jti": "once", "sid": "s1", "exp": self.now + 120}
        return self.id_claims(**{"nonce": None, **events, **changes})
