"""A person signs one identity, or all of them, out of this browser. Terminals stay logged in until their end.

Only sessions of the asking browser can end; an id from elsewhere ends nothing.
"""

from daypass.server.domain.audit import Caller
from daypass.server.domain.sign_in_events import identity_detail, sign_in_event
from daypass.server.ports.clock import Randomness
from daypass.server.ports.storage import AuditStore, SignInSessionStore

__all__ = ["sign_out"]


async def sign_out(
    *,
    sessions: SignInSessionStore,
    audit: AuditStore,
    randomness: Randomness,
    browser_hash: bytes,
    session_id: str | None,
    caller: Caller,
    now: int,
) -> int:
    """End one session, or all when `session_id` is None. Returns how many ended."""
    leaving = [
        session
        for session in await sessions.list_sign_in_sessions(browser_hash, now=now)
        if session_id is None or session.session_id == session_id
    ]
    ended = await sessions.end_sign_in_sessions(browser_hash, session_id=session_id)
    for session in leaving:
        await audit.append(
            sign_in_event(
                "ConsoleLogout",
                event_id=randomness.uuid(),
                caller=caller,
                now=now,
                principal=(session.account_id, session.principal_arn),
                detail={
                    "sign_in_session": session.session_id,
                    **identity_detail(session.role_session),
                },
            )
        )
    return ended
