"""The pages as one app: `GET /v1/authorize`, `/signin…`, `/v1/sessions/confirmation`, `GET /`, `/static/*`, and
what identity providers send: `/saml…`, `/oidc…`.

Routes and wiring only. The flow through them:

    /v1/authorize → /signin ─┬─ no session → /signin/user ─┐      (or /signin/federate, federation.py)
                             └─ chooser → /signin/session ─┴→ /signin/continue → the terminal's redirect URI
                                                                or /v1/sessions/confirmation
"""

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from daypass.server.flows.begin_session import BrowserSessions
from daypass.server.flows.forced_password_change import ForcedPasswordChangeFlow
from daypass.server.flows.issue_code import IssueCodeFlow
from daypass.server.flows.password_rules import AccountPasswordRules
from daypass.server.flows.second_factor import OneTimeCodes
from daypass.server.flows.second_step import SecondStepFlow
from daypass.server.flows.sign_in import SignInFlow
from daypass.server.web.admin_parts import build_admin_routes
from daypass.server.web.authorize import AuthorizePages
from daypass.server.web.broker import build_broker_routes
from daypass.server.web.errors import page_error_handlers
from daypass.server.web.federation_parts import build_federation_pages, build_provider_endpoints
from daypass.server.web.own_parts import build_own_routes, build_switch_role_routes
from daypass.server.web.page_tools import PageTools
from daypass.server.web.provider_view import HowToSignIn
from daypass.server.web.second_step import SecondStepPages
from daypass.server.web.sessions import SessionPages
from daypass.server.web.sign_in import SignInPages
from daypass.server.web.sign_in_parts import SignInParts

__all__ = ["build_pages_app"]


class _Pages(Starlette):
    """Starlette without its outermost layer, which would answer a bug of ours in plain text before `Front` can."""

    def build_middleware_stack(self) -> ASGIApp:
        return ExceptionMiddleware(_without_nul(self.router), handlers=self.exception_handlers)


def _without_nul(app: ASGIApp) -> ASGIApp:
    """No name of ours has the character, and PostgreSQL cannot even look for it: a stranger's bad address, no failure."""

    async def refuse_or_pass(scope: Scope, receive: Receive, send: Send) -> None:
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise HTTPException(404)
        await app(scope, receive, send)

    return refuse_or_pass


def build_pages_app(parts: SignInParts) -> Starlette:
    """A Starlette app for every page. Reads `scope["daypass.caller"]`."""
    tools = PageTools(parts)
    issue_code = IssueCodeFlow(
        audit=parts.storage.audit,
        directory=parts.directory,
        ring=parts.ring,
        randomness=parts.randomness,
        region=parts.region,
    )
    beginning = BrowserSessions(parts.storage, parts.randomness, parts.lifetimes.sign_in_session)
    how = HowToSignIn(tools)
    sessions = SessionPages(tools, issue_code, how)
    second_step = _second_step_pages(tools, sessions, beginning)
    sign_in = _sign_in_pages(tools, second_step, how, beginning)
    oauth = AuthorizePages(tools)
    federation = build_federation_pages(tools, sessions)
    provider = build_provider_endpoints(tools)
    pages = _Pages(
        routes=[
            Route("/", sessions.home, methods=["GET"]),
            Route("/v1/authorize", oauth.authorize, methods=["GET"]),
            Route("/v1/sessions/confirmation", oauth.confirmation, methods=["GET"]),
            Route("/signin", sessions.next_step, methods=["GET"]),
            Route("/signin/new", sign_in.choose_how, methods=["GET"]),
            Route("/signin/user", sign_in.show_form, methods=["GET"]),
            Route("/console/{account}", sign_in.show_form_of_account, methods=["GET"]),
            Route("/signin/user", sign_in.submit_form, methods=["POST"]),
            Route("/signin/mfa", second_step.submit_proof, methods=["POST"]),
            Route("/signin/new-password", second_step.submit_password, methods=["POST"]),
            Route("/signin/session", sessions.choose, methods=["POST"]),
            Route("/signin/cancel", sessions.cancel, methods=["POST"]),
            Route("/signin/sign-out", sessions.sign_out, methods=["POST"]),
            Route("/signin/signed-out", sessions.signed_out, methods=["GET"]),
            Route("/signin/continue", oauth.leave, methods=["GET"]),
            Route("/signin/federate", federation.begin, methods=["GET"]),
            Route("/signin/federated", federation.choose, methods=["GET"]),
            Route("/signin/federated/role", federation.take_role, methods=["POST"]),
            Route("/saml", federation.consume, methods=["POST"]),
            Route("/saml/acs/{provider_uuid}", federation.consume, methods=["POST"]),
            Route("/saml/metadata", provider.metadata, methods=["GET"]),
            Route("/saml/metadata/{provider_uuid}", provider.own_metadata, methods=["GET"]),
            Route("/saml/logout/{provider_uuid}", provider.saml_logout, methods=["GET"]),
            Route("/saml/logout/{provider_uuid}", provider.saml_logout, methods=["POST"]),
            Route("/oidc/callback", federation.callback, methods=["GET"]),
            Route("/oidc/logout", provider.oidc_logout, methods=["POST"]),
            *build_own_routes(tools, beginning),
            *build_switch_role_routes(tools, sessions),
            *build_admin_routes(tools),
            *build_broker_routes(tools),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        exception_handlers=page_error_handlers(tools.renderer),
    )
    # Correcting a trailing slash would build an absolute URL out of the request's Host header.
    pages.router.redirect_slashes = False
    return pages


def _sign_in_pages(
    tools: PageTools, second_step: SecondStepPages, how: HowToSignIn, beginning: BrowserSessions
) -> SignInPages:
    parts = tools.parts
    flow = SignInFlow(
        storage=parts.storage,
        hasher=parts.hasher,
        ring=parts.ring,
        randomness=parts.randomness,
        beginning=beginning,
    )
    return SignInPages(tools, flow, second_step, how)


def _second_step_pages(
    tools: PageTools, sessions: SessionPages, beginning: BrowserSessions
) -> SecondStepPages:
    parts = tools.parts
    storage = parts.storage
    second_step = SecondStepFlow(
        storage=storage,
        directory=parts.directory,
        ring=parts.ring,
        randomness=parts.randomness,
        codes=OneTimeCodes(storage.mfa_devices, storage.attempts, parts.ring),
        passkeys=parts.passkeys,
        beginning=beginning,
    )
    password_change = ForcedPasswordChangeFlow(
        storage,
        parts.directory,
        parts.hasher,
        AccountPasswordRules(storage.users, storage.account_settings, parts.hasher, parts.judge),
        beginning,
    )
    return SecondStepPages(tools, sessions, second_step, password_change)
