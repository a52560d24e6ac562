"""What a provider says about itself (OpenID Connect Discovery 1.0 §3, §4). Parsing is pure; one function fetches.

The document must name the issuer byte for byte as the administrator wrote it (§4.3): that is what ties its keys to
the provider's ARN. Endpoints must be https (http for an internal host). A provider of machine tokens (a cluster, a
build service) may have no endpoints for people: those are asked for where they are used, only `jwks_uri` always.
"""

from collections.abc import Callable
from dataclasses import dataclass

from daypass.protocol.aws.errors import IDPCommunicationError, InvalidIdentityToken
from daypass.server.adapters.oidc.json_object import NotAnObject, parse_object, read_text, read_texts
from daypass.server.adapters.oidc.refusals import senseless
from daypass.server.adapters.outbound_http import OutboundHttp

__all__ = [
    "ProviderDocument",
    "check_answer_issuer",
    "document_url",
    "fetch_provider_document",
    "parse_provider_document",
]


@dataclass(frozen=True, slots=True)
class ProviderDocument:
    """The members we use. Endpoints that are absent or not callable are empty."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str
    token_endpoint: str
    token_auth_methods: tuple[str, ...]
    """`token_endpoint_auth_methods_supported`; by default `client_secret_basic`."""
    names_itself: bool
    """`authorization_response_iss_parameter_supported` (RFC 9207 §3): each of its answers says `iss`."""

    def sign_in_endpoints(self) -> tuple[str, str]:
        """(authorization endpoint, token endpoint). Raises IDPCommunicationError for a provider without them."""
        if not self.authorization_endpoint or not self.token_endpoint:
            raise IDPCommunicationError(
                "this identity provider signs no people in",
                detail=f"{self.issuer} names no sign-in endpoints",
            )
        return self.authorization_endpoint, self.token_endpoint


def document_url(issuer: str) -> str:
    """§4.1: a slash at the end of the issuer goes before the well-known path is added."""
    return issuer.removesuffix("/") + "/.well-known/openid-configuration"


def parse_provider_document(body: bytes, issuer: str, check_url: Callable[[str], None]) -> ProviderDocument:
    """Raises IDPCommunicationError for anything but a document of this very issuer. `check_url` raises the same."""
    try:
        members = parse_object(body)
    except NotAnObject as error:
        raise senseless(f"provider document: {error}") from None
    if read_text(members, "issuer") != issuer:
        raise senseless("the provider document names another issuer")
    jwks_uri = read_text(members, "jwks_uri")
    check_url(jwks_uri)
    _check_code_flow(members)
    return ProviderDocument(
        issuer=issuer,
        jwks_uri=jwks_uri,
        authorization_endpoint=_callable_url(read_text(members, "authorization_endpoint"), check_url),
        token_endpoint=_callable_url(read_text(members, "token_endpoint"), check_url),
        token_auth_methods=read_texts(members, "token_endpoint_auth_methods_supported")
        or ("client_secret_basic",),
        names_itself=members.get("authorization_response_iss_parameter_supported") is True,
    )


def check_answer_issuer(document: ProviderDocument, issuer: str) -> None:
    """The code is this provider's own, as far as it says so (RFC 9207 §2.4): another's must not be sent to it.

    Raises InvalidIdentityToken.
    """
    if issuer != document.issuer and (issuer or document.names_itself):
        raise InvalidIdentityToken(
            "the answer is another provider's", detail="the answer's iss is absent or another issuer"
        )


async def fetch_provider_document(http: OutboundHttp, issuer: str) -> ProviderDocument:
    """Raises IDPCommunicationError."""
    answer = await http.get(document_url(issuer))
    if answer.status != 200:
        raise senseless(f"provider document: status {answer.status}")
    return parse_provider_document(answer.body, issuer, http.check_url)


def _check_code_flow(members: dict[str, object]) -> None:
    """A provider that has an authorization endpoint and says it gives no codes is of no use to us."""
    types = members.get("response_types_supported")
    if isinstance(types, list) and members.get("token_endpoint") and "code" not in types:
        raise senseless("the provider supports no authorization code")


def _callable_url(url: str, check_url: Callable[[str], None]) -> str:
    try:
        check_url(url)
    except IDPCommunicationError:
        return ""
    return url
