"""Active sessions: `/signin` (what comes next), choosing one, signing out, and the home page `/`."""

from starlette.requests import Request
from starlette.responses import Response

from daypass.protocol.oauth.authorization_response import build_error_redirect
from daypass.server.domain.session import MAX_ACTIVE_SESSIONS, SignInSession
from daypass.server.flows.authorize import ChooseHow, decide_next_step
from daypass.server.flows.choose_session import choose_session
from daypass.server.flows.issue_code import CodeIssued, IssueCodeFlow
from daypass.server.flows.sign_out import sign_out
from daypass.server.web.admin_entry import find_administrators
from daypass.server.web.page_tools import PageTools, Visit
from daypass.server.web.provider_view import HowToSignIn
from daypass.server.web.refusal import describe_refusal
from daypass.server.web.session_view import view_session

__all__ = ["SessionPages"]


class SessionPages:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(self, tools: PageTools, issue_code: IssueCodeFlow, how: HowToSignIn) -> None:
        self._tools = tools
        self._how = how
        self._parts = tools.parts
        self._issue_code = issue_code

    async def next_step(self, request: Request) -> Response:
        """`GET /signin`: the chooser, or how to sign in."""
        visit = await self._tools.visit(request)
        sessions = await self._sessions(visit)
        if not sessions:
            return await self._how.page(visit)
        return self._chooser(visit, "sessions.html", sessions)

    async def home(self, request: Request) -> Response:
        """`GET /`: who is signed in in this browser."""
        visit = await self._tools.visit(request)
        sessions = await self._sessions(visit)
        administrators = await find_administrators(self._tools, visit, sessions)
        return self._chooser(visit, "home.html", sessions, administrators)

    async def choose(self, request: Request) -> Response:
        """`POST /signin/session`: go on as the chosen identity."""
        visit = await self._tools.visit(request)
        session = await choose_session(
            sessions=self._parts.storage.sign_in_sessions,
            directory=self._parts.directory,
            browser_hash=visit.browser_hash,
            session_id=visit.form.get("session", ""),
            now=visit.now,
        )
        if session is None:
            return self._tools.go(visit, "/signin")
        return await self.continue_with(visit, session)

    async def continue_with(self, visit: Visit, session: SignInSession) -> Response:
        """A chosen session and the request in hand become a code, or a refusal that says what to do."""
        if visit.pending is None:
            return self._tools.go(visit, "/")
        outcome = await self._issue_code.issue(visit.pending, session, caller=visit.caller, now=visit.now)
        if outcome is None:
            return self._tools.go(visit, "/signin")
        if isinstance(outcome, CodeIssued):
            self._parts.metrics.count("issue_code", "ok")
            return self._tools.leave(visit, outcome.location)
        self._parts.metrics.count("issue_code", "denied")
        return self._tools.page(
            visit,
            "refused.html",
            status=403,
            session_id=session.session_id,
            lacks_second_factor=outcome.lacks_second_factor,
            **describe_refusal(outcome.decision, outcome.snapshot),
        )

    async def cancel(self, request: Request) -> Response:
        """`POST /signin/cancel`: tell the terminal that the person said no."""
        visit = await self._tools.visit(request)
        if visit.pending is None:
            return self._tools.go(visit, "/")
        location = build_error_redirect(
            visit.pending.redirect_uri, error="access_denied", state=visit.pending.state
        )
        return self._tools.leave(visit, location)

    async def sign_out(self, request: Request) -> Response:
        """`POST /signin/sign-out`: one session, or all of this browser when none is named."""
        visit = await self._tools.visit(request)
        await sign_out(
            sessions=self._parts.storage.sign_in_sessions,
            audit=self._parts.storage.audit,
            randomness=self._parts.randomness,
            browser_hash=visit.browser_hash,
            session_id=visit.form.get("session"),
            caller=visit.caller,
            now=visit.now,
        )
        if visit.pending is not None:
            return self._tools.go(visit, "/signin")
        if await self._sessions(visit):
            return self._tools.go(visit, "/")
        return self._tools.go(visit, "/signin/signed-out")

    async def signed_out(self, request: Request) -> Response:
        """`GET /signin/signed-out`."""
        return self._tools.page(await self._tools.visit(request), "signed_out.html")

    async def _sessions(self, visit: Visit) -> tuple[SignInSession, ...]:
        step = await decide_next_step(
            sessions=self._parts.storage.sign_in_sessions,
            directory=self._parts.directory,
            browser_hash=visit.browser_hash,
            now=visit.now,
        )
        return () if isinstance(step, ChooseHow) else step.sessions

    def _chooser(
        self,
        visit: Visit,
        template: str,
        sessions: tuple[SignInSession, ...],
        administrators: frozenset[str] = frozenset(),
    ) -> Response:
        return self._tools.page(
            visit,
            template,
            sessions=[
                view_session(session, self._parts.identity_providers, now=visit.now) for session in sessions
            ],
            administrators=administrators,
            is_full=len(sessions) >= MAX_ACTIVE_SESSIONS,
            endpoint=self._parts.external_url,
            s3_endpoint=self._parts.s3_url,
        )
