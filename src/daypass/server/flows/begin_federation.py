"""A person continues with an identity provider: remember who went, and say where to.

The row is what makes the answer ours: it names the provider, the browser and the waiting terminal, and it is taken
once. SAML: its id is the AuthnRequest's. OpenID Connect: its id is `state`; nonce and PKCE verifier lie beside it,
the verifier sealed (OpenID Connect Core §3.1.2.1, RFC 7636, RFC 9700 §2.1.1).
"""

from dataclasses import dataclass, replace

from daypass.protocol.aws.errors import AwsError
from daypass.protocol.jose import base64url
from daypass.protocol.oauth.pkce import code_challenge
from daypass.secret import Secret
from daypass.server.domain.federation_places import OIDC_CALLBACK, consumer_path
from daypass.server.domain.federation_refusal import FederationRefused, refusal_of
from daypass.server.domain.identity_provider import SamlProvider, is_saml
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.provider_list import ListedProvider
from daypass.server.domain.saml_keys import open_service_keys
from daypass.server.domain.sealed_verifier import seal_verifier
from daypass.server.ports.clock import Randomness
from daypass.server.ports.federation_storage import FederationRequest
from daypass.server.ports.oidc import OpenIdRelyingParty
from daypass.server.ports.saml import SamlServiceProvider
from daypass.server.ports.storage import Storage

__all__ = ["BeginFederation"]

_REQUEST_LIFETIME = 600
"""Seconds at the provider: passwords, second factors and first-time set-up included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginFederation:
    """The story with its neighbours."""

    storage: Storage
    saml: SamlServiceProvider
    oidc: OpenIdRelyingParty
    ring: KeyRing
    randomness: Randomness
    listed: tuple[ListedProvider, ...]
    show_saml_providers: bool
    external_url: str

    async def begin(self, provider_arn: str, *, browser_hash: bytes, sealed_request: str, now: int) -> str:
        """The address at the provider. Raises FederationRefused."""
        listed = next((entry for entry in self.listed if entry.provider_arn == provider_arn), None)
        request = FederationRequest("", provider_arn, browser_hash, sealed_request, now + _REQUEST_LIFETIME)
        try:
            if listed is not None and listed.client is not None:
                return await self._begin_oidc(listed, request)
            if is_saml(provider_arn) and (listed is not None or self.show_saml_providers):
                return await self._begin_saml(request, now)
        except AwsError as error:
            raise refusal_of(error, provider_arn=provider_arn, request=sealed_request) from None
        raise FederationRefused("unknown_provider", detail="not offered")

    async def _begin_saml(self, begun: FederationRequest, now: int) -> str:
        provider = await self.storage.saml_providers.load_saml_provider(begun.provider_arn)
        if provider is None:
            raise FederationRefused("unknown_provider", detail="no such provider")
        request_id = "_" + self.randomness.token_bytes(16).hex()
        location = self._sign_on_url(provider, request_id, now)
        await self.storage.federation.begin_federation(replace(begun, request_id=request_id))
        return location

    def _sign_on_url(self, provider: SamlProvider, request_id: str, now: int) -> str:
        """Under the provider's own name for us: it is the one that can be signed for and encrypted to."""
        consumer_url = self.external_url + consumer_path(provider.provider_uuid)
        return self.saml.build_sign_on_url(
            provider,
            request_id=request_id,
            entity_id=consumer_url,
            consumer_url=consumer_url,
            relay_state="",
            service_key=open_service_keys(self.ring, provider)[0],
            now=now,
        )

    async def _begin_oidc(self, listed: ListedProvider, begun: FederationRequest) -> str:
        provider = await self.storage.oidc_providers.load_oidc_provider(begun.provider_arn)
        if provider is None or listed.client is None:
            raise FederationRefused("unknown_provider", detail="no such provider")
        state, nonce, verifier = (base64url.encode(self.randomness.token_bytes(32)) for _ in range(3))
        location = await self.oidc.build_sign_in_url(
            provider,
            listed.client,
            redirect_uri=self.external_url + OIDC_CALLBACK,
            state=state,
            nonce=nonce,
            code_challenge=code_challenge(verifier),
        )
        sealed = seal_verifier(self.ring, Secret(verifier))
        await self.storage.federation.begin_federation(
            replace(begun, request_id=state, nonce=nonce, sealed_verifier=sealed)
        )
        return location
