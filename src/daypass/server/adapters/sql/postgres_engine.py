"""The PostgreSQL engine: a small pool of asyncpg connections, READ COMMITTED, prepared statements.

READ COMMITTED is what the stores are written for: an UPDATE that waited for another transaction looks at
its condition again in the row that transaction left. Several processes and hosts may share one database.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import asyncpg

from daypass.errors import StorageError
from daypass.server.adapters.sql.engine import Row, Transaction, Value

__all__ = ["PostgresEngine", "open_postgres"]

Result = TypeVar("Result")

_STATEMENT_TIMEOUT = 30
"""Seconds after which a statement that hangs (a dead peer, a forgotten lock) is a failure."""
_SESSION_SETTINGS = {"application_name": "daypass", "jit": "off", "timezone": "UTC"}


class _Statements:
    """Statements on a pool or on one of its connections; both answer to the same verbs."""

    def __init__(self, executor: Any) -> None:
        self._executor = executor

    async def fetch_one(self, statement: str, *values: Value) -> Row | None:
        with _storage_errors():
            row: Row | None = await self._executor.fetchrow(statement, *values)
            return row

    async def fetch_all(self, statement: str, *values: Value) -> Sequence[Row]:
        with _storage_errors():
            rows: Sequence[Row] = await self._executor.fetch(statement, *values)
            return rows

    async def execute(self, statement: str, *values: Value) -> int:
        with _storage_errors():
            tag: str = await self._executor.execute(statement, *values)
            return _changed_rows(tag)

    async def execute_many(self, statement: str, rows: Sequence[Sequence[Value]]) -> None:
        with _storage_errors():
            await self._executor.executemany(statement, rows)

    async def lock(self, name: str) -> None:
        await self.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)

    async def run_script(self, script: str) -> None:
        await self.execute(script)


class PostgresEngine(_Statements):
    """See the file's law. Made by `open_postgres`."""

    migrations_folder = "postgres"

    def __init__(self, pool: Any) -> None:
        super().__init__(pool)
        self.pool = pool

    async def run(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        with _storage_errors():
            async with self.pool.acquire() as connection, connection.transaction():
                return await work(_Statements(connection))

    async def fetch_arrays(self, statement: str, *arrays: Sequence[Value]) -> Sequence[Row]:
        """One statement over whole columns of values (`unnest`)."""
        with _storage_errors():
            rows: Sequence[Row] = await self.pool.fetch(statement, *arrays)
            return rows

    async def close(self) -> None:
        with _storage_errors():
            await self.pool.close()


async def open_postgres(url: str, *, connections: int) -> PostgresEngine:
    """Connect, with at most this many connections. Raises StorageError; the URL is in no message."""
    with _storage_errors("cannot reach the PostgreSQL database"):
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=connections,
            command_timeout=_STATEMENT_TIMEOUT,
            max_cached_statement_lifetime=0,
            server_settings=_SESSION_SETTINGS,
            reset=_nothing_to_reset,
        )
    return PostgresEngine(pool)


def _changed_rows(tag: str) -> int:
    """The number at the end of a command's tag (`INSERT 0 1`), where there is one."""
    number = tag.rpartition(" ")[2]
    return int(number) if number.isdecimal() else 0


async def _nothing_to_reset(connection: Any) -> None:
    """Our statements leave nothing behind in a session; the default reset costs a round trip per use."""


@contextmanager
def _storage_errors(doing: str = "the database refused") -> Iterator[None]:
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        raise StorageError(doing, detail=f"{type(error).__name__}: {error}") from error
