"""Signing in through an identity provider: there, back, and the choice of a role.

    /signin/federate ──▶ the provider ─┬─ POST /saml, /saml/acs/{uuid} ─┐
                                       └─ GET  /oidc/callback ──────────┴─▶ /signin/federated ─▶ …/role

The provider's form post has no CSRF token, because no page of ours made the form, and arrives without our Lax
cookie, because another site sent it. So it decides nothing about a browser: the signed response is the proof, the
cookie is neither read nor set, and all it leads to is a page of ours, where cookie and CSRF token are checked.
"""

import logging
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from daypass.secret import Secret
from daypass.server.domain.audit import CALLER_KEY
from daypass.server.domain.federation_places import SAML_CONSUMER, consumer_path
from daypass.server.domain.federation_refusal import FederationRefused
from daypass.server.domain.federation_ticket import FederationTicket
from daypass.server.domain.pending_authorization import PendingExpired, open_pending
from daypass.server.flows.begin_federation import BeginFederation
from daypass.server.flows.finish_federation import FinishFederation
from daypass.server.flows.receive_assertion import ReceiveAssertion
from daypass.server.flows.receive_oidc_code import OidcAnswer, ReceiveOidcCode
from daypass.server.web.federation_refusal import describe_federation_refusal, refusal_status
from daypass.server.web.forms import FormRefused, read_form
from daypass.server.web.page_tools import PageTools, Visit
from daypass.server.web.provider_view import begin_path, provider_label
from daypass.server.web.rendering import protect
from daypass.server.web.role_view import group_roles
from daypass.server.web.sessions import SessionPages

__all__ = ["FederationPages"]

_LARGEST_RESPONSE = 262_144
"""Bytes of a provider's form: a response with many roles, encrypted and in base64, stays far below."""
_FROM_OUR_PAGE = (None, "same-origin")
"""`Sec-Fetch-Site` of a link on a page of ours (Fetch Metadata Request Headers §2.3); older browsers say nothing. `none`
is a bookmark, but a link in a mail program, too.
"""
_log = logging.getLogger("daypass.server")


class FederationPages:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(
        self,
        tools: PageTools,
        sessions: SessionPages,
        *,
        begin: BeginFederation,
        assertion: ReceiveAssertion,
        oidc_code: ReceiveOidcCode,
        finish: FinishFederation,
    ) -> None:
        self._tools = tools
        self._parts = tools.parts
        self._sessions = sessions
        self._begin = begin
        self._assertion = assertion
        self._oidc_code = oidc_code
        self._finish = finish

    async def begin(self, request: Request) -> Response:
        """`GET /signin/federate`: off to the provider; it is remembered as this browser's.

        Whoever is signed in there comes back without a click. So a stranger's link that brings a stranger's terminal
        leads to our own page first, where the person sees what waits and begins, or does not.
        """
        visit = await self._tools.visit(request)
        if visit.request and request.headers.get("sec-fetch-site") not in _FROM_OUR_PAGE:
            return self._tools.go(visit, "/signin")
        provider_arn = request.query_params.get("provider", "")
        try:
            location = await self._begin.begin(
                provider_arn, browser_hash=visit.browser_hash, sealed_request=visit.request, now=visit.now
            )
        except FederationRefused as refusal:
            return self._refused(request, refusal, visit)
        response = self._tools.go_out(visit, location)
        self._tools.provider_cookie.write(response, provider_arn)
        return response

    async def consume(self, request: Request) -> Response:
        """`POST /saml` and `POST /saml/acs/{provider_uuid}`: a SAML response, by HTTP-POST binding."""
        fields = await read_form(request, largest=_LARGEST_RESPONSE)
        if "SAMLResponse" not in fields:
            raise FormRefused(400)
        provider_uuid = request.path_params.get("provider_uuid")
        try:
            ticket = await self._assertion.receive(
                fields["SAMLResponse"],
                provider_uuid=provider_uuid,
                caller=request.scope[CALLER_KEY],
                now=self._parts.clock(),
            )
        except FederationRefused as refusal:
            return self._refused(request, refusal, None)
        return _to_choice(ticket)

    async def callback(self, request: Request) -> Response:
        """`GET /oidc/callback`: an authorization response (OpenID Connect Core §3.1.2.5)."""
        visit = await self._tools.visit(request)
        query = request.query_params
        answer = OidcAnswer(
            state=query.get("state", ""),
            code=Secret(query.get("code", "")),
            issuer=query.get("iss", ""),
            error=query.get("error", ""),
        )
        try:
            ticket = await self._oidc_code.receive(
                answer, browser_hash=visit.browser_hash, caller=visit.caller, now=visit.now
            )
        except FederationRefused as refusal:
            return self._refused(request, refusal, visit)
        return _to_choice(ticket)

    async def choose(self, request: Request) -> Response:
        """`GET /signin/federated`: which role? One role of a sign-in that began here is taken straight away."""
        visit = await self._tools.visit(request)
        sealed = request.query_params.get("ticket", "")
        try:
            ticket = await self._open(visit, sealed)
            if ticket.was_asked_for and len(ticket.choices) == 1:
                return await self._take(visit, ticket, ticket.choices[0].role_arn)
        except FederationRefused as refusal:
            return self._refused(request, refusal, visit)
        first = ticket.callers[0]
        return self._tools.page(
            visit,
            "choose_role.html",
            ticket=sealed,
            provider=self._label(first.provider_arn),
            subject=first.identity.subject[:128],
            was_asked_for=ticket.was_asked_for,
            accounts=group_roles(ticket.choices),
        )

    async def take_role(self, request: Request) -> Response:
        """`POST /signin/federated/role`: become the chosen role."""
        visit = await self._tools.visit(request)
        sealed = visit.form.get("ticket", "")
        try:
            return await self._take(visit, await self._open(visit, sealed), visit.form.get("role", ""))
        except FederationRefused as refusal:
            return self._refused(request, refusal, visit)

    async def _open(self, visit: Visit, sealed: str) -> FederationTicket:
        """The ticket; the terminal that waits behind it becomes the visit's. Raises FederationRefused."""
        ticket = await self._finish.open(
            sealed, browser_hash=visit.browser_hash, caller=visit.caller, now=visit.now
        )
        visit.request = ticket.sealed_request
        try:
            visit.pending = (
                open_pending(self._parts.ring, visit.request, now=visit.now) if visit.request else None
            )
        except PendingExpired:  # the person is signed in all the same, and told afterwards
            visit.pending = None
        return ticket

    async def _take(self, visit: Visit, ticket: FederationTicket, role_arn: str) -> Response:
        done = await self._finish.finish(
            ticket, role_arn, old_browser=visit.browser_hash, caller=visit.caller, now=visit.now
        )
        self._parts.metrics.count("federated_sign_in", "ok")
        visit.secret, visit.is_new = done.browser_secret, True
        if ticket.sealed_request and visit.pending is None:
            return self._tools.page(visit, "expired.html", status=400)
        return await self._sessions.continue_with(visit, done.session)

    def _label(self, provider_arn: str) -> str:
        return provider_label(provider_arn, self._parts.identity_providers) if provider_arn else ""

    def _refused(self, request: Request, refusal: FederationRefused, visit: Visit | None) -> Response:
        """The page that says no. Without a visit no cookie was read, and none is set."""
        caller = request.scope[CALLER_KEY]
        self._parts.metrics.count("federated_sign_in", refusal.reason)
        _log.info(
            "federated sign-in refused: %s",
            refusal.reason,
            extra={
                "request_id": caller.request_id,
                "identity_provider": refusal.provider_arn,
                "detail": refusal.detail[:512],
            },
        )
        values: dict[str, Any] = {
            **describe_federation_refusal(refusal, self._label(refusal.provider_arn)),
            "again": self._way_back(refusal),
            "expected": self._expected_places(request, refusal),
            "request_id": caller.request_id,
        }
        status = refusal_status(refusal)
        if visit is None:
            return self._tools.renderer.page("federation_refused.html", status=status, **values)
        return self._tools.page(visit, "federation_refused.html", status=status, **values)

    def _way_back(self, refusal: FederationRefused) -> tuple[str, str]:
        """Text and address of the one link."""
        if refusal.reason in ("full", "ticket_used"):
            return "Look at your sessions", "/"
        if refusal.provider_arn and refusal.reason != "unknown_provider":
            label = self._label(refusal.provider_arn)
            return f"Try again with {label}", begin_path(refusal.provider_arn, refusal.request)
        return "Choose how to sign in", "/signin"

    def _expected_places(self, request: Request, refusal: FederationRefused) -> str:
        """What an administrator compares with the provider's settings: the address and audience we go by."""
        if refusal.reason != "not_acceptable" or not refusal.provider_arn:
            return ""
        provider_uuid = request.path_params.get("provider_uuid")
        if provider_uuid is not None:
            return self._parts.external_url + consumer_path(provider_uuid)
        return self._parts.external_url + SAML_CONSUMER if request.url.path == SAML_CONSUMER else ""


def _to_choice(ticket: str) -> Response:
    """303 to our own page: a same-site request of the top window, which the cookie goes with."""
    return protect(RedirectResponse(f"/signin/federated?ticket={ticket}", status_code=303))
