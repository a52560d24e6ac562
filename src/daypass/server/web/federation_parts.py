"""The flows of federation, put together from the sign-in service's parts. Wiring only, no handler."""

from daypass.server.flows.begin_federation import BeginFederation
from daypass.server.flows.finish_federation import FinishFederation
from daypass.server.flows.provider_logout import ProviderLogout
from daypass.server.flows.receive_assertion import ReceiveAssertion
from daypass.server.flows.receive_oidc_code import ReceiveOidcCode
from daypass.server.web.federation import FederationPages
from daypass.server.web.page_tools import PageTools
from daypass.server.web.provider_endpoints import ProviderEndpoints
from daypass.server.web.sessions import SessionPages

__all__ = ["build_federation_pages", "build_provider_endpoints"]


def build_federation_pages(tools: PageTools, sessions: SessionPages) -> FederationPages:
    """What people see of federation."""
    parts = tools.parts
    return FederationPages(
        tools,
        sessions,
        begin=BeginFederation(
            storage=parts.storage,
            saml=parts.saml,
            oidc=parts.oidc,
            ring=parts.ring,
            randomness=parts.randomness,
            listed=parts.identity_providers,
            show_saml_providers=parts.show_saml_providers,
            external_url=parts.external_url,
        ),
        assertion=ReceiveAssertion(
            storage=parts.storage,
            saml=parts.saml,
            ring=parts.ring,
            randomness=parts.randomness,
            own_urls=parts.own_urls,
            region=parts.region,
        ),
        oidc_code=ReceiveOidcCode(
            storage=parts.storage,
            oidc=parts.oidc,
            ring=parts.ring,
            randomness=parts.randomness,
            listed=parts.identity_providers,
            external_url=parts.external_url,
            region=parts.region,
        ),
        finish=FinishFederation(
            storage=parts.storage,
            ring=parts.ring,
            randomness=parts.randomness,
            region=parts.region,
            session_lifetime=parts.lifetimes.sign_in_session,
        ),
    )


def build_provider_endpoints(tools: PageTools) -> ProviderEndpoints:
    """What providers fetch and send."""
    parts = tools.parts
    logout = ProviderLogout(
        storage=parts.storage,
        saml=parts.saml,
        oidc=parts.oidc,
        ring=parts.ring,
        randomness=parts.randomness,
        listed=parts.identity_providers,
        external_url=parts.external_url,
        own_urls=parts.own_urls,
    )
    return ProviderEndpoints(tools, logout)
