"""What identity providers themselves fetch and send: our SAML metadata, single logout, back-channel logout.

No person types these addresses. Logout by SAML comes through a browser but needs none of its cookies: the signed
request says who is gone. Back-channel logout comes from the provider's server and answers in JSON
(OpenID Connect Back-Channel Logout 1.0 §2.8).
"""

import logging

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from daypass.protocol.aws.errors import AwsError, IDPCommunicationError
from daypass.secret import Secret
from daypass.server.domain.audit import CALLER_KEY
from daypass.server.domain.federation_places import SAML_CONSUMER, consumer_path, logout_path
from daypass.server.domain.federation_refusal import FederationRefused
from daypass.server.flows.provider_logout import ProviderLogout, SamlLogoutMessage
from daypass.server.web.forms import FormRefused, read_form
from daypass.server.web.page_tools import PageTools
from daypass.server.web.provider_view import provider_label
from daypass.server.web.rendering import protect

__all__ = ["ProviderEndpoints"]

_METADATA_TYPE = "application/samlmetadata+xml"
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache", "X-Content-Type-Options": "nosniff"}
_log = logging.getLogger("daypass.server")


class ProviderEndpoints:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(self, tools: PageTools, logout: ProviderLogout) -> None:
        self._tools = tools
        self._parts = tools.parts
        self._logout = logout

    async def metadata(self, _request: Request) -> Response:
        """`GET /saml/metadata`: for providers that may know us by the general name. It has no key."""
        place = self._parts.external_url + SAML_CONSUMER
        document = self._parts.saml.build_metadata(
            entity_id=place, consumer_url=place, logout_url="", certificate=None
        )
        return _document(document)

    async def own_metadata(self, request: Request) -> Response:
        """`GET /saml/metadata/{provider_uuid}`: with our key for this provider, and its logout address."""
        provider = await self._parts.storage.saml_providers.find_saml_provider_by_uuid(
            request.path_params["provider_uuid"]
        )
        if provider is None:
            raise HTTPException(404)
        place = self._parts.external_url + consumer_path(provider.provider_uuid)
        document = self._parts.saml.build_metadata(
            entity_id=place,
            consumer_url=place,
            logout_url=self._parts.external_url + logout_path(provider.provider_uuid),
            certificate=provider.service_certificate,
        )
        return _document(document)

    async def saml_logout(self, request: Request) -> Response:
        """`GET|POST /saml/logout/{provider_uuid}`: a LogoutRequest; the answer goes back through the browser."""
        if request.method == "POST":
            fields = await read_form(request)
            message = SamlLogoutMessage(
                query=None, form=fields.get("SAMLRequest", ""), relay_state=fields.get("RelayState", "")
            )
        else:
            message = SamlLogoutMessage(
                query=request.scope["query_string"].decode("latin-1"),
                form=None,
                relay_state=request.query_params.get("RelayState", ""),
            )
        try:
            provider_arn, location = await self._logout.by_saml(
                request.path_params["provider_uuid"],
                message,
                caller=request.scope[CALLER_KEY],
                now=self._parts.clock(),
            )
        except FederationRefused as refusal:
            _note(request, refusal.provider_arn, refusal.detail)
            return self._tools.renderer.page(
                "problem.html",
                status=404 if refusal.reason == "unknown_provider" else 400,
                title="You were not signed out here",
                text="the identity provider’s request was not accepted; sign out on the first page instead",
            )
        self._parts.metrics.count("provider_logout", "saml")
        if location:
            return protect(RedirectResponse(location, status_code=303))
        label = provider_label(provider_arn, self._parts.identity_providers)
        return self._tools.renderer.page("provider_signed_out.html", provider=label)

    async def oidc_logout(self, request: Request) -> Response:
        """`POST /oidc/logout`: a logout token from the provider's server."""
        try:
            token = (await read_form(request)).get("logout_token", "")
        except FormRefused:
            return _logout_refused("the request is not a form with a logout_token")
        try:
            await self._logout.by_oidc(
                Secret(token), caller=request.scope[CALLER_KEY], now=self._parts.clock()
            )
        except AwsError as error:
            _note(request, "", error.detail or error.message)
            self._parts.metrics.count("provider_logout", "refused")
            # A provider that is asked to try again may: its keys could not be fetched just now.
            status = 503 if isinstance(error, IDPCommunicationError) else 400
            return _logout_refused(error.message, status=status)
        self._parts.metrics.count("provider_logout", "oidc")
        return Response(status_code=200, headers=_NO_STORE)


def _document(document: bytes) -> Response:
    return Response(document, media_type=_METADATA_TYPE, headers={"X-Content-Type-Options": "nosniff"})


def _logout_refused(text: str, *, status: int = 400) -> Response:
    return JSONResponse(
        {"error": "invalid_request", "error_description": text}, status_code=status, headers=_NO_STORE
    )


def _note(request: Request, provider_arn: str, detail: str) -> None:
    _log.info(
        "logout by a provider refused",
        extra={
            "request_id": request.scope[CALLER_KEY].request_id,
            "identity_provider": provider_arn,
            "detail": detail[:512],
        },
    )
