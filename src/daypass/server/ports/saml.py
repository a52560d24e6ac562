"""SAML 2.0 as the flows see it. Implemented by `adapters/saml/`, where the XML is.

Everything that comes from the wire is unverified until `verify_response` or `verify_logout_request` returns; what
they return was read from the signed element and from nothing else (SAML V2.0 Core §5, Profiles §4.1.4).
"""

from dataclasses import dataclass
from typing import Protocol

from daypass.secret import Secret
from daypass.server.domain.identity_provider import SamlProvider
from daypass.server.domain.verified_identity import VerifiedAssertion

__all__ = [
    "SamlMetadata",
    "SamlServiceProvider",
    "ServiceKey",
    "UnverifiedSamlResponse",
    "VerifiedLogout",
]


@dataclass(frozen=True, slots=True)
class SamlMetadata:
    """What an identity provider says about itself (SAML V2.0 Metadata §2.4.3)."""

    entity_id: str
    valid_until: int
    """Epoch seconds: the earlier of `validUntil` and the end of its last certificate."""
    sign_on_url: str
    """Where AuthnRequests go by redirect; empty when the provider only takes IdP-initiated sign-in."""
    logout_url: str
    """Where LogoutResponses go by redirect; empty when it has no single logout."""
    wants_signed_requests: bool


@dataclass(frozen=True, slots=True)
class UnverifiedSamlResponse:
    """Enough of an unproven response to find the provider that could prove it."""

    issuer: str
    in_response_to: str
    """Empty for an IdP-initiated response."""
    provider_arns: tuple[str, ...]
    """Named in the Role attribute; empty when the assertion is encrypted."""


@dataclass(frozen=True, slots=True)
class VerifiedLogout:
    """A signed LogoutRequest (SAML V2.0 Core §3.7.1)."""

    request_id: str
    subject: str
    session_indexes: tuple[str, ...]
    expires_at: int
    """How long its id must be remembered."""


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """A new key pair of ours for one provider."""

    private_key: Secret
    """base64 of PKCS #8 DER."""
    certificate: str
    """base64 of DER."""


class SamlServiceProvider(Protocol):
    """Our side of SAML. `service_key` arguments are the provider's opened private keys (PKCS #8 DER)."""

    async def make_service_key(self) -> ServiceKey:
        """A fresh RSA key and its self-signed certificate; takes a tenth of a second on a thread."""
        ...

    def read_private_key(self, pem: str) -> bytes:
        """An administrator's RSA key in PEM, as PKCS #8 DER. Raises InvalidInput."""
        ...

    def parse_metadata(self, document: str, *, now: int) -> SamlMetadata:
        """Raises InvalidInput for what is not one IdP's metadata with a signing certificate and an end ahead."""
        ...

    def read_response(self, saml_response: str) -> UnverifiedSamlResponse:
        """`saml_response` is the form field: base64. Raises InvalidIdentityToken."""
        ...

    def verify_response(
        self,
        saml_response: str,
        provider: SamlProvider,
        *,
        decryption_keys: tuple[bytes, ...],
        recipients: frozenset[str],
        audiences: frozenset[str],
        now: int,
    ) -> VerifiedAssertion:
        """Raises InvalidIdentityToken (bad signature, wrong place, not ours), ExpiredIdentityToken, IDPRejectedClaim (the
        provider's status is not success). `recipients`: URLs this response may have been posted to.
        """
        ...

    def build_sign_on_url(
        self,
        provider: SamlProvider,
        *,
        request_id: str,
        entity_id: str,
        consumer_url: str,
        relay_state: str,
        service_key: bytes,
        now: int,
    ) -> str:
        """The redirect that asks the provider to sign the person in (HTTP-Redirect binding, §3.4); signed
        when its metadata wants that. Raises InvalidInput when the provider takes no requests.
        """
        ...

    def build_metadata(
        self, *, entity_id: str, consumer_url: str, logout_url: str, certificate: str | None
    ) -> bytes:
        """Our own metadata document; `certificate` (base64 DER) adds signing and encryption keys."""
        ...

    def verify_logout_request(
        self,
        *,
        query: str | None,
        form: str | None,
        provider: SamlProvider,
        destination: str,
        now: int,
    ) -> VerifiedLogout:
        """A LogoutRequest by redirect (`query`: the raw query string) or by POST (`form`: the SAMLRequest field).
        Unsigned, expired or misdirected ones are refused. Raises InvalidIdentityToken, ExpiredIdentityToken.
        """
        ...

    def build_logout_response_url(
        self,
        provider: SamlProvider,
        *,
        in_response_to: str,
        response_id: str,
        entity_id: str,
        relay_state: str,
        service_key: bytes,
        now: int,
    ) -> str:
        """The signed answer to it, by redirect; empty when the provider names no place for it."""
        ...
