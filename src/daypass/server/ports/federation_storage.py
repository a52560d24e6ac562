"""What the server keeps for federation: identity providers, sign-ins on their way, and what was used once.

Rules are those of `ports.storage`: each method is one transaction, "use once" is one atomic statement, and a
change inside an account adds 1 to its revision. The engines are the same two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from daypass.server.domain.identity_provider import OidcProvider, SamlProvider

__all__ = ["FederationRequest", "FederationStore", "OidcProviderStore", "SamlProviderStore"]


@dataclass(frozen=True, slots=True)
class FederationRequest:
    """A browser that we sent to an identity provider and that has not come back yet."""

    request_id: str
    """Random; SAML: the AuthnRequest's ID (`_` and 32 hex digits). OpenID Connect: `state`."""
    provider_arn: str
    browser_hash: bytes
    """Which browser began it; only that one may finish it."""
    sealed_request: str
    """The sealed pending authorization of a waiting terminal, or empty."""
    expires_at: int
    nonce: str = ""
    """OpenID Connect's; empty for SAML."""
    sealed_verifier: str = field(default="", repr=False)
    """The PKCE verifier, sealed (purpose `federation`); empty for SAML."""


class SamlProviderStore(Protocol):
    """SAML identity providers."""

    async def create_saml_provider(self, provider: SamlProvider, *, limit: int | None = None) -> None:
        """Raises EntityAlreadyExists, LimitExceeded when the account has `limit` already."""
        ...

    async def load_saml_provider(self, provider_arn: str) -> SamlProvider | None: ...

    async def find_saml_provider_by_uuid(self, provider_uuid: str) -> SamlProvider | None: ...

    async def list_saml_providers(self, account_id: str) -> Sequence[SamlProvider]:
        """An account's, in order of name."""
        ...

    async def list_saml_provider_arns(self) -> Sequence[str]:
        """Of every account, by account and name, at most 100. Of too many each account has its first ones there."""
        ...

    async def update_saml_provider(
        self, provider: SamlProvider, *, before: SamlProvider | None = None
    ) -> None:
        """Replace everything but the name and `created_at`, if it still is as it was `before`.

        Raises NoSuchEntity, ConcurrentModification.
        """
        ...

    async def reseal_saml_provider(self, provider: SamlProvider) -> None:
        """Replace the sealed keys only; no change of the account. Nothing happens when it is gone."""
        ...

    async def delete_saml_provider(self, provider_arn: str) -> None:
        """Raises NoSuchEntity."""
        ...


class OidcProviderStore(Protocol):
    """OpenID Connect identity providers."""

    async def create_oidc_provider(self, provider: OidcProvider, *, limit: int | None = None) -> None:
        """Raises EntityAlreadyExists, LimitExceeded when the account has `limit` already."""
        ...

    async def load_oidc_provider(self, provider_arn: str) -> OidcProvider | None: ...

    async def list_oidc_providers(self, account_id: str) -> Sequence[OidcProvider]:
        """In order of URL."""
        ...

    async def update_oidc_provider(
        self, provider: OidcProvider, *, before: OidcProvider | None = None
    ) -> None:
        """Replace client ids, thumbprints and tags, if it still is as it was `before`.

        Raises NoSuchEntity, ConcurrentModification.
        """
        ...

    async def delete_oidc_provider(self, provider_arn: str) -> None:
        """Raises NoSuchEntity."""
        ...


class FederationStore(Protocol):
    """Sign-ins on their way to a provider and back, and what may be used once."""

    async def begin_federation(self, request: FederationRequest) -> None: ...

    async def take_federation_request(self, request_id: str, *, now: int) -> FederationRequest | None:
        """Remove and return it, in one statement; None when unknown, taken before, or expired."""
        ...

    async def use_once(self, key: bytes, *, now: int, expires_at: int) -> bool:
        """True for the first caller with this key (a hash), False for every other one until `expires_at`."""
        ...

    async def end_federated_sessions(
        self, provider_arn: str, *, subject: str, idp_session: str, now: int
    ) -> int:
        """Single logout: end browser sessions and revoke terminal logins of a person at a provider.

        `subject` or `idp_session` may be empty, not both; where both are given both must match, or the subject
        alone for a session begun without a name of its own at the provider. Adds 1 to the revision of each account
        concerned, so that a code being redeemed is decided again. Returns how many sessions ended, of both kinds.
        """
        ...
