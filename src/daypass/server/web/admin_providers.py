"""Identity providers of the account in the admin pages: SAML and OpenID Connect. What is shown is what the API answers.

Metadata is pasted, never fetched: an address that an administrator types is no reason for the server to call it.
"""

from starlette.responses import Response

from daypass.server.domain.identity_provider import is_saml
from daypass.server.web.admin_button_table import buttons
from daypass.server.web.admin_desk import AdminDesk, AdminVisit, admin_page
from daypass.server.web.admin_view import commands_of, done_of

__all__ = ["AdminProviders"]

_SAML = buttons("UpdateSAMLProvider", "TagSAMLProvider", "UntagSAMLProvider", "DeleteSAMLProvider")
_OIDC = buttons(
    "AddClientIDToOpenIDConnectProvider",
    "RemoveClientIDFromOpenIDConnectProvider",
    "UpdateOpenIDConnectProviderThumbprint",
    "TagOpenIDConnectProvider",
    "UntagOpenIDConnectProvider",
    "DeleteOpenIDConnectProvider",
)


class AdminProviders:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(self, desk: AdminDesk) -> None:
        self.desk = desk

    @admin_page
    async def providers(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/providers`; the API has no pages for them."""
        return self.desk.page(
            admin,
            "admin_providers.html",
            here="providers",
            saml=await self.desk.look(admin, "ListSAMLProviders", {}),
            oidc=await self.desk.look(admin, "ListOpenIDConnectProviders", {}),
            now=admin.visit.now,
            done=done_of(admin),
            commands=[
                "aws iam list-saml-providers",
                "aws iam list-open-id-connect-providers",
                *commands_of(buttons("CreateSAMLProvider", "CreateOpenIDConnectProvider"), {}),
            ],
        )

    @admin_page
    async def provider(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/provider?arn=…`."""
        arn = admin.asked("arn")
        action, field, template, chosen = (
            ("GetSAMLProvider", "SAMLProviderArn", "admin_saml.html", _SAML)
            if is_saml(arn)
            else ("GetOpenIDConnectProvider", "OpenIDConnectProviderArn", "admin_oidc.html", _OIDC)
        )
        provider = await self.desk.ask(admin, action, {field: arn})
        return self.desk.page(
            admin,
            template,
            here="providers",
            provider=provider,
            external_url=self.desk.tools.parts.external_url,
            now=admin.visit.now,
            done=done_of(admin),
            commands=commands_of(chosen, {field: provider.arn}),
        )
