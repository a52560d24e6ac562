"""An assumed role becomes a session in this browser, beside the one it was assumed from (IAM user guide, "Switch from a
user to an IAM role").

AssumeRole has decided; here the role session only finds its place. It ends with its credentials and with the session it
came from at the latest, is worth nothing once its user is gone or has other credentials, and can be chosen for a
terminal like any other.
"""

from dataclasses import dataclass

from daypass.server.domain.audit import AuditEvent, Caller
from daypass.server.domain.browser import BROWSER_SECRET_LENGTH, browser_hash
from daypass.server.domain.role_session import RoleSession
from daypass.server.domain.session import MAX_ACTIVE_SESSIONS, SignInSession
from daypass.server.domain.session_lineage import taken_owner
from daypass.server.domain.session_origin import origin_of
from daypass.server.domain.sign_in_events import sign_in_event
from daypass.server.domain.tokens import SessionClaims
from daypass.server.ports.clock import Randomness
from daypass.server.ports.session_beginning import SessionFull, SignedIn
from daypass.server.ports.storage import Storage

__all__ = ["SwitchRoleFlow"]


@dataclass(frozen=True, slots=True)
class SwitchRoleFlow:
    """The story with its neighbours."""

    storage: Storage
    randomness: Randomness

    async def longest_duration(
        self, account_id: str, role_name: str, base: SignInSession, *, now: int
    ) -> int:
        """Seconds to ask AssumeRole for: what role and base session allow, an hour when roles are chained."""
        role = await self.storage.roles.load_role(account_id, role_name)
        limits = [base.expires_at - now, 3600 if role is None else role.max_session_duration]
        if base.principal_kind == "role":
            limits.append(3600)
        return max(900, min(limits))

    async def begin(
        self, claims: SessionClaims, base: SignInSession, *, caller: Caller, now: int
    ) -> SignedIn | SessionFull:
        """`claims` are the assumed role's."""
        browser_secret = self.randomness.token_bytes(BROWSER_SECRET_LENGTH)
        session = SignInSession(
            session_id=self.randomness.uuid(),
            browser_hash=browser_hash(browser_secret),
            account_id=claims.account_id,
            principal_kind="role",
            principal_arn=claims.principal_arn,
            principal_id=claims.principal_id,
            credentials_epoch=0,
            authenticated_at=base.authenticated_at,
            expires_at=min(claims.expires_at, base.expires_at),
            last_used_at=now,
            role_session=RoleSession(
                claims.role_arn,
                claims.source_identity,
                claims.tags,
                claims.transitive_tag_keys,
                owner=taken_owner(base),
            ),
            mfa_at=base.mfa_at,
        )
        detail: dict[str, str | int | bool] = {
            "switchTo": session.principal_arn,
            "sign_in_session": session.session_id,
        }
        placement = await self.storage.sign_in_sessions.place_sign_in_session(
            session,
            old_browser=base.browser_hash,
            limit=MAX_ACTIVE_SESSIONS,
            now=now,
            audit=self._event(base, detail, caller=caller, now=now),
        )
        if placement != "placed":
            return SessionFull()
        await self.storage.session_origins.note_origin(origin_of(session, caller))
        return SignedIn(session, browser_secret)

    async def record_refusal(
        self, base: SignInSession, role_arn: str, *, error_code: str, caller: Caller, now: int
    ) -> None:
        """The role was not to be had."""
        event = self._event(base, {"switchTo": role_arn}, error_code=error_code, caller=caller, now=now)
        await self.storage.audit.append(event)

    def _event(
        self,
        base: SignInSession,
        detail: dict[str, str | int | bool],
        *,
        error_code: str = "",
        caller: Caller,
        now: int,
    ) -> AuditEvent:
        return sign_in_event(
            "SwitchRole",
            event_id=self.randomness.uuid(),
            caller=caller,
            now=now,
            principal=(base.account_id, base.principal_arn),
            error_code=error_code,
            detail=detail,
        )
