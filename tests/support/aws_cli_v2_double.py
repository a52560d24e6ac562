"""The requests of AWS CLI v2's `aws login` without its program, for what that does not do on command: to redeem twice.

Parameter order and encoding of the authorize URL, JSON with Python's default spacing, headers in their order and
spelling, the members of a proof: as the program sends them, which `tests/clients/test_aws_cli_v2_wire.py` compares,
byte for byte where bytes are not random. It shares no code with daypass's own client, on purpose.
"""

import base64
import hashlib
import http.client
import json
import secrets
import string
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

SAME_DEVICE = "arn:aws:signin:::devtools/same-device"
CROSS_DEVICE = "arn:aws:signin:::devtools/cross-device"
_VERIFIER = string.ascii_letters + string.digits + "-._~"


class Refused(Exception):
    """What the server answered instead of tokens."""

    def __init__(self, status: int, kind: str, error: str) -> None:
        super().__init__(f"{status} {kind} {error}")
        self.status, self.kind, self.error = status, kind, error


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class LoginDouble:
    """One login of one person."""

    endpoint: str
    client_id: str = CROSS_DEVICE
    redirect_uri: str = ""
    state: str = field(default_factory=lambda: str(uuid.uuid4()))
    verifier: str = field(default_factory=lambda: "".join(secrets.choice(_VERIFIER) for _ in range(64)))
    key: ec.EllipticCurvePrivateKey = field(default_factory=_new_key)

    def __post_init__(self) -> None:
        self.redirect_uri = self.redirect_uri or f"{self.endpoint}/v1/sessions/confirmation"

    @property
    def url(self) -> str:
        """Where the browser goes."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode()[:-1]
        query = urllib.parse.urlencode(
            {
                "response_type": "code",
                "client_id": self.client_id,
                "state": self.state,
                "code_challenge_method": "SHA-256",
                "scope": "openid",
                "redirect_uri": self.redirect_uri,
            },
            quote_via=lambda text, *_: urllib.parse.quote(text, safe="-._~"),
        )
        return f"{self.endpoint}/v1/authorize?{query}&code_challenge={challenge}"

    def redeem(self, paste: str) -> dict[str, Any]:
        """The tokens for what the page shows."""
        # CPython's base64 without validation drops every character outside the standard alphabet.
        fields = urllib.parse.parse_qs(base64.b64decode(paste).decode())
        assert fields["state"] == [self.state]
        return self._ask(
            {
                "clientId": self.client_id,
                "grantType": "authorization_code",
                "code": fields["code"][0],
                "codeVerifier": self.verifier,
                "redirectUri": self.redirect_uri,
            }
        )

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """The next tokens."""
        return self._ask(
            {"clientId": self.client_id, "refreshToken": refresh_token, "grantType": "refresh_token"}
        )

    def _ask(self, body: dict[str, str]) -> dict[str, Any]:
        """CreateOAuth2Token, once."""
        content = json.dumps(body).encode()
        where = urllib.parse.urlsplit(self.endpoint).netloc
        connection = http.client.HTTPConnection(where, timeout=60)
        connection.putrequest("POST", "/v1/token")  # with Host and Accept-Encoding
        for name, value in (
            ("Content-Type", "application/json"),
            ("User-Agent", "aws-cli/2.38.5 md/command#login"),
            ("DPoP", self._proof()),
            ("amz-sdk-invocation-id", str(uuid.uuid4())),
            ("amz-sdk-request", "attempt=1"),
            ("Content-Length", str(len(content))),
        ):
            connection.putheader(name, value)
        connection.endheaders(content)
        answer = connection.getresponse()
        told: dict[str, Any] = json.loads(answer.read())
        connection.close()
        if answer.status != 200:
            kind = (answer.headers["x-amzn-ErrorType"] or "").split(":")[0]
            raise Refused(answer.status, kind, told["error"])
        return told

    def _proof(self) -> str:
        numbers = self.key.public_key().public_numbers()
        jwk = {
            "kty": "EC",
            "x": _segment(numbers.x.to_bytes(32, "big")),
            "y": _segment(numbers.y.to_bytes(32, "big")),
            "crv": "P-256",
        }
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}
        claims = {
            "htm": "POST",
            "htu": self.endpoint + "/v1/token",
            "iat": int(time.time()),
            "jti": str(uuid.uuid4()),
        }
        parts = [_segment(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims)]
        der = self.key.sign(".".join(parts).encode(), ec.ECDSA(hashes.SHA256()))
        r, s = utils.decode_dss_signature(der)
        return ".".join([*parts, _segment(r.to_bytes(32, "big") + s.to_bytes(32, "big"))])


def _segment(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
