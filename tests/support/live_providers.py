"""Real identity providers registered at a live site: pysaml2's by its metadata, oidc-provider by client id and secret.

The site is called `localhost` and the providers `127.0.0.1`, which browsers take for different sites: a provider's
form post then arrives without our cookie, as it does in the world.
"""

import time
from typing import Any

from daypass.secret import Secret
from daypass.server.adapters.oidc import RelyingParty
from daypass.server.adapters.outbound_http import OutboundHttp
from daypass.server.adapters.saml import Saml2ServiceProvider
from daypass.server.domain.account import Account, Role
from daypass.server.domain.identity_provider import OidcProvider, SamlProvider
from daypass.server.domain.provider_list import ListedProvider, OidcClient
from daypass.server.domain.saml_keys import seal_private_key, unwrap_service_key
from support.oidc_op import RunningOp
from support.sign_in_world import ACCOUNT, GRANT, SignInWorld
from support.stand_in_providers import federated_role

CLIENT_ID, CLIENT_SECRET = "daypass-client", "s3cret"


def real_clock() -> int:
    return int(time.time())


def live_parts(op: RunningOp | None = None) -> dict[str, Any]:
    """What `open_sign_in_world` takes for a site with real providers."""
    listed: tuple[ListedProvider, ...] = ()
    if op is not None:
        arn = OidcProvider(ACCOUNT, op.issuer, (), (), 0).arn
        client = OidcClient(arn, CLIENT_ID, Secret(CLIENT_SECRET), "openid")
        listed = (ListedProvider(arn, "Acme Connect", client),)
    hosts = () if op is None else (op.issuer.partition("://")[2].partition("/")[0],)
    return {
        "clock": real_clock,
        "saml": Saml2ServiceProvider(),
        "oidc": RelyingParty(OutboundHttp(internal_hosts=hosts), real_clock),
        "identity_providers": listed,
    }


async def register_saml(world: SignInWorld, name: str, metadata: str) -> SamlProvider:
    """As CreateSAMLProvider would, in the world's first account."""
    now = real_clock()
    read = world.parts.saml.parse_metadata(metadata, now=now)
    key = await world.parts.saml.make_service_key()
    provider = SamlProvider(
        account_id=ACCOUNT,
        name=name,
        provider_uuid=f"SAML{name.upper()}",
        metadata_document=metadata,
        entity_id=read.entity_id,
        created_at=now,
        valid_until=read.valid_until,
        sealed_service_key=seal_private_key(world.parts.ring, unwrap_service_key(key.private_key)),
        service_certificate=key.certificate,
    )
    await world.storage.saml_providers.create_saml_provider(provider)
    return provider


async def register_oidc(world: SignInWorld, op: RunningOp) -> OidcProvider:
    provider = OidcProvider(ACCOUNT, op.issuer, (CLIENT_ID,), (), real_clock())
    await world.storage.oidc_providers.create_oidc_provider(provider)
    return provider


async def create_role(world: SignInWorld, name: str, provider_arn: str, account: str = ACCOUNT) -> Role:
    """A role that trusts the provider and may log in from terminals."""
    role = federated_role(account, name, provider_arn, now=real_clock())
    await world.storage.roles.create_role(role)
    await world.storage.policies.attach_policy(account, role.role_id, GRANT)
    return role


async def create_account(world: SignInWorld, account: str) -> None:
    await world.storage.accounts.create_account(
        Account(account, None, f"root-{account}@example.com", "", 0, real_clock())
    )
