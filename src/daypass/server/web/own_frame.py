"""What every handler of a person's own page uses: the way in, the page itself, and the way back. Nothing is changed here.

The session in the address must be one of this browser's own, and current: an id from elsewhere leads home. A change leads
back to the page (303), which says what happened in a word of a closed list.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from daypass.protocol.aws.errors import AwsError, Throttling
from daypass.server.domain.own_account import RECENT_SIGN_IN
from daypass.server.domain.session import LoginSession, SignInSession
from daypass.server.flows.choose_session import choose_session
from daypass.server.flows.own_devices import OwnDevices
from daypass.server.flows.own_sessions import OwnSessions
from daypass.server.web.admin_entry import find_administrators
from daypass.server.web.own_view import Whose, lacks_factor, view_browser, view_device, view_login
from daypass.server.web.page_tools import PageTools, Visit
from daypass.server.web.session_view import view_session

__all__ = ["OwnFrame", "refusal_sentence"]

_DONE: Mapping[str, str] = {
    "password": "Your password is changed. Every other browser and terminal must sign in again.",
    "device": "The device is added. You will be asked for it at the next sign-in.",
    "removed": "The device is removed.",
    "browser": "That browser is signed out.",
    "login": "That terminal is signed out. Its credentials end within seconds.",
    "all": "Everything else is signed out.",
}
_TOO_MANY = "Too many tries. Nothing was changed. Wait 15 minutes and try again."


class OwnFrame:
    """Built once; the handlers share it."""

    def __init__(self, tools: PageTools, devices: OwnDevices, sessions: OwnSessions) -> None:
        self.tools = tools
        self.devices = devices
        self.sessions = sessions

    async def enter(self, request: Request) -> tuple[Visit, SignInSession | None]:
        """None for a session that is not here, or no longer good: its page is not shown."""
        visit = await self.tools.visit(request)
        session = await choose_session(
            sessions=self.tools.parts.storage.sign_in_sessions,
            directory=self.tools.parts.directory,
            browser_hash=visit.browser_hash,
            session_id=request.path_params["session_id"],
            now=visit.now,
        )
        return visit, session

    def back(self, visit: Visit, session: SignInSession, done: str) -> Response:
        """303 to the page, which says what was `done`."""
        query = f"?{urlencode({'done': done})}" if done else ""
        return self.tools.go(visit, f"/account/{session.session_id}{query}")

    def sign_in_again(self, visit: Visit, session: SignInSession) -> Response:
        """For who signed in too long ago for a change, or without the second factor."""
        minutes = RECENT_SIGN_IN // 60
        return self.tools.page(
            visit, "account_not_recent.html", status=403, session_id=session.session_id, minutes=minutes
        )

    def done_text(self, request: Request) -> str:
        """What the address says was done; empty for anything else."""
        return _DONE.get(request.query_params.get("done", ""), "")

    async def page(
        self,
        visit: Visit,
        session: SignInSession,
        *,
        done: str = "",
        error: str = "",
        hint: str = "",
        status: int = 200,
    ) -> Response:
        """The whole page. Raises StorageError."""
        parts = self.tools.parts
        devices = await self.devices.list_devices(session)
        browsers = await self.sessions.list_browsers(session, now=visit.now)
        logins = await self.sessions.list_logins(session, now=visit.now)
        whose = Whose(session.principal_arn, has_factor=bool(devices))
        found: list[SignInSession | LoginSession] = [
            *(view.session for view in browsers),
            *(view.session for view in logins),
        ]
        others = [each for each in found if each.session_id != session.session_id]
        return self.tools.page(
            visit,
            "account.html",
            status=status,
            session=view_session(session, parts.identity_providers, now=visit.now),
            may_administer=bool(await find_administrators(self.tools, visit, [session])),
            has_own_secrets=session.principal_kind != "role",
            devices=[view_device(device) for device in devices],
            recovery=await self.devices.count_recovery_codes(session),
            passkeys=parts.passkeys.is_available,
            lacks_factor=lacks_factor(session, whose),
            unproven=sum(lacks_factor(other, whose) for other in others),
            browsers=[view_browser(view, whose, now=visit.now) for view in browsers],
            logins=[view_login(view, whose, region=parts.region, now=visit.now) for view in logins],
            done=done,
            error=error,
            hint=hint,
        )


def refusal_sentence(refusal: AwsError) -> str:
    """For the page: whole, and never a stranger's words."""
    if isinstance(refusal, Throttling):
        return _TOO_MANY
    text = str(refusal)
    return text if text.endswith(".") else f"{text}."
