"""The sign-in world with identity providers: a SAML provider in two accounts, an OpenID Connect provider in one.

Roles `Reader` and `Writer` (path `/team/`) in the first account and `Auditor` in the second trust the SAML provider,
`Deployer` trusts the other, `Stranger` trusts neither; `Reader` and `Deployer` may log in from terminals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from daypass.secret import Secret
from daypass.server.domain.account import Account, Role
from daypass.server.domain.identity_provider import OidcProvider, SamlProvider
from daypass.server.domain.provider_list import ListedProvider, OidcClient
from daypass.server.domain.verified_identity import VerifiedAssertion, VerifiedIdToken
from support.sign_in_world import (
    ACCOUNT,
    ENDPOINT,
    GRANT,
    NOW,
    Answer,
    SignInWorld,
    Tab,
    call_app,
    open_sign_in_world,
)
from support.stand_in_providers import (
    StandInOidc,
    StandInSaml,
    federated_role,
    saml_assertion,
    saml_provider,
    with_roles,
)

OTHER_ACCOUNT = "444455556666"
ISSUER = "https://op.example/realm"


@dataclass
class FederationWorld:
    """A `SignInWorld` and what stands in it."""

    world: SignInWorld
    saml: StandInSaml
    oidc: StandInOidc
    provider: SamlProvider
    other_provider: SamlProvider
    oidc_provider: OidcProvider
    roles: Mapping[str, Role]

    def arn(self, role: str) -> str:
        return self.roles[role].arn

    def own_place(self, provider: SamlProvider | None = None) -> str:
        return f"{ENDPOINT}/saml/acs/{(provider or self.provider).provider_uuid}"

    def assertion(self, *roles: str, audience: str = f"{ENDPOINT}/saml", **changes: Any) -> VerifiedAssertion:
        """Ada with these roles, for the general address unless said otherwise."""
        attributes = changes.pop("attributes", {})
        made = saml_assertion(self.provider, audience, now=self.world.now, **changes)
        return with_roles(made, *(self.arn(role) for role in roles), **attributes)

    def token(self, **changes: Any) -> VerifiedIdToken:
        values: dict[str, Any] = {
            "issuer": ISSUER,
            "subject": "ada-at-op",
            "audience": "daypass-client",
            "claims": {"sub": "ada-at-op", "email": "ada@example.com", "aud": "daypass-client"},
            "expires_at": self.world.now + 300,
            "idp_session": "sid-1",
        }
        return VerifiedIdToken(**(values | changes))

    async def post_response(self, text: str, path: str = "/saml", **headers: str) -> Answer:
        """As another site's form posts it: without our cookies."""
        return await call_app(
            self.world.pages_app,
            "POST",
            path,
            headers=[
                ("Content-Type", "application/x-www-form-urlencoded"),
                ("Sec-Fetch-Site", "cross-site"),
                ("Origin", "https://idp.example"),
                *headers.items(),
            ],
            body=urlencode({"SAMLResponse": text}).encode(),
        )

    async def begin_saml(self, tab: Tab, *, request: str = "") -> str:
        """From our link to the provider: the AuthnRequest's id."""
        query = {"provider": self.provider.arn} | ({"request": request} if request else {})
        answer = await tab.get(f"/signin/federate?{urlencode(query)}")
        assert answer.status == 303, answer.text
        return str(self.saml.asked[-1]["request_id"])

    async def answer_saml(self, tab: Tab, assertion: VerifiedAssertion, *, path: str = "/saml") -> Answer:
        """The provider's answer, and this browser's way on."""
        text = self.saml.prepare(f"response {len(self.saml.responses)}", assertion)
        posted = await self.post_response(text, path)
        if posted.status != 303:
            return posted
        return await tab.get(posted.location)

    async def sign_in_saml(self, tab: Tab, *roles: str, request: str = "", **changes: Any) -> Answer:
        """The whole way, begun at our page and answered at the provider's own address."""
        request_id = await self.begin_saml(tab, request=request)
        self._count = getattr(self, "_count", 0) + 1
        changes = {"assertion_id": f"_a{self._count}", **changes}
        assertion = self.assertion(*roles, audience=self.own_place(), in_response_to=request_id, **changes)
        return await self.answer_saml(tab, assertion, path=f"/saml/acs/{self.provider.provider_uuid}")

    async def begin_oidc(self, tab: Tab, *, request: str = "") -> str:
        """From our link to the provider: `state`."""
        query = {"provider": self.oidc_provider.arn} | ({"request": request} if request else {})
        answer = await tab.get(f"/signin/federate?{urlencode(query)}")
        assert answer.status == 303, answer.text
        return str(self.oidc.asked[-1]["state"])


async def open_federation_world(**changes: Any) -> FederationWorld:
    saml, oidc = StandInSaml(), StandInOidc()
    op = OidcProvider(ACCOUNT, ISSUER, ("daypass-client",), (), NOW)
    client = OidcClient(op.arn, "daypass-client", Secret("s"))
    parts = {
        "saml": saml,
        "oidc": oidc,
        "identity_providers": (ListedProvider(op.arn, "Acme Connect", client),),
    }
    world = await open_sign_in_world(**(parts | changes))
    storage = world.storage
    await storage.accounts.create_account(Account(OTHER_ACCOUNT, "beta", "other@example.com", "", 0, NOW))
    provider, other = (
        saml_provider(world.parts.ring, "Corp", account, now=NOW) for account in (ACCOUNT, OTHER_ACCOUNT)
    )
    for each in (provider, other):
        await storage.saml_providers.create_saml_provider(each)
    await storage.oidc_providers.create_oidc_provider(op)
    roles = {
        "Reader": federated_role(ACCOUNT, "Reader", provider.arn, now=NOW),
        "Writer": federated_role(ACCOUNT, "Writer", provider.arn, now=NOW, path="/team/"),
        "Auditor": federated_role(OTHER_ACCOUNT, "Auditor", other.arn, now=NOW),
        "Deployer": federated_role(ACCOUNT, "Deployer", op.arn, now=NOW),
        "Stranger": federated_role(ACCOUNT, "Stranger", f"arn:aws:iam::{ACCOUNT}:saml-provider/No", now=NOW),
    }
    for role in roles.values():
        await storage.roles.create_role(role)
    for name in ("Reader", "Deployer"):
        await storage.policies.attach_policy(ACCOUNT, roles[name].role_id, GRANT)
    return FederationWorld(world, saml, oidc, provider, other, op, roles)
