"""OpenID Connect identity providers (IAM reference, "CreateOpenIDConnectProvider" and its relatives).

A provider is its issuer's URL; its client ids are the audiences whose tokens count. Thumbprints are kept for
the tools that set them; the server verifies TLS against trusted authorities instead. Adding and removing a
client id, and deleting, are idempotent, as the reference says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from daypass.protocol.aws.errors import (
    ConcurrentModification,
    EntityAlreadyExists,
    InvalidInput,
    LimitExceeded,
    NoSuchEntity,
)
from daypass.server.domain.identity_provider import OidcProvider, Tags
from daypass.server.domain.provider_identifiers import (
    check_own_provider,
    concurrent_change,
    is_own_provider,
    no_such_oidc_provider,
)
from daypass.server.domain.resource_tags import request_tag_values, resource_tag_values
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.storage import Storage

__all__ = ["OidcProviders"]

MAX_PROVIDERS = 100
"""Per account (IAM quotas, "OpenID Connect identity providers per account")."""
MAX_CLIENT_IDS = 100
"""Per provider (IAM quotas, "Client IDs per OpenID Connect provider")."""
MAX_THUMBPRINTS = 5
"""Per provider (IAM API reference, "CreateOpenIDConnectProvider", ThumbprintList)."""


@dataclass(frozen=True, slots=True)
class OidcProviders:
    """The stories about OpenID Connect providers, over the port they need."""

    storage: Storage

    async def create_oidc_provider(
        self,
        call: VerifiedCall,
        *,
        url: str,
        client_ids: tuple[str, ...] = (),
        thumbprints: tuple[str, ...] = (),
        tags: Tags = (),
    ) -> OidcProvider:
        """Raises EntityAlreadyExists, InvalidInput, LimitExceeded."""
        provider = OidcProvider(
            account_id=call.account_id,
            url=url,
            client_ids=client_ids,
            thumbprints=thumbprints,
            created_at=call.now,
            tags=tags,
        )
        call.check_allowed("iam:CreateOpenIDConnectProvider", provider.arn, request_tag_values(tags))
        if tags:
            call.check_allowed("iam:TagOpenIDConnectProvider", provider.arn, request_tag_values(tags))
        _check_client_ids(client_ids)
        _check_thumbprints(thumbprints)
        try:
            await self.storage.oidc_providers.create_oidc_provider(provider, limit=MAX_PROVIDERS)
        except EntityAlreadyExists:
            raise EntityAlreadyExists(f"Provider with url {url} already exists.") from None
        except LimitExceeded:
            raise LimitExceeded(
                f"Cannot exceed quota for OpenIdConnectProvidersPerAccount: {MAX_PROVIDERS}"
            ) from None
        return provider

    async def get_oidc_provider(self, call: VerifiedCall, *, provider_arn: str) -> OidcProvider:
        """Raises NoSuchEntity."""
        return await self._find(call, "iam:GetOpenIDConnectProvider", provider_arn)

    async def list_oidc_providers(self, call: VerifiedCall) -> Sequence[OidcProvider]:
        """The account's, in order of URL; there are no pages."""
        call.check_allowed(
            "iam:ListOpenIDConnectProviders", f"arn:aws:iam::{call.account_id}:oidc-provider/*"
        )
        return await self.storage.oidc_providers.list_oidc_providers(call.account_id)

    async def add_client_id(self, call: VerifiedCall, *, provider_arn: str, client_id: str) -> None:
        """Adding twice is the same as once. Raises NoSuchEntity, LimitExceeded, ConcurrentModification."""
        provider = await self._find(call, "iam:AddClientIDToOpenIDConnectProvider", provider_arn)
        if client_id not in provider.client_ids:
            client_ids = (*provider.client_ids, client_id)
            _check_client_ids(client_ids)
            await self._update(replace(provider, client_ids=client_ids), before=provider)

    async def remove_client_id(self, call: VerifiedCall, *, provider_arn: str, client_id: str) -> None:
        """Removing what is not there is no mistake. Raises NoSuchEntity, ConcurrentModification."""
        provider = await self._find(call, "iam:RemoveClientIDFromOpenIDConnectProvider", provider_arn)
        if client_id in provider.client_ids:
            kept = tuple(present for present in provider.client_ids if present != client_id)
            await self._update(replace(provider, client_ids=kept), before=provider)

    async def update_thumbprints(
        self, call: VerifiedCall, *, provider_arn: str, thumbprints: tuple[str, ...]
    ) -> None:
        """Replace the list. Raises NoSuchEntity, InvalidInput, ConcurrentModification."""
        provider = await self._find(call, "iam:UpdateOpenIDConnectProviderThumbprint", provider_arn)
        _check_thumbprints(thumbprints)
        if thumbprints != provider.thumbprints:
            await self._update(replace(provider, thumbprints=thumbprints), before=provider)

    async def delete_oidc_provider(self, call: VerifiedCall, *, provider_arn: str) -> None:
        """No refusal for a provider that does not exist, as the reference says. Roles keep naming it."""
        try:
            provider = await self._find(call, "iam:DeleteOpenIDConnectProvider", provider_arn)
            await self.storage.oidc_providers.delete_oidc_provider(provider.arn)
        except NoSuchEntity:
            return

    async def _update(self, provider: OidcProvider, *, before: OidcProvider) -> None:
        try:
            await self.storage.oidc_providers.update_oidc_provider(provider, before=before)
        except ConcurrentModification:
            raise concurrent_change() from None
        except NoSuchEntity:
            raise no_such_oidc_provider(provider.arn) from None

    async def _find(self, call: VerifiedCall, action: str, provider_arn: str) -> OidcProvider:
        provider = None
        if is_own_provider(call, provider_arn):
            provider = await self.storage.oidc_providers.load_oidc_provider(provider_arn)
        if provider is None:
            call.check_allowed(action, provider_arn)
            check_own_provider(call, action, provider_arn)
            raise no_such_oidc_provider(provider_arn)
        call.check_allowed(action, provider.arn, resource_tag_values(provider.tags))
        return provider


def _check_client_ids(client_ids: tuple[str, ...]) -> None:
    if len(set(client_ids)) != len(client_ids):
        raise InvalidInput("The client IDs must differ.")
    if len(client_ids) > MAX_CLIENT_IDS:
        raise LimitExceeded(f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MAX_CLIENT_IDS}")


def _check_thumbprints(thumbprints: tuple[str, ...]) -> None:
    if len(set(thumbprints)) != len(thumbprints):
        raise InvalidInput("The thumbprints must differ.")
    if len(thumbprints) > MAX_THUMBPRINTS:
        raise InvalidInput(f"Thumbprint list must contain at most {MAX_THUMBPRINTS} entries.")
