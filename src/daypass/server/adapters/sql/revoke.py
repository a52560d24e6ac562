"""Ending login sessions before their time, so that their live credentials end too.

Revoking raises the account's revision in the same transaction: within a second every process reads its principals
anew, and with them which logins ended. What was derived from a login ends with it: a named lock keeps such a one from
beginning meanwhile. Then the account's row is locked, then sessions in the order of their ids, as everywhere, so
nobody waits in a circle.
"""

from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Transaction

__all__ = ["SELECT_ENDED", "lock_login", "revoke_one"]

# A role's logins stand under `AROA...:session`; a semicolon is what follows a colon. The partial index is only used
# where its condition stands.
SELECT_ENDED = """
SELECT session_id FROM login_sessions
WHERE account_id = $1 AND revoked_at IS NOT NULL AND revoked_at >= $3 AND principal_id = $2
UNION ALL
SELECT session_id FROM login_sessions
WHERE account_id = $1 AND revoked_at IS NOT NULL AND revoked_at >= $3
  AND principal_id >= $2 || ':' AND principal_id < $2 || ';'
"""

_FIND = "SELECT account_id FROM login_sessions WHERE session_id = $1 AND revoked_at IS NULL"

_FIND_FAMILY = """
SELECT session_id FROM login_sessions WHERE session_id = $1 AND revoked_at IS NULL
UNION SELECT session_id FROM login_sessions WHERE parent_id = $1 AND parent_id <> '' AND revoked_at IS NULL
ORDER BY session_id
"""

_REVOKE = """
UPDATE login_sessions SET revoked_at = $2 WHERE session_id = $1 AND revoked_at IS NULL RETURNING session_id
"""


async def lock_login(transaction: Transaction, session_id: str) -> None:
    """Hold the ending of this login, and the beginning of others derived from it, until the transaction ends."""
    await transaction.lock(f"login {session_id}")


async def revoke_one(transaction: Transaction, session_id: str, *, now: int) -> bool:
    """End a login and those derived from it. False when it was ended already or is unknown."""
    await lock_login(transaction, session_id)
    row = await transaction.fetch_one(_FIND, session_id)
    if row is None:
        return False
    await raise_revision(transaction, row[0])
    ended = []
    for (family_id,) in await transaction.fetch_all(_FIND_FAMILY, session_id):
        if await transaction.fetch_one(_REVOKE, family_id, now) is not None:
            ended.append(family_id)
    return session_id in ended
