"""What comes next for this browser? Decided from stored state, never by one page for another.

No active session: the person chooses how to sign in. One or more: the person chooses among them (AWS sign-in
guide, "active sessions"). A session whose principal is gone or whose password changed is not offered.
"""

from dataclasses import dataclass

from daypass.server.domain.browser import is_current
from daypass.server.domain.session import SignInSession
from daypass.server.domain.session_lineage import bound_owner, is_owner_current
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.storage import SignInSessionStore

__all__ = ["ChooseHow", "ChooseSession", "decide_next_step"]


@dataclass(frozen=True, slots=True)
class ChooseHow:
    """Nobody is signed in here."""


@dataclass(frozen=True, slots=True)
class ChooseSession:
    """These identities are signed in here, most recently used first."""

    sessions: tuple[SignInSession, ...]


async def decide_next_step(
    *, sessions: SignInSessionStore, directory: PrincipalDirectory, browser_hash: bytes, now: int
) -> ChooseHow | ChooseSession:
    """One read of the browser's sessions, one look at each principal."""
    current = []
    for session in await sessions.list_sign_in_sessions(browser_hash, now=now):
        snapshot = await directory.load(session.account_id, session.principal_kind, session.principal_id)
        owner = bound_owner(session.role_session)
        is_owned = owner is None or is_owner_current(
            owner, await directory.load(owner.account_id, "user", owner.principal_id)
        )
        if is_owned and is_current(session, snapshot):
            current.append(session)
    return ChooseSession(tuple(current)) if current else ChooseHow()
