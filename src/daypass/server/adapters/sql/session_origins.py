"""Table `session_origins`: from where sessions began. Written once beside a session, read by its person's own page."""

from collections.abc import Mapping, Sequence

from daypass.server.adapters.sql.engine import Engine
from daypass.server.domain.session_origin import SessionOrigin

__all__ = ["SqlSessionOriginStore"]

_COLUMNS = "session_id, source_ip, user_agent, expires_at"


class SqlSessionOriginStore:
    """`ports.storage.SessionOriginStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def note_origin(self, origin: SessionOrigin) -> None:
        await self._engine.execute(
            f"INSERT INTO session_origins ({_COLUMNS}) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (session_id) DO NOTHING",
            origin.session_id,
            origin.source_ip,
            origin.user_agent,
            origin.expires_at,
        )

    async def load_origins(self, session_ids: Sequence[str]) -> Mapping[str, SessionOrigin]:
        found: dict[str, SessionOrigin] = {}
        for session_id in session_ids:
            row = await self._engine.fetch_one(
                f"SELECT {_COLUMNS} FROM session_origins WHERE session_id = $1", session_id
            )
            if row is not None:
                found[session_id] = SessionOrigin(*row)
        return found
