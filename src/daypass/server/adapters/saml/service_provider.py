"""`ports.saml.SamlServiceProvider`, put together from this package's parts. No rules here."""

import asyncio

from daypass.server.adapters.saml.assertion import read_unverified
from daypass.server.adapters.saml.keys import make_service_key, read_private_key
from daypass.server.adapters.saml.logout import build_logout_response_url, verify_logout_request
from daypass.server.adapters.saml.metadata import parse_metadata
from daypass.server.adapters.saml.requests import build_sign_on_url
from daypass.server.adapters.saml.service_metadata import build_metadata
from daypass.server.adapters.saml.verify import parse_message, verify_response
from daypass.server.ports.saml import SamlMetadata, ServiceKey, UnverifiedSamlResponse

__all__ = ["Saml2ServiceProvider"]


class Saml2ServiceProvider:
    """Keeps nothing but caches of parsed documents; one instance serves all providers."""

    verify_response = staticmethod(verify_response)
    build_sign_on_url = staticmethod(build_sign_on_url)
    build_metadata = staticmethod(build_metadata)
    verify_logout_request = staticmethod(verify_logout_request)
    build_logout_response_url = staticmethod(build_logout_response_url)
    read_private_key = staticmethod(read_private_key)

    async def make_service_key(self) -> ServiceKey:
        """A fresh RSA key and its self-signed certificate, made on a thread."""
        return await asyncio.to_thread(make_service_key)

    def parse_metadata(self, document: str, *, now: int) -> SamlMetadata:
        """Raises InvalidInput for what is not one IdP's metadata with a signing certificate and an end ahead."""
        return parse_metadata(document, now=now).metadata

    def read_response(self, saml_response: str) -> UnverifiedSamlResponse:
        """`saml_response` is the form field: base64. Raises InvalidIdentityToken."""
        return read_unverified(parse_message(saml_response))
