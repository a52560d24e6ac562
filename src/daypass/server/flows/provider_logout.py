"""A provider says that a person is gone: their browser sessions end and their terminals no longer refresh.

SAML: a signed LogoutRequest at the provider's own address (SAML V2.0 Profiles §4.4). OpenID Connect: a logout token
from the provider's server (OpenID Connect Back-Channel Logout 1.0 §2.5), whose issuer may be a provider in several
accounts. Either message is used once.
"""

from dataclasses import dataclass

from daypass.protocol.aws.errors import AwsError, InvalidIdentityToken
from daypass.secret import Secret
from daypass.server.domain.audit import Caller
from daypass.server.domain.federation_events import federated_logout_event
from daypass.server.domain.federation_places import consumer_path, logout_path
from daypass.server.domain.federation_refusal import FederationRefused, refusal_of
from daypass.server.domain.identity_provider import OidcProvider, SamlProvider
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.provider_list import ListedProvider
from daypass.server.domain.saml_keys import open_service_keys
from daypass.server.domain.use_once import use_once_key
from daypass.server.ports.clock import Randomness
from daypass.server.ports.oidc import OpenIdRelyingParty
from daypass.server.ports.saml import SamlServiceProvider, VerifiedLogout
from daypass.server.ports.storage import Storage

__all__ = ["ProviderLogout", "SamlLogoutMessage"]

_LONGEST_RELAY_STATE = 80
"""Bytes (SAML V2.0 Bindings §3.4.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlLogoutMessage:
    """A LogoutRequest as it came: by redirect (`query`, raw) or by POST (`form`), the other is None."""

    query: str | None
    form: str | None
    relay_state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLogout:
    """The stories with their neighbours."""

    storage: Storage
    saml: SamlServiceProvider
    oidc: OpenIdRelyingParty
    ring: KeyRing
    randomness: Randomness
    listed: tuple[ListedProvider, ...]
    external_url: str
    own_urls: frozenset[str]

    async def by_saml(
        self, provider_uuid: str, message: SamlLogoutMessage, *, caller: Caller, now: int
    ) -> tuple[str, str]:
        """The provider's ARN, and where the browser brings our answer (empty: nowhere). Raises FederationRefused."""
        provider = await self.storage.saml_providers.find_saml_provider_by_uuid(provider_uuid)
        if provider is None:
            raise FederationRefused("unknown_provider", detail="no provider's logout address")
        try:
            logout = self._verify(message, provider, now)
            location = self._answer_url(message, provider, logout, now)
        except AwsError as error:
            raise refusal_of(error, provider_arn=provider.arn) from None
        key = use_once_key("saml-logout", f"{provider.arn}|{logout.request_id}")
        if not await self.storage.federation.use_once(key, now=now, expires_at=logout.expires_at):
            raise FederationRefused("replayed", provider_arn=provider.arn, detail="logout request")
        for index in logout.session_indexes or ("",):
            await self._end(provider.arn, logout.subject, index, caller=caller, now=now)
        return provider.arn, location

    def _verify(self, message: SamlLogoutMessage, provider: SamlProvider, now: int) -> VerifiedLogout:
        """It was made for one of our origins; its signature is asked once per origin until one fits."""
        refusal: AwsError = InvalidIdentityToken("the identity provider's message is not acceptable")
        for origin in (self.external_url, *sorted(self.own_urls - {self.external_url})):
            try:
                return self.saml.verify_logout_request(
                    query=message.query,
                    form=message.form,
                    provider=provider,
                    destination=origin + logout_path(provider.provider_uuid),
                    now=now,
                )
            except AwsError as error:
                refusal = error
        raise refusal

    def _answer_url(
        self, message: SamlLogoutMessage, provider: SamlProvider, logout: VerifiedLogout, now: int
    ) -> str:
        relay_state = message.relay_state
        return self.saml.build_logout_response_url(
            provider,
            in_response_to=logout.request_id,
            response_id="_" + self.randomness.token_bytes(16).hex(),
            entity_id=self.external_url + consumer_path(provider.provider_uuid),
            relay_state=relay_state if len(relay_state.encode()) <= _LONGEST_RELAY_STATE else "",
            service_key=open_service_keys(self.ring, provider)[0],
            now=now,
        )

    async def by_oidc(self, token: Secret, *, caller: Caller, now: int) -> None:
        """Raises InvalidIdentityToken and the port's other errors."""
        issuer = self.oidc.read_issuer(token)
        providers = await self._providers_of(issuer)
        if not providers:
            raise InvalidIdentityToken("the issuer is not a provider here")
        client_ids = frozenset(client_id for _, client_id in providers)
        # One issuer is one signer and one list of our clients, whatever the number of accounts.
        logout = await self.oidc.verify_logout_token(providers[0][0], client_ids, token, now=now)
        if not await self.storage.federation.use_once(
            logout.token_key, now=now, expires_at=logout.expires_at
        ):
            raise InvalidIdentityToken("the logout token was used before")
        for provider, _ in providers:
            await self._end(provider.arn, logout.subject, logout.idp_session, caller=caller, now=now)

    async def _providers_of(self, issuer: str) -> list[tuple[OidcProvider, str]]:
        """The listed providers with this very issuer, each with our client id there."""
        found: list[tuple[OidcProvider, str]] = []
        for entry in self.listed:
            if entry.client is None:
                continue
            provider = await self.storage.oidc_providers.load_oidc_provider(entry.provider_arn)
            if provider is not None and provider.url == issuer:
                found.append((provider, entry.client.client_id))
        return found

    async def _end(
        self, provider_arn: str, subject: str, idp_session: str, *, caller: Caller, now: int
    ) -> None:
        ended = await self.storage.federation.end_federated_sessions(
            provider_arn, subject=subject, idp_session=idp_session, now=now
        )
        event = federated_logout_event(
            provider_arn,
            subject=subject,
            ended=ended,
            event_id=self.randomness.uuid(),
            caller=caller,
            now=now,
        )
        await self.storage.audit.append(event)
