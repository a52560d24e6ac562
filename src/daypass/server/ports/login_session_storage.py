"""The hot part of the storage contract: terminal logins, and what redeeming and refreshing write.

Rules are those of `ports.storage`. What every refresh makes is a Struct, which is twenty times as quick to
make as a frozen dataclass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.session import LoginSession

__all__ = [
    "CodeRedemption",
    "DpopProof",
    "LoginSessionStore",
    "Redemption",
    "RefreshRotation",
    "Rotation",
    "ScopedBeginning",
]


class DpopProof(msgspec.Struct, frozen=True):
    """One verified proof, to be recorded (RFC 9449 §11.1). Both values are hashes."""

    proof_key: bytes
    """16 bytes: of (jkt, htu, jti)."""
    request_hash: bytes
    """16 bytes: of the request body it came with. The same proof with the same body is a retry."""
    expires_at: int
    """When the row may go: past the last moment at which `iat` could still be accepted."""


@dataclass(frozen=True, slots=True)
class CodeRedemption:
    """Everything needed to burn a code and, when `session` is given, begin its login session."""

    code_id: str
    code_expires_at: int
    proof: DpopProof
    session: LoginSession | None
    """None burns the code without a session: PKCE, redirect, client or policy failed."""
    expected_revision: int
    """The account revision the policy decision was made under."""
    audit: AuditEvent
    now: int


@dataclass(frozen=True, slots=True)
class Redemption:
    """How a redemption ended.

    `redeemed`: this call made the session. `repeated`: the same proof with the same body again (a lost
    answer): `session` is the one made then. `replayed`: the code was used before by another request; any
    session it made is now revoked (RFC 6749 §4.1.2). `proof_replayed`: the proof was seen with another
    body; the code is not burnt. `burnt`: the code is burnt and no session was asked for; this happens under
    any revision. `stale`: the account's revision moved; nothing was written, decide again. A repeat whose
    session was revoked since is answered `replayed`. The audit row is written for `redeemed` and `burnt`.
    """

    outcome: Literal["redeemed", "repeated", "replayed", "proof_replayed", "burnt", "stale"]
    session: LoginSession | None = None


class RefreshRotation(msgspec.Struct, frozen=True):
    """Everything one refresh writes: the proof, the conditional rotation, the audit row."""

    session_id: str
    generation: int
    """The generation inside the presented token."""
    proof: DpopProof
    expected_revision: int
    sealed_by: str
    """Key id that will seal the successor."""
    audit: AuditEvent
    now: int


class Rotation(msgspec.Struct, frozen=True):
    """How a rotation ended.

    `rotated`: generation + 1, `session` is the new state. `superseded`: the presented generation is not
    the current one; `session` is the current state, and the flow decides whether that is an idempotent
    repeat. `proof_replayed`: the proof was seen with another body. `stale`: the account's revision moved;
    nothing was written, decide again. `ended`: revoked, past its end, or unknown (`session` may be None).
    Where several are true, `ended` comes before `stale`, and `stale` before `superseded`.
    The audit row is written for `rotated` only.
    """

    outcome: Literal["rotated", "superseded", "proof_replayed", "stale", "ended"]
    session: LoginSession | None = None


ScopedBeginning = Literal["begun", "ended", "full"]


class LoginSessionStore(Protocol):
    """Terminal logins: the hot table."""

    async def redeem(self, redemption: CodeRedemption) -> Redemption: ...

    async def rotate(self, rotation: RefreshRotation) -> Rotation:
        """At most four statements in one transaction; many concurrent calls may share one commit."""
        ...

    async def load_login_session(self, session_id: str) -> LoginSession | None: ...

    async def list_login_sessions(
        self, account_id: str, principal_id: str, *, now: int
    ) -> Sequence[LoginSession]:
        """Those not revoked and not past their end, newest first."""
        ...

    async def list_role_logins_taken(
        self, account_id: str, user_id: str, *, now: int
    ) -> Sequence[LoginSession]:
        """Of roles, in whatever account, that end with this user; as `list_login_sessions`."""
        ...

    async def list_logins_of_account(
        self, account_id: str, *, after: tuple[str, str], limit: int, now: int
    ) -> Sequence[LoginSession]:
        """Those not revoked and not past their end behind (principal id, session id), in that order."""
        ...

    async def revoke_login_session(self, session_id: str, *, now: int) -> bool:
        """False when it was already revoked or is unknown. Raises the account's revision: live credentials end too."""
        ...

    async def begin_scoped_session(
        self, parent_id: str, session: LoginSession, *, limit: int, now: int
    ) -> ScopedBeginning:
        """A login derived from another: written only while the parent lives, has no scope (else `ended`), and has fewer
        than `limit` live ones (else `full`).
        """
        ...

    async def list_ended_login_ids(
        self, account_id: str, principal_id: str, *, revoked_since: int
    ) -> frozenset[str]:
        """Ids of the principal's logins revoked at or after this moment."""
        ...
