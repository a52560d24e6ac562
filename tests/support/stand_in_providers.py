"""Identity providers without XML, HTTP or keys: what the ports would have proven is what a test says.

`StandInSaml` answers for responses a test prepared (`prepare`); it keeps the arguments it was asked with, and holds
recipients, audiences and keys against what the response was made for, as the real one does. `StandInOidc` redeems
the code a test prepared, and compares nonce and verifier.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from daypass.protocol.aws.errors import AwsError, InvalidIdentityToken
from daypass.protocol.oauth.pkce import code_challenge
from daypass.secret import Secret
from daypass.server.domain.account import Role
from daypass.server.domain.identity_provider import OidcProvider, SamlProvider
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.provider_list import OidcClient
from daypass.server.domain.saml_keys import seal_private_key
from daypass.server.domain.verified_identity import VerifiedAssertion, VerifiedIdToken
from daypass.server.ports.oidc import VerifiedLogoutToken
from daypass.server.ports.saml import SamlMetadata, ServiceKey, UnverifiedSamlResponse, VerifiedLogout

ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
NOT_ACCEPTABLE = "the identity provider's message is not acceptable"


@dataclass
class StandInSaml:
    """`ports.saml.SamlServiceProvider`."""

    responses: dict[str, tuple[UnverifiedSamlResponse, dict[str, VerifiedAssertion | AwsError]]] = field(
        default_factory=dict
    )
    logouts: dict[str, tuple[str, VerifiedLogout]] = field(default_factory=dict)
    """Message to (destination it was made for, what it says)."""
    logout_answer: str = "https://idp.example/answered"
    asked: list[dict[str, Any]] = field(default_factory=list)
    verified: list[dict[str, Any]] = field(default_factory=list)

    def prepare(
        self,
        text: str,
        *assertions: VerifiedAssertion | AwsError,
        provider_arns: Sequence[str] | None = None,
        in_response_to: str | None = None,
    ) -> str:
        """`text` now stands for a response with these outcomes, one per provider."""
        proven = {each.provider_arn: each for each in assertions if isinstance(each, VerifiedAssertion)}
        if not proven:
            proven = {"": assertions[0]}
        first = next((each for each in assertions if isinstance(each, VerifiedAssertion)), None)
        answers = (first.in_response_to if first else "") if in_response_to is None else in_response_to
        unverified = UnverifiedSamlResponse(
            "", answers, tuple(proven) if provider_arns is None else tuple(provider_arns)
        )
        self.responses[text] = (unverified, proven)
        return text

    async def make_service_key(self) -> ServiceKey:
        raise NotImplementedError

    def read_private_key(self, pem: str) -> bytes:
        raise NotImplementedError

    def parse_metadata(self, document: str, *, now: int) -> SamlMetadata:
        raise NotImplementedError

    def read_response(self, saml_response: str) -> UnverifiedSamlResponse:
        if saml_response not in self.responses:
            raise InvalidIdentityToken(NOT_ACCEPTABLE, detail="not prepared")
        return self.responses[saml_response][0]

    def verify_response(self, saml_response: str, provider: SamlProvider, **asked: Any) -> VerifiedAssertion:
        self.verified.append({"provider": provider.arn, **asked})
        proven = self.responses[saml_response][1]
        outcome = proven.get(provider.arn, proven.get(""))
        if isinstance(outcome, AwsError):
            raise outcome
        if outcome is None or outcome.audience not in asked["recipients"] & asked["audiences"]:
            raise InvalidIdentityToken(NOT_ACCEPTABLE, detail="another provider's, or for another place")
        return outcome

    def build_sign_on_url(self, provider: SamlProvider, **asked: Any) -> str:
        self.asked.append({"provider": provider.arn, **asked})
        return f"https://idp.example/sso?{urlencode({'id': asked['request_id']})}"

    def build_metadata(
        self, *, entity_id: str, consumer_url: str, logout_url: str, certificate: str | None
    ) -> bytes:
        return f"{entity_id} {consumer_url} {logout_url} {certificate}".encode()

    def verify_logout_request(
        self, *, query: str | None, form: str | None, provider: SamlProvider, destination: str, now: int
    ) -> VerifiedLogout:
        made_for, logout = self.logouts.get(query or form or "", ("", None))
        if logout is None or made_for != destination:
            raise InvalidIdentityToken(NOT_ACCEPTABLE, detail="no such logout")
        return logout

    def build_logout_response_url(self, provider: SamlProvider, **asked: Any) -> str:
        self.asked.append({"provider": provider.arn, **asked})
        return self.logout_answer


@dataclass
class StandInOidc:
    """`ports.oidc.OpenIdRelyingParty`."""

    token: VerifiedIdToken | AwsError | None = None
    """What the next code is good for."""
    unreachable: AwsError | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    redeemed: list[dict[str, Any]] = field(default_factory=list)
    logouts: dict[str, VerifiedLogoutToken] = field(default_factory=dict)
    logout_clients: list[frozenset[str]] = field(default_factory=list)

    async def build_sign_in_url(self, provider: OidcProvider, client: OidcClient, **asked: Any) -> str:
        if self.unreachable is not None:
            raise self.unreachable
        self.asked.append(asked)
        return f"https://op.example/auth?{urlencode({'state': asked['state']})}"

    async def redeem_code(self, provider: OidcProvider, client: OidcClient, **given: Any) -> VerifiedIdToken:
        self.redeemed.append(given)
        began = self.asked[-1]
        assert given["nonce"] == began["nonce"]
        assert code_challenge(given["code_verifier"].reveal()) == began["code_challenge"]
        if isinstance(self.token, AwsError):
            raise self.token
        assert self.token is not None
        return self.token

    async def verify_token(self, provider: OidcProvider, token: Secret, *, now: int) -> VerifiedIdToken:
        raise NotImplementedError

    async def verify_logout_token(
        self, provider: OidcProvider, client_ids: frozenset[str], token: Secret, *, now: int
    ) -> VerifiedLogoutToken:
        self.logout_clients.append(client_ids)
        return self._logout(token)

    def read_issuer(self, token: Secret) -> str:
        return self._logout(token).issuer

    def _logout(self, token: Secret) -> VerifiedLogoutToken:
        if token.reveal() not in self.logouts:
            raise InvalidIdentityToken("the token is not acceptable")
        return self.logouts[token.reveal()]

    async def close(self) -> None:
        pass


def saml_provider(ring: KeyRing, name: str, account: str, *, now: int) -> SamlProvider:
    return SamlProvider(
        account_id=account,
        name=name,
        provider_uuid=f"SAML{name.upper()}{account}",
        metadata_document="<metadata/>",
        entity_id=f"https://idp.example/{name}",
        created_at=now,
        valid_until=now + 10**7,
        sealed_service_key=seal_private_key(ring, b"key of " + name.encode()),
        service_certificate="Y2VydA==",
    )


def saml_assertion(provider: SamlProvider, audience: str, *, now: int, **changes: Any) -> VerifiedAssertion:
    """Ada of this provider, with no role yet."""
    assertion = VerifiedAssertion(
        provider_arn=provider.arn,
        assertion_id="_1",
        issuer=provider.entity_id,
        subject="ada@example.com",
        subject_type="persistent",
        name_qualifier="q",
        audience=audience,
        in_response_to="",
        idp_session="session-1",
        session_ends_at=None,
        expires_at=now + 300,
        attributes={ATTRIBUTES + "RoleSessionName": ("ada",)},
    )
    return replace(assertion, **changes)


def with_roles(assertion: VerifiedAssertion, *role_arns: str, **attributes: str) -> VerifiedAssertion:
    """The same assertion naming roles (each with its provider) and further attributes of AWS's."""
    pairs = tuple(f"{arn},{assertion.provider_arn}" for arn in role_arns)
    more = {ATTRIBUTES + name: (value,) for name, value in attributes.items()}
    return replace(assertion, attributes={**assertion.attributes, ATTRIBUTES + "Role": pairs, **more})


def federated_role(account: str, name: str, provider_arn: str, *, now: int, path: str = "/") -> Role:
    """A role that trusts a provider, whoever the person is."""
    action = "AssumeRoleWithSAML" if ":saml-provider/" in provider_arn else "AssumeRoleWithWebIdentity"
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider_arn},
        "Action": [f"sts:{action}", "sts:TagSession"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    digest = hashlib.sha256(f"{account}{name}".encode()).hexdigest().upper()[:17]
    return Role(account, f"AROA{digest}", name, path, policy, now)
