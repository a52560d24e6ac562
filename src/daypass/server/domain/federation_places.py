"""Our own addresses as identity providers know them: where answers go, and by which names we are called.

`/saml` is for every provider; `/saml/acs/{uuid}` is one provider's own, and the only place for encrypted
assertions. Either address is at the same time the entity id in our metadata. A server may have several origins;
what a message was made for must be one of them, and the place it was posted to (SAML V2.0 Profiles §4.1.4.3).
"""

from collections.abc import Iterable

from daypass.server.domain.identity_provider import SamlProvider

__all__ = [
    "OIDC_CALLBACK",
    "SAML_CONSUMER",
    "consumer_path",
    "logout_path",
    "saml_audiences",
    "saml_recipients",
]

SAML_CONSUMER = "/saml"
OIDC_CALLBACK = "/oidc/callback"


def consumer_path(provider_uuid: str) -> str:
    """One provider's own assertion consumer."""
    return f"{SAML_CONSUMER}/acs/{provider_uuid}"


def logout_path(provider_uuid: str) -> str:
    """Where the provider sends LogoutRequests."""
    return f"{SAML_CONSUMER}/logout/{provider_uuid}"


def saml_recipients(origins: Iterable[str], path: str) -> frozenset[str]:
    """The addresses of the place a response was posted to."""
    return frozenset(f"{origin}{path}" for origin in origins)


def saml_audiences(origins: Iterable[str], provider: SamlProvider) -> frozenset[str]:
    """The names under which a provider may know us."""
    paths = (SAML_CONSUMER, consumer_path(provider.provider_uuid))
    return frozenset(f"{origin}{path}" for origin in origins for path in paths)
