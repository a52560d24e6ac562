"""`/switchrole` (AWS's address, so its links work here) and the form behind it: a session becomes a role's session.

Nothing is assumed by following a link: the link fills the form, the person presses the button. Whether they may is
AssumeRole's decision, the same as for a terminal.
"""

import re

from starlette.requests import Request
from starlette.responses import Response

from daypass.protocol.aws.errors import AwsError
from daypass.server.domain.page_call import call_of_session
from daypass.server.domain.session import SignInSession
from daypass.server.flows.assume_role import RoleAssumption
from daypass.server.flows.choose_session import choose_session
from daypass.server.flows.switch_role import SwitchRoleFlow
from daypass.server.ports.session_beginning import SignedIn
from daypass.server.web.page_tools import PageTools, Visit
from daypass.server.web.session_view import view_session
from daypass.server.web.sessions import SessionPages

__all__ = ["SwitchRolePages"]

_is_account = re.compile(r"[0-9]{12}").fullmatch
_is_role = re.compile(r"(?:[\x21-\x7e]{1,510}/)?[\w+=,.@-]{1,64}", re.ASCII).fullmatch
_may_not = re.compile(r"[^\w+=,.@-]", re.ASCII).sub
_LONGEST = 576


class SwitchRolePages:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(
        self, tools: PageTools, sessions: SessionPages, assumption: RoleAssumption, flow: SwitchRoleFlow
    ) -> None:
        self._tools = tools
        self._sessions = sessions
        self._assumption = assumption
        self._flow = flow

    async def show(self, request: Request) -> Response:
        """`GET /switchrole?account=…&roleName=…`."""
        visit = await self._tools.visit(request)
        account = request.query_params.get("account", "")[:_LONGEST]
        role = request.query_params.get("roleName", "")[:_LONGEST]
        return await self._page(visit, account, role)

    async def submit(self, request: Request) -> Response:
        """`POST /signin/switch-role`."""
        visit = await self._tools.visit(request)
        parts = self._tools.parts
        account = "".join(visit.form.get("account", "").split()).replace("-", "")
        role = visit.form.get("role", "").strip()
        if not _is_account(account) or not _is_role(role):
            text = "Enter the twelve digits of the account, and the role's name."
            return await self._page(visit, visit.form.get("account", ""), role, error=text, status=400)
        base = await choose_session(
            sessions=parts.storage.sign_in_sessions,
            directory=parts.directory,
            browser_hash=visit.browser_hash,
            session_id=visit.form.get("session", ""),
            now=visit.now,
        )
        if base is None:
            return self._tools.go(visit, "/signin")
        return await self._switch(visit, base, account, role)

    async def _switch(self, visit: Visit, base: SignInSession, account: str, role: str) -> Response:
        parts = self._tools.parts
        snapshot = await parts.directory.load(base.account_id, base.principal_kind, base.principal_id)
        if snapshot is None:
            return self._tools.go(visit, "/signin")
        call = call_of_session(base, snapshot, caller=visit.caller, now=visit.now, region=parts.region)
        role_arn = f"arn:aws:iam::{account}:role/{role}"
        try:
            assumed = await self._assumption.assume_role(
                call,
                role_arn=role_arn,
                role_session_name=_session_name(base),
                duration_seconds=await self._flow.longest_duration(
                    account, role.rpartition("/")[2], base, now=visit.now
                ),
            )
        except AwsError as refusal:
            parts.metrics.count("switch_role", refusal.code)
            await self._flow.record_refusal(
                base, role_arn[:2048], error_code=refusal.code, caller=visit.caller, now=visit.now
            )
            return await self._page(visit, account, role, error=_words(refusal), status=403)
        outcome = await self._flow.begin(assumed.claims, base, caller=visit.caller, now=visit.now)
        if not isinstance(outcome, SignedIn):
            text = "This browser already holds five sessions. Sign one of them out first."
            return await self._page(visit, account, role, error=text, status=409)
        parts.metrics.count("switch_role", "ok")
        visit.secret, visit.is_new = outcome.browser_secret, True
        return await self._sessions.continue_with(visit, outcome.session)

    async def _page(
        self, visit: Visit, account: str, role: str, *, error: str = "", status: int = 200
    ) -> Response:
        parts = self._tools.parts
        held = await parts.storage.sign_in_sessions.list_sign_in_sessions(visit.browser_hash, now=visit.now)
        if not held:
            return self._tools.go(visit, "/signin/new")
        return self._tools.page(
            visit,
            "switch_role.html",
            status=status,
            sessions=[
                view_session(session, parts.identity_providers, now=visit.now)
                for session in held
                if session.principal_kind != "root"
            ],
            account=account,
            role=role,
            error=error,
        )


def _session_name(base: SignInSession) -> str:
    """Who it is, as the role's log should say it: the user's name, or the name the session had already."""
    name = _may_not("-", base.principal_arn.rpartition("/")[2])[:64]
    return name if len(name) > 1 else f"{name}-"


def _words(refusal: AwsError) -> str:
    if refusal.code == "AccessDenied":
        return (
            "You may not take this role. Its trust policy must name you, and may ask for a second factor; your own"
            " policies must allow sts:AssumeRole. Ask who administers the role's account."
        )
    return str(refusal)
