"""Table `sign_in_attempts`: failed sign-ins per hashed key, in a window that starts at the first failure."""

from daypass.server.adapters.sql.engine import Engine

__all__ = ["SqlAttemptStore"]


class SqlAttemptStore:
    """`ports.storage.AttemptStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def count_attempts(self, key: bytes, *, now: int) -> int:
        row = await self._engine.fetch_one(
            "SELECT failures FROM sign_in_attempts WHERE attempt_key = $1 AND window_ends_at > $2", key, now
        )
        return 0 if row is None else int(row[0])

    async def record_failure(self, key: bytes, *, now: int, window: int) -> int:
        row = await self._engine.fetch_one(
            "INSERT INTO sign_in_attempts (attempt_key, failures, window_ends_at) VALUES ($1, 1, $3)"
            " ON CONFLICT (attempt_key) DO UPDATE SET"
            " failures = CASE WHEN sign_in_attempts.window_ends_at > $2"
            " THEN sign_in_attempts.failures + 1 ELSE 1 END,"
            " window_ends_at = CASE WHEN sign_in_attempts.window_ends_at > $2"
            " THEN sign_in_attempts.window_ends_at ELSE $3 END"
            " RETURNING failures",
            key,
            now,
            now + window,
        )
        assert row is not None, "an upsert always returns its row"
        return int(row[0])

    async def clear_attempts(self, key: bytes) -> None:
        await self._engine.execute("DELETE FROM sign_in_attempts WHERE attempt_key = $1", key)
