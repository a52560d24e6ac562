"""The identity providers the sign-in page offers, as the operator listed them. Records only.

A provider is made by the IAM API; what the API has no place for (a name for people, our client registration
at an OpenID Connect provider) comes from the settings, and secrets never from the database.
"""

from dataclasses import dataclass

from daypass.secret import Secret

__all__ = ["ListedProvider", "OidcClient"]


@dataclass(frozen=True, slots=True)
class OidcClient:
    """How this server is registered at a provider; from the settings, never from the database."""

    provider_arn: str
    client_id: str
    client_secret: Secret
    """Empty for a public client: PKCE alone protects the code then."""
    scopes: str = "openid"


@dataclass(frozen=True, slots=True)
class ListedProvider:
    """One entry of the settings' list."""

    provider_arn: str
    label: str
    """The name on the page: "Continue with <label>"."""
    client: OidcClient | None
    """None for SAML."""
