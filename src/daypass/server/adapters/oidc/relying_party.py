"""`ports.oidc.OpenIdRelyingParty`: which document, which keys, which checks.

Documents are kept an hour (a day when the provider is unreachable), keys ten minutes (an hour): a key the provider
withdrew is not trusted for longer. A token that names an unknown key causes one new fetch, at most once a minute for
each provider, so a rotation in the middle of a sign-in is followed and a forger cannot make us hammer the provider.
"""

from daypass.secret import Secret
from daypass.server.adapters.oidc.code_exchange import (
    build_sign_in_url,
    build_token_request,
    parse_token_answer,
)
from daypass.server.adapters.oidc.discovery import (
    ProviderDocument,
    check_answer_issuer,
    fetch_provider_document,
)
from daypass.server.adapters.oidc.document_cache import CacheTimes, DocumentCache
from daypass.server.adapters.oidc.id_token import Expected, check_id_token
from daypass.server.adapters.oidc.json_object import read_text
from daypass.server.adapters.oidc.jwks import VerifyingKey, fetch_verifying_keys
from daypass.server.adapters.oidc.logout_token import check_logout_token
from daypass.server.adapters.oidc.refusals import refuse
from daypass.server.adapters.oidc.signed_token import (
    KeyNotKnown,
    SignedToken,
    read_unverified_claims,
    verify_signature,
)
from daypass.server.adapters.outbound_http import OutboundHttp
from daypass.server.domain.identity_provider import OidcProvider
from daypass.server.domain.provider_list import OidcClient
from daypass.server.domain.verified_identity import VerifiedIdToken
from daypass.server.ports.clock import Clock
from daypass.server.ports.oidc import VerifiedLogoutToken

__all__ = ["DOCUMENT_TIMES", "KEY_TIMES", "RelyingParty"]

DOCUMENT_TIMES = CacheTimes(max_age=3600, max_stale=86_400)
KEY_TIMES = CacheTimes(max_age=600, max_stale=3600)


class RelyingParty:
    """One for the process: it holds what providers published. `close` closes `http` too."""

    def __init__(self, http: OutboundHttp, clock: Clock) -> None:
        self._http = http
        self._documents: DocumentCache[ProviderDocument] = DocumentCache(
            self._fetch_document, clock, DOCUMENT_TIMES
        )
        self._keys: DocumentCache[tuple[VerifyingKey, ...]] = DocumentCache(
            self._fetch_keys, clock, KEY_TIMES
        )

    async def build_sign_in_url(
        self,
        provider: OidcProvider,
        client: OidcClient,
        *,
        redirect_uri: str,
        state: str,
        nonce: str,
        code_challenge: str,
    ) -> str:
        """Where the browser goes. Raises IDPCommunicationError."""
        endpoint, _ = (await self._documents.load(provider.url)).sign_in_endpoints()
        return build_sign_in_url(
            endpoint,
            client,
            redirect_uri=redirect_uri,
            state=state,
            nonce=nonce,
            code_challenge=code_challenge,
        )

    async def redeem_code(
        self,
        provider: OidcProvider,
        client: OidcClient,
        *,
        code: Secret,
        code_verifier: Secret,
        redirect_uri: str,
        nonce: str,
        issuer: str,
        now: int,
    ) -> VerifiedIdToken:
        """The code for an ID token that answers this very sign-in. Raises the port's errors."""
        document = await self._documents.load(provider.url)
        check_answer_issuer(document, issuer)
        _, endpoint = document.sign_in_endpoints()
        request = build_token_request(
            document, client, code=code, code_verifier=code_verifier, redirect_uri=redirect_uri
        )
        answer = parse_token_answer(await self._http.post_form(endpoint, request.fields, request.headers))
        signed = await self._verify_signature(provider, answer.unverified_id_token)
        expected = Expected(
            issuer=provider.url,
            client_ids=(client.client_id,),
            nonce=nonce,
            access_token=answer.access_token,
            sole_client=True,
        )
        return check_id_token(signed, expected, now=now)

    async def verify_token(self, provider: OidcProvider, token: Secret, *, now: int) -> VerifiedIdToken:
        """A token that somebody else obtained. Raises the port's errors."""
        self._check_names(provider, token)
        signed = await self._verify_signature(provider, token)
        return check_id_token(signed, Expected(provider.url, provider.client_ids), now=now)

    async def verify_logout_token(
        self, provider: OidcProvider, client_ids: frozenset[str], token: Secret, *, now: int
    ) -> VerifiedLogoutToken:
        """Raises InvalidIdentityToken, ExpiredIdentityToken, IDPCommunicationError."""
        self._check_names(provider, token)
        signed = await self._verify_signature(provider, token)
        return check_logout_token(signed, issuer=provider.url, client_ids=client_ids, now=now)

    def read_issuer(self, token: Secret) -> str:
        """The `iss` of an unverified token. Raises InvalidIdentityToken."""
        issuer = read_text(read_unverified_claims(token), "iss")
        if not issuer:
            raise refuse("iss: absent or no text")
        return issuer

    async def close(self) -> None:
        """Let go of connections and threads."""
        await self._http.close()

    def _check_names(self, provider: OidcProvider, token: Secret) -> None:
        """A stranger's token that does not even claim to be the provider's causes no call to the provider."""
        if self.read_issuer(token) != provider.url:
            raise refuse("iss: another issuer")

    async def _verify_signature(self, provider: OidcProvider, token: Secret) -> SignedToken:
        read_unverified_claims(token)  # what is no token causes no call
        try:
            return verify_signature(token, await self._keys.load(provider.url))
        except KeyNotKnown:
            return verify_signature(token, await self._keys.load_renewed(provider.url))

    async def _fetch_document(self, url: str) -> ProviderDocument:
        return await fetch_provider_document(self._http, url)

    async def _fetch_keys(self, url: str) -> tuple[VerifyingKey, ...]:
        return await fetch_verifying_keys(self._http, (await self._documents.load(url)).jwks_uri)
