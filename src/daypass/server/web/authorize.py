"""The OAuth doors of the pages: `/v1/authorize` in, `/signin/continue` out, and the confirmation page."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from daypass.protocol.oauth.authorization_request import parse_authorization_request
from daypass.protocol.oauth.authorization_response import build_error_redirect
from daypass.protocol.oauth.errors import RedirectedError
from daypass.protocol.oauth.verification_code import build_verification_code
from daypass.server.domain.authorization_code import is_for_confirmation
from daypass.server.domain.key_ring import SealBroken
from daypass.server.domain.pending_authorization import begin_authorization, open_ticket, seal_pending
from daypass.server.domain.principal import login_arn
from daypass.server.domain.tokens import CodeClaims, open_code
from daypass.server.web.page_tools import PageTools, Visit
from daypass.server.web.rendering import protect
from daypass.server.web.session_view import describe_identity

__all__ = ["AuthorizePages"]

_LONGEST_STATE = 512


class AuthorizePages:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(self, tools: PageTools) -> None:
        self._tools = tools
        self._parts = tools.parts
        self._confirmation_uris = frozenset(f"{url}/v1/sessions/confirmation" for url in self._parts.own_urls)

    async def authorize(self, request: Request) -> Response:
        """`GET /v1/authorize`: prove the request, then hand it to the pages as a sealed value."""
        visit = await self._tools.visit(request)
        try:
            authorization = parse_authorization_request(
                request.scope["query_string"].decode("latin-1"), confirmation_uris=self._confirmation_uris
            )
        except RedirectedError as refusal:
            self._parts.metrics.count("authorize", refusal.error)
            location = build_error_redirect(refusal.redirect_uri, error=refusal.error, state=refusal.state)
            return protect(RedirectResponse(location, status_code=302))
        self._parts.metrics.count("authorize", "ok")
        lifetime = self._parts.lifetimes.pending_authorization
        visit.pending = begin_authorization(authorization, now=visit.now, lifetime=lifetime)
        visit.request = seal_pending(self._parts.ring, visit.pending)
        return self._tools.go(visit, "/signin")

    async def leave(self, request: Request) -> Response:
        """`GET /signin/continue`: the redirect to the terminal, for the browser that chose it."""
        visit = await self._tools.visit(request)
        location = open_ticket(
            self._parts.ring,
            request.query_params.get("ticket", ""),
            browser_hash=visit.browser_hash,
            now=visit.now,
        )
        return protect(RedirectResponse(location, status_code=302))

    async def confirmation(self, request: Request) -> Response:
        """`GET /v1/sessions/confirmation`: the code to paste into a terminal on another device."""
        visit = await self._tools.visit(request)
        if "error" in request.query_params:
            return self._tools.page(visit, "cancelled.html")
        claims = self._open_code(request.query_params.get("code", ""), visit)
        state = request.query_params.get("state", "")
        if claims is None or not 0 < len(state) <= _LONGEST_STATE:
            return self._tools.page(visit, "expired.html", status=400)
        snapshot = await self._parts.directory.load(
            claims.account_id, claims.principal_kind, claims.principal_id
        )
        if snapshot is None:
            return self._tools.page(visit, "expired.html", status=400)
        return self._tools.page(
            visit,
            "confirmation.html",
            verification_code=build_verification_code(state=state, code=request.query_params["code"]),
            principal_arn=login_arn(snapshot, claims.principal_id),
            via=await self._describe_identity(claims, visit),
            minutes=max(1, (claims.issued_at + self._parts.lifetimes.code - visit.now) // 60),
        )

    async def _describe_identity(self, claims: CodeClaims, visit: Visit) -> str:
        """Through which identity provider the person came, or empty."""
        if not claims.sign_in_session_id:
            return ""
        session = await self._parts.storage.sign_in_sessions.load_sign_in_session(
            claims.sign_in_session_id, now=visit.now
        )
        role_session = None if session is None else session.role_session
        if role_session is None or role_session.identity is None:
            return ""
        return describe_identity(role_session.identity, self._parts.identity_providers)

    def _open_code(self, code: str, visit: Visit) -> CodeClaims | None:
        """Only a code of ours, made for this page and still good, is ever shown."""
        try:
            claims = open_code(self._parts.ring, code)[0]
        except SealBroken:
            return None
        is_young = visit.now < claims.issued_at + self._parts.lifetimes.code
        return claims if is_young and is_for_confirmation(claims, self._confirmation_uris) else None
