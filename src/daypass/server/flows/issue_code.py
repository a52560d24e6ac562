"""The choice becomes an authorization code, if policy lets it (RFC 6749 §4.1.2).

Order: the principal as it is now; the policy question `signin:AuthorizeOAuth2Access`; the audit row; the
code. A refusal is a result, not an exception: the person gets a page that says who can change it.
"""

from dataclasses import dataclass, replace

from daypass.policy.decision import Decision
from daypass.protocol.oauth.authorization_response import build_code_redirect
from daypass.server.domain.audit import AuditEvent, Caller
from daypass.server.domain.authorization_code import build_code_claims
from daypass.server.domain.client_permissions import authorize_code
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.pending_authorization import PendingAuthorization
from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.session import SignInSession
from daypass.server.domain.sign_in_events import identity_detail, sign_in_event
from daypass.server.domain.tokens import seal_code
from daypass.server.ports.clock import Randomness
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.storage import AuditStore

__all__ = ["CodeIssued", "CodeRefused", "IssueCodeFlow"]


@dataclass(frozen=True, slots=True)
class CodeIssued:
    """Where the browser brings the code. The location holds the code: never logged."""

    location: str


@dataclass(frozen=True, slots=True)
class CodeRefused:
    """Policy said no."""

    decision: Decision
    snapshot: PrincipalSnapshot
    lacks_second_factor: bool
    """Whether policy would say yes to the same person with a second factor proven."""


class IssueCodeFlow:
    """The story with its neighbours."""

    __slots__ = ("_audit", "_directory", "_randomness", "_region", "_ring")

    def __init__(
        self,
        *,
        audit: AuditStore,
        directory: PrincipalDirectory,
        ring: KeyRing,
        randomness: Randomness,
        region: str,
    ) -> None:
        self._audit = audit
        self._directory = directory
        self._ring = ring
        self._randomness = randomness
        self._region = region

    async def issue(
        self, pending: PendingAuthorization, session: SignInSession, *, caller: Caller, now: int
    ) -> CodeIssued | CodeRefused | None:
        """None when the principal vanished a moment ago."""
        snapshot = await self._directory.load(
            session.account_id, session.principal_kind, session.principal_id, fresh=True
        )
        if snapshot is None:
            return None
        decision = self._decide(pending, snapshot, session, caller, now)
        await self._audit.append(self._event(pending, session, decision, caller=caller, now=now))
        if not decision.is_allowed:
            proven = replace(session, mfa_at=now)
            lacks_factor = (
                not session.mfa_at
                and session.principal_kind != "role"
                and self._decide(pending, snapshot, proven, caller, now).is_allowed
            )
            return CodeRefused(decision, snapshot, lacks_factor)
        code_id = self._randomness.token_bytes(12).hex()
        code = seal_code(self._ring, build_code_claims(pending, session, code_id=code_id, now=now))
        return CodeIssued(build_code_redirect(pending.redirect_uri, code=code, state=pending.state))

    def _decide(
        self,
        pending: PendingAuthorization,
        snapshot: PrincipalSnapshot,
        session: SignInSession,
        caller: Caller,
        now: int,
    ) -> Decision:
        return authorize_code(
            snapshot,
            session,
            client_id=pending.client_id,
            redirect_uri=pending.redirect_uri,
            caller=caller,
            now=now,
            region=self._region,
        )

    def _event(
        self,
        pending: PendingAuthorization,
        session: SignInSession,
        decision: Decision,
        *,
        caller: Caller,
        now: int,
    ) -> AuditEvent:
        return sign_in_event(
            "AuthorizeOAuth2Access",
            event_id=self._randomness.uuid(),
            caller=caller,
            now=now,
            principal=(session.account_id, session.principal_arn),
            error_code="" if decision.is_allowed else "AccessDenied",
            detail={
                "client_id": pending.client_id,
                "redirect_uri": pending.redirect_uri,
                "code_challenge_method": pending.code_challenge_method,
                "scope": pending.scope,
                "decision": decision.effect.value,
                "sign_in_session": session.session_id,
                **identity_detail(session.role_session),
            },
        )
