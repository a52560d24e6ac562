"""Which identity providers stand on the sign-in page: those that exist, of the operator's list and of the IAM API.

An entry of the settings whose provider was deleted is left out; so is, when the operator wants only the list,
every other SAML provider.
"""

from daypass.server.domain.identity_provider import is_saml
from daypass.server.domain.provider_list import ListedProvider
from daypass.server.domain.provider_offer import OfferedProvider, name_providers
from daypass.server.ports.storage import Storage

__all__ = ["offer_providers"]


async def offer_providers(
    storage: Storage, listed: tuple[ListedProvider, ...], *, show_saml_providers: bool
) -> tuple[OfferedProvider, ...]:
    """One read of the SAML providers, one of each listed provider."""
    existing = [entry for entry in listed if await _exists(storage, entry.provider_arn)]
    others = await storage.saml_providers.list_saml_provider_arns() if show_saml_providers else ()
    return name_providers(existing, others)


async def _exists(storage: Storage, provider_arn: str) -> bool:
    if is_saml(provider_arn):
        return await storage.saml_providers.load_saml_provider(provider_arn) is not None
    return await storage.oidc_providers.load_oidc_provider(provider_arn) is not None
