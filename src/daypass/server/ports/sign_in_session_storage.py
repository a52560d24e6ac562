"""Browsers in the storage contract: who is signed in where. Rules are those of `ports.storage`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.session import SignInSession

__all__ = ["Placement", "SignInSessionStore", "UseOnce"]

Placement = Literal["placed", "full", "used"]


@dataclass(frozen=True, slots=True)
class UseOnce:
    """What a session may be begun with once: a ticket, a link."""

    key: bytes
    """A hash (`domain.use_once`)."""
    expires_at: int


class SignInSessionStore(Protocol):
    """Identities signed in in browsers."""

    async def place_sign_in_session(
        self,
        session: SignInSession,
        *,
        old_browser: bytes,
        limit: int,
        now: int,
        audit: AuditEvent | None = None,
        once: UseOnce | None = None,
    ) -> Placement:
        """The browser gets a new secret, its sessions come along, `once` is used up, `session` is added, and `audit` says
        so: all of it or nothing.

        `old_browser` is the hash of the secret it had, `session.browser_hash` that of the new one: no secret that
        somebody could have planted ever comes to hold a session. A live session of the same principal is replaced,
        not added. `full`: the browser holds `limit` live sessions of other identities; `used`: somebody was here with
        `once` before. Of either nothing is written.
        """
        ...

    async def list_sign_in_sessions(self, browser_hash: bytes, *, now: int) -> Sequence[SignInSession]:
        """Live sessions of one browser, most recently used first."""
        ...

    async def load_sign_in_session(self, session_id: str, *, now: int) -> SignInSession | None:
        """A live one, whatever its browser; None when it ended."""
        ...

    async def touch_sign_in_session(self, session_id: str, *, now: int) -> None:
        """Set `last_used_at`."""
        ...

    async def end_sign_in_sessions(self, browser_hash: bytes, *, session_id: str | None) -> int:
        """End one session of this browser, or all when None. Returns how many ended."""
        ...

    async def list_sessions_of_principal(
        self, account_id: str, principal_id: str, *, now: int
    ) -> Sequence[SignInSession]:
        """Live sessions in every browser, most recently used first."""
        ...

    async def list_roles_taken(self, account_id: str, user_id: str, *, now: int) -> Sequence[SignInSession]:
        """Live sessions of roles, in whatever account, that end with this user, most recently used first."""
        ...

    async def list_sessions_of_account(
        self, account_id: str, *, after: tuple[str, str], limit: int, now: int
    ) -> Sequence[SignInSession]:
        """Live sessions in every browser behind (principal id, session id), in that order."""
        ...

    async def end_session_of_principal(self, session_id: str, account_id: str, principal_id: str) -> bool:
        """End it wherever it is, and the roles switched to in that browser. False when this principal has no such session."""
        ...
