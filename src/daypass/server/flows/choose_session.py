"""A person picks one of the identities signed in in this browser.

The session is looked for among the browser's own, so an id from elsewhere finds nothing. Principal and
credentials are looked at afresh, of a role that was taken also the user's: a session of a changed password is as good
as none.
"""

from daypass.server.domain.browser import is_current
from daypass.server.domain.session import SignInSession
from daypass.server.domain.session_lineage import bound_owner, is_owner_current
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.storage import SignInSessionStore

__all__ = ["choose_session"]


async def choose_session(
    *,
    sessions: SignInSessionStore,
    directory: PrincipalDirectory,
    browser_hash: bytes,
    session_id: str,
    now: int,
) -> SignInSession | None:
    """The chosen session, marked as used now; None when this browser has no such live session."""
    for session in await sessions.list_sign_in_sessions(browser_hash, now=now):
        if session.session_id != session_id:
            continue
        snapshot = await directory.load(
            session.account_id, session.principal_kind, session.principal_id, fresh=True
        )
        owner = bound_owner(session.role_session)
        is_owned = owner is None or is_owner_current(
            owner, await directory.load(owner.account_id, "user", owner.principal_id, fresh=True)
        )
        if not is_owned or not is_current(session, snapshot):
            await sessions.end_sign_in_sessions(browser_hash, session_id=session_id)
            return None
        await sessions.touch_sign_in_session(session_id, now=now)
        return session
    return None
