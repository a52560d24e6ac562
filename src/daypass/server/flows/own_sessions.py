"""Where am I signed in: every browser and every terminal of one person, and the end of one or all of them.

Ending takes effect at once: a browser's session is gone, a terminal's refresh is refused, and its live credentials end
within a second, because the account's revision moves and every verifier reads the principal anew. A user's own are also
the roles the user took in the pages; a role session's own are those of the same person, for others may be in the same
role under the same name. A look costs the same however many logins a program made: so many are shown, all of them ended.
"""

from dataclasses import dataclass

from daypass.server.domain.audit import Caller
from daypass.server.domain.own_account import BrowserView, LoginView, is_own_session
from daypass.server.domain.session import LoginSession, SignInSession
from daypass.server.domain.sign_in_events import sign_in_event
from daypass.server.ports.clock import Randomness
from daypass.server.ports.storage import Storage

__all__ = ["MOST_SHOWN", "OwnSessions"]

MOST_SHOWN = 100
"""Browsers, and terminals."""


@dataclass(frozen=True, slots=True)
class OwnSessions:
    """The stories, over the ports they need. `session` is the live one the person looks from."""

    storage: Storage
    randomness: Randomness

    async def list_browsers(self, session: SignInSession, *, now: int) -> tuple[BrowserView, ...]:
        """This browser first, then last used first; at most MOST_SHOWN."""
        everywhere = await self._browsers(session, now)
        found = sorted(everywhere, key=lambda each: each.session_id != session.session_id)[:MOST_SHOWN]
        origins = await self.storage.session_origins.load_origins([each.session_id for each in found])
        return tuple(
            BrowserView(each, origins.get(each.session_id), each.session_id == session.session_id)
            for each in found
        )

    async def list_logins(self, session: SignInSession, *, now: int) -> tuple[LoginView, ...]:
        """Newest first, narrowed ones last, so that nobody hides a login behind those it made; at most MOST_SHOWN."""
        everywhere = await self._logins(session, now)
        found = sorted(everywhere, key=lambda each: each.scope is not None)[:MOST_SHOWN]
        origins = await self.storage.session_origins.load_origins([each.session_id for each in found])
        return tuple(LoginView(each, origins.get(each.session_id)) for each in found)

    async def end_browser(self, session: SignInSession, session_id: str, *, caller: Caller, now: int) -> bool:
        """False when the person has no such session."""
        found = await self.storage.sign_in_sessions.load_sign_in_session(session_id, now=now)
        if found is None or not is_own_session(session, found):
            return False
        is_ended = await self.storage.sign_in_sessions.end_session_of_principal(
            session_id, found.account_id, found.principal_id
        )
        if is_ended:
            await self._record("ConsoleLogout", session, session_id, caller, now)
        return is_ended

    async def end_login(self, session: SignInSession, session_id: str, *, caller: Caller, now: int) -> bool:
        """False when the person has no such login, or it ended before."""
        login = await self.storage.login_sessions.load_login_session(session_id)
        if login is None or not is_own_session(session, login):
            return False
        is_ended = await self.storage.login_sessions.revoke_login_session(session_id, now=now)
        if is_ended:
            await self._record("RevokeOAuth2Token", session, session_id, caller, now)
        return is_ended

    async def end_everything_else(self, session: SignInSession, *, caller: Caller, now: int) -> int:
        """Every browser but this one, every terminal. Returns how many ended."""
        ended = 0
        for browser in await self._browsers(session, now):
            if browser.browser_hash != session.browser_hash:
                ended += await self.end_browser(session, browser.session_id, caller=caller, now=now)
        for login in await self._logins(session, now):
            ended += await self.end_login(session, login.session_id, caller=caller, now=now)
        return ended

    async def _browsers(self, session: SignInSession, now: int) -> list[SignInSession]:
        """The person's own, and behind them the roles the person took."""
        sessions, person = self.storage.sign_in_sessions, (session.account_id, session.principal_id)
        found = [
            *await sessions.list_sessions_of_principal(*person, now=now),
            *await sessions.list_roles_taken(*person, now=now),
        ]
        return [each for each in found if is_own_session(session, each)]

    async def _logins(self, session: SignInSession, now: int) -> list[LoginSession]:
        sessions, person = self.storage.login_sessions, (session.account_id, session.principal_id)
        found = [
            *await sessions.list_login_sessions(*person, now=now),
            *await sessions.list_role_logins_taken(*person, now=now),
        ]
        return [each for each in found if is_own_session(session, each)]

    async def _record(
        self, event: str, session: SignInSession, session_id: str, caller: Caller, now: int
    ) -> None:
        await self.storage.audit.append(
            sign_in_event(
                event,
                event_id=self.randomness.uuid(),
                caller=caller,
                now=now,
                principal=(session.account_id, session.principal_arn),
                detail={"ended_session": session_id},
            )
        )
