"""An OpenID Connect provider's pen, and its documents as if they had come over HTTP. Nothing listens.

`TokenProvider.http` stands in for `adapters.outbound_http.OutboundHttp`, so that the real relying party verifies.
"""

import json
from collections.abc import Callable
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey

from daypass.protocol.aws.errors import IDPCommunicationError
from daypass.server.adapters.outbound_http import HttpAnswer, OutboundHttp

ISSUER = "https://idp.example.com/team"
CLIENT_ID = "daypass"


class _Documents(OutboundHttp):
    """Answers from memory, and remembers what was asked for."""

    def __init__(self) -> None:
        self.documents: dict[str, object] = {}
        self.asked: list[str] = []
        self.is_down = False

    def check_url(self, url: str) -> None:
        """Every address will do."""

    async def get(self, url: str) -> HttpAnswer:
        self.asked.append(url)
        if self.is_down or url not in self.documents:
            raise IDPCommunicationError("the identity provider could not be reached")
        return HttpAnswer(200, json.dumps(self.documents[url]).encode())

    async def close(self) -> None:
        pass


class TokenProvider:
    """One issuer with one key."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self.key = ECKey.generate_key("P-256", {"kid": "one", "use": "sig"})
        self.http = _Documents()
        self.http.documents = {
            f"{ISSUER}/.well-known/openid-configuration": {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"},
            f"{ISSUER}/keys": {"keys": [self.key.as_dict(private=False)]},
        }

    def token(self, **changes: Any) -> str:
        """A signed token that lives five minutes; a claim that is None is left out."""
        now = self._clock()
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": "ada-lovelace",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
        }
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        payload = json.dumps(claims).encode()  # not `jwt.encode`: it cannot spell every claim a stranger can
        return jws.serialize_compact({"alg": "ES256", "kid": "one"}, payload, self.key)
