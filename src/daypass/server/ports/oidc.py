"""OpenID Connect as the flows see it. Implemented by `adapters/oidc/`, where HTTP and JSON are.

Nothing of a token is used before `verify_*` returns (OpenID Connect Core §3.1.3.7, Back-Channel Logout §2.6).
"""

from dataclasses import dataclass
from typing import Protocol

from daypass.secret import Secret
from daypass.server.domain.identity_provider import OidcProvider
from daypass.server.domain.provider_list import OidcClient
from daypass.server.domain.verified_identity import VerifiedIdToken

__all__ = ["OpenIdRelyingParty", "VerifiedLogoutToken"]


@dataclass(frozen=True, slots=True)
class VerifiedLogoutToken:
    """A logout token that holds. At least one of `subject` and `idp_session` is given."""

    issuer: str
    subject: str
    idp_session: str
    token_key: bytes
    """Hash of (iss, jti): to be used once."""
    expires_at: int


class OpenIdRelyingParty(Protocol):
    """Our side of OpenID Connect. Documents and keys of a provider are fetched over verified TLS and kept a while;
    a key id that is not known causes one new fetch, at most once in a short time.
    """

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
        """Where the browser goes (authorization code, PKCE S256). Raises IDPCommunicationError."""
        ...

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
        """The code for an ID token, verified, its nonce compared. `issuer` is the `iss` that came with the code, empty
        without one: a provider that promises it is not sent a code that came without (RFC 9207 §2.4).

        Raises InvalidIdentityToken, ExpiredIdentityToken, IDPRejectedClaim, IDPCommunicationError.
        """
        ...

    async def verify_token(self, provider: OidcProvider, token: Secret, *, now: int) -> VerifiedIdToken:
        """A token that somebody else obtained (AssumeRoleWithWebIdentity). Raises the same errors."""
        ...

    async def verify_logout_token(
        self, provider: OidcProvider, client_ids: frozenset[str], token: Secret, *, now: int
    ) -> VerifiedLogoutToken:
        """Raises InvalidIdentityToken, ExpiredIdentityToken, IDPCommunicationError."""
        ...

    def read_issuer(self, token: Secret) -> str:
        """The `iss` of an unverified token, to find the provider by. Raises InvalidIdentityToken."""
        ...

    async def close(self) -> None:
        """Let go of connections and threads."""
        ...
