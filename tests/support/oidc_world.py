"""A relying party whose provider is a dictionary: every check without a socket."""

import json
from collections import Counter
from collections.abc import Mapping

from daypass.protocol.aws.errors import IDPCommunicationError
from daypass.secret import Secret
from daypass.server.adapters.oidc import RelyingParty
from daypass.server.adapters.outbound_http import HttpAnswer
from daypass.server.domain.identity_provider import OidcProvider
from daypass.server.domain.provider_list import OidcClient
from support.oidc_forge import RSA, Forge, public_key

FORGE = Forge()


class PublishedDocuments:
    """Stands for `OutboundHttp`: answers from memory, counts the calls."""

    def __init__(self) -> None:
        self.keys: list[Mapping[str, object]] = [public_key(RSA)]
        self.document: dict[str, object] = {
            "issuer": FORGE.issuer,
            "jwks_uri": "https://keys.example/set",
            "authorization_endpoint": "https://idp.example/authorize",
            "token_endpoint": "https://idp.example/token",
        }
        self.token_answer = HttpAnswer(200, b"{}")
        self.posted: list[tuple[dict[str, str], dict[str, str]]] = []
        self.calls: Counter[str] = Counter()
        self.is_down = False

    def check_url(self, url: str) -> None:
        if not url.startswith("https://"):
            raise IDPCommunicationError("the identity provider could not be reached", detail="no https")

    async def get(self, url: str) -> HttpAnswer:
        self.calls[url] += 1
        if self.is_down:
            raise IDPCommunicationError("the identity provider could not be reached", detail="down")
        keys = url == "https://keys.example/set"
        return HttpAnswer(200, json.dumps({"keys": self.keys} if keys else self.document).encode())

    async def post_form(
        self, url: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        self.calls[url] += 1
        self.posted.append((dict(fields), dict(headers or {})))
        return self.token_answer

    async def close(self) -> None:
        self.calls["close"] += 1


class World:
    """The provider's record, our registration, the clock."""

    def __init__(self) -> None:
        self.forge = FORGE
        self.now = FORGE.now
        self.http = PublishedDocuments()
        self.provider = OidcProvider("123456789012", FORGE.issuer, (FORGE.client_id, "client-2"), (), 0)
        self.client = OidcClient(self.provider.arn, FORGE.client_id, Secret("s3cret&more"))
        self.party = RelyingParty(self.http, lambda: self.now)  # type: ignore[arg-type]  # a stand-in of the same shape
