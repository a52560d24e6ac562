"""Who is shown the way to the admin pages: root, and whoever may list the account's users. The pages ask again."""

from collections.abc import Sequence

from daypass.server.domain.page_call import call_of_session
from daypass.server.domain.session import SignInSession
from daypass.server.web.page_tools import PageTools, Visit

__all__ = ["find_administrators"]


async def find_administrators(
    tools: PageTools, visit: Visit, sessions: Sequence[SignInSession]
) -> frozenset[str]:
    """The ids of those of this browser's sessions. Raises StorageError."""
    parts = tools.parts
    found: set[str] = set()
    for session in sessions:
        snapshot = await parts.directory.load(
            session.account_id, session.principal_kind, session.principal_id
        )
        if snapshot is None:
            continue
        call = call_of_session(session, snapshot, caller=visit.caller, now=visit.now, region=parts.region)
        if call.decide("iam:ListUsers", f"arn:aws:iam::{session.account_id}:user/").is_allowed:
            found.add(session.session_id)
    return frozenset(found)
