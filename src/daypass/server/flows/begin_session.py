"""A proven person gets a place in this browser: the last step of every way to sign in with a password.

The browser gets a new secret (no session fixation), its other sessions come along, and the new one is added unless five
are there: one transaction with the audit row. That says with which second factor, and never which names were typed.
"""

from dataclasses import dataclass

from daypass.server.domain.audit import AuditEvent, Caller
from daypass.server.domain.browser import BROWSER_SECRET_LENGTH, browser_hash
from daypass.server.domain.session import MAX_ACTIVE_SESSIONS, SignInSession
from daypass.server.domain.session_origin import origin_of
from daypass.server.domain.sign_in_events import sign_in_event
from daypass.server.ports.clock import Randomness
from daypass.server.ports.session_beginning import Proven, SessionFull, SignedIn
from daypass.server.ports.storage import Storage

__all__ = ["BrowserSessions"]


@dataclass(frozen=True, slots=True)
class BrowserSessions:
    """`ports.session_beginning.SessionBeginning` over storage."""

    storage: Storage
    randomness: Randomness
    lifetime: int
    """Seconds."""

    async def begin(
        self, proven: Proven, *, old_browser: bytes, caller: Caller, now: int
    ) -> SignedIn | SessionFull:
        """See the port."""
        browser_secret = self.randomness.token_bytes(BROWSER_SECRET_LENGTH)
        session = SignInSession(
            session_id=self.randomness.uuid(),
            browser_hash=browser_hash(browser_secret),
            account_id=proven.account_id,
            principal_kind=proven.kind,
            principal_arn=proven.principal_arn,
            principal_id=proven.principal_id,
            credentials_epoch=proven.credentials_epoch,
            authenticated_at=now,
            expires_at=now + self.lifetime,
            last_used_at=now,
            mfa_at=proven.mfa_at,
        )
        placement = await self.storage.sign_in_sessions.place_sign_in_session(
            session,
            old_browser=old_browser,
            limit=MAX_ACTIVE_SESSIONS,
            now=now,
            audit=self._event(proven, caller, now),
        )
        if placement != "placed":
            await self.storage.audit.append(self._event(proven, caller, now, error_code=placement))
            return SessionFull()
        if proven.kind == "user":
            await self.storage.users.record_password_use(proven.account_id, proven.principal_id, now=now)
        await self.storage.session_origins.note_origin(origin_of(session, caller))
        return SignedIn(session, browser_secret)

    def _event(self, proven: Proven, caller: Caller, now: int, *, error_code: str = "") -> AuditEvent:
        return sign_in_event(
            "ConsoleLogin",
            event_id=self.randomness.uuid(),
            caller=caller,
            now=now,
            principal=(proven.account_id, proven.principal_arn),
            error_code=error_code,
            detail={"MFAUsed": "Yes" if proven.mfa_at else "No"},
        )
