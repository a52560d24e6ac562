"""Table `login_sessions`: terminal logins, the hot table.

`redeem` and `rotate` go through group commit; `rotate.py` and `redeem.py` hold their statements, and
`postgres_batches.py` the set-based form for PostgreSQL.
"""

from collections.abc import Sequence

from daypass.server.adapters.sql.engine import Engine
from daypass.server.adapters.sql.group_commit import GroupCommit
from daypass.server.adapters.sql.rotate import SESSION_COLUMNS, read_session
from daypass.server.domain.session import LoginSession
from daypass.server.ports.storage import CodeRedemption, Redemption, RefreshRotation, Rotation

__all__ = ["SqlLoginSessionStore"]


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

    async def revoke_login_session(self, session_id: str, *, now: int) -> bool:
        row = await self._engine.fetch_one(
            "UPDATE login_sessions SET revoked_at = $2 WHERE session_id = $1 AND revoked_at IS NULL"
            " RETURNING session_id",
            session_id,
            now,
        )
        return row is not None
