"""Table `login_sessions`: terminal logins, the hot table.

`redeem` and `rotate` go through group commit; `rotate.py` and `redeem.py` hold their statements, and
`postgres_batches.py` the set-based form for PostgreSQL. A scoped login ends with the login it was derived from
(`revoke.py`), so nobody can prepare a second life for a stolen one.
"""

from collections.abc import Sequence

from daypass.server.adapters.sql.engine import Engine, Transaction
from daypass.server.adapters.sql.federation import lock_provider
from daypass.server.adapters.sql.group_commit import GroupCommit
from daypass.server.adapters.sql.redeem import begin_session, identity_of
from daypass.server.adapters.sql.revoke import SELECT_ENDED, lock_login, revoke_one
from daypass.server.adapters.sql.rotate import SESSION_COLUMNS, read_session
from daypass.server.domain.role_owner import RoleOwner
from daypass.server.domain.session import LoginSession
from daypass.server.ports.login_session_storage import ScopedBeginning
from daypass.server.ports.storage import CodeRedemption, Redemption, RefreshRotation, Rotation

__all__ = ["SqlLoginSessionStore"]

_FIND_PARENT = """
SELECT session_id FROM login_sessions
WHERE session_id = $1 AND revoked_at IS NULL AND ends_at > $2 AND scope = ''
"""

_COUNT_DERIVED = """
SELECT count(*) FROM login_sessions
WHERE parent_id = $1 AND parent_id <> '' AND revoked_at IS NULL AND ends_at > $2
"""


class SqlLoginSessionStore:
    """`ports.storage.LoginSessionStore`."""

    def __init__(
        self,
        engine: Engine,
        redemptions: GroupCommit[CodeRedemption, Redemption],
        rotations: GroupCommit[RefreshRotation, Rotation],
    ) -> None:
        self._engine = engine
        self._redemptions = redemptions
        self._rotations = rotations

    async def redeem(self, redemption: CodeRedemption) -> Redemption:
        return await self._redemptions.submit(redemption)

    async def rotate(self, rotation: RefreshRotation) -> Rotation:
        return await self._rotations.submit(rotation)

    async def load_login_session(self, session_id: str) -> LoginSession | None:
        row = await self._engine.fetch_one(
            f"SELECT {SESSION_COLUMNS} FROM login_sessions WHERE session_id = $1", session_id
        )
        return None if row is None else read_session(row)

    async def list_login_sessions(
        self, account_id: str, principal_id: str, *, now: int
    ) -> Sequence[LoginSession]:
        rows = await self._engine.fetch_all(
            f"SELECT {SESSION_COLUMNS} FROM login_sessions"
            " WHERE account_id = $1 AND principal_id = $2 AND revoked_at IS NULL AND ends_at > $3"
            " ORDER BY created_at DESC, session_id",
            account_id,
            principal_id,
            now,
        )
        return [read_session(row) for row in rows]

    async def list_role_logins_taken(
        self, account_id: str, user_id: str, *, now: int
    ) -> Sequence[LoginSession]:
        rows = await self._engine.fetch_all(
            f"SELECT {SESSION_COLUMNS} FROM login_sessions"
            " WHERE taken_by = $1 AND taken_by <> '' AND revoked_at IS NULL AND ends_at > $2"
            " ORDER BY created_at DESC, session_id",
            RoleOwner(account_id, user_id).key,
            now,
        )
        return [read_session(row) for row in rows]

    async def list_logins_of_account(
        self, account_id: str, *, after: tuple[str, str], limit: int, now: int
    ) -> Sequence[LoginSession]:
        # The first condition is what the index by principal answers; the second is exact.
        rows = await self._engine.fetch_all(
            f"SELECT {SESSION_COLUMNS} FROM login_sessions"
            " WHERE account_id = $1 AND principal_id >= $2"
            " AND (principal_id > $2 OR session_id > $3) AND revoked_at IS NULL AND ends_at > $4"
            " ORDER BY principal_id, session_id LIMIT $5",
            account_id,
            *after,
            now,
            limit,
        )
        return [read_session(row) for row in rows]

    async def revoke_login_session(self, session_id: str, *, now: int) -> bool:
        return await self._engine.run(lambda transaction: revoke_one(transaction, session_id, now=now))

    async def begin_scoped_session(
        self, parent_id: str, session: LoginSession, *, limit: int, now: int
    ) -> ScopedBeginning:
        """The parent's named lock makes counting and writing one: of many at once no more than `limit` begin."""
        identity = identity_of(session)

        async def work(transaction: Transaction) -> ScopedBeginning:
            if identity is not None:
                await lock_provider(transaction, identity.provider_arn)
            await lock_login(transaction, parent_id)
            if await transaction.fetch_one(_FIND_PARENT, parent_id, now) is None:
                return "ended"
            live = await transaction.fetch_one(_COUNT_DERIVED, parent_id, now)
            if live is not None and live[0] >= limit:
                return "full"
            await begin_session(transaction, session)
            await transaction.execute(
                "UPDATE login_sessions SET parent_id = $2 WHERE session_id = $1",
                session.session_id,
                parent_id,
            )
            return "begun"

        return await self._engine.run(work)

    async def list_ended_login_ids(
        self, account_id: str, principal_id: str, *, revoked_since: int
    ) -> frozenset[str]:
        rows = await self._engine.fetch_all(SELECT_ENDED, account_id, principal_id, revoked_since)
        return frozenset(row[0] for row in rows)
