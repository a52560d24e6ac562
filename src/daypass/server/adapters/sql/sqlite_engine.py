"""The SQLite engine: one connection per process, statements run inline on the event loop's thread.

A writer thread was measured and lost: it and the event loop convoy on the interpreter lock. A statement
here costs microseconds, so the loop runs it itself. Several worker processes may share one file (WAL); a
process that finds the write lock taken waits for it blocking, at most `busy_timeout`.

`synchronous=normal` (the default) survives a crash of the process; after a loss of power the newest
commits may be missing, never half done. `synchronous=full` in the URL closes that gap for the price of
one fsync per commit (SQLite, "PRAGMA synchronous").
"""

import os
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import apsw

from daypass.errors import StorageError
from daypass.server.adapters.sql.engine import Row, Transaction, Value

__all__ = ["SqliteEngine", "open_sqlite"]

Result = TypeVar("Result")

_FAILURES = (apsw.Error, OverflowError, TypeError, ValueError)
_SYNCHRONOUS = {"normal": "NORMAL", "full": "FULL", "extra": "EXTRA"}


class _Statements:
    """Statements on the one connection; `Statements` and `Transaction` of the engine protocol."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()

    async def fetch_one(self, statement: str, *values: Value) -> Row | None:
        rows = self._rows(statement, values)
        return rows[0] if rows else None

    async def fetch_all(self, statement: str, *values: Value) -> Sequence[Row]:
        return self._rows(statement, values)

    async def execute(self, statement: str, *values: Value) -> int:
        self._rows(statement, values)
        return self._connection.changes()

    async def execute_many(self, statement: str, rows: Sequence[Sequence[Value]]) -> None:
        try:
            self._cursor.executemany(_by_position(statement), rows).fetchall()
        except _FAILURES as error:
            raise _storage_error(error) from error

    async def lock(self, name: str) -> None:
        """BEGIN IMMEDIATE already holds the only write lock there is."""

    async def run_script(self, script: str) -> None:
        self._rows(script, ())

    def _rows(self, statement: str, values: Sequence[Value]) -> Sequence[Row]:
        try:
            return self._cursor.execute(_by_position(statement), values).fetchall()
        except _FAILURES as error:
            raise _storage_error(error) from error


class SqliteEngine(_Statements):
    """See the file's law. Made by `open_sqlite`."""

    migrations_folder = "sqlite"

    def __init__(self, connection: apsw.Connection) -> None:
        super().__init__(connection)
        self.connection = connection
        self._transaction = _Statements(connection)

    async def run(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """One BEGIN IMMEDIATE … COMMIT: the lock is taken before the first read, so it never must be upgraded."""
        await self.execute("BEGIN IMMEDIATE")
        try:
            result = _finish(work(self._transaction))
            await self.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                await self.execute("ROLLBACK")
            raise
        return result

    async def close(self) -> None:
        """Fold the log into the file and let go of it."""
        self.connection.close()


def open_sqlite(path: str, *, synchronous: str = "normal", busy_timeout: int = 10) -> SqliteEngine:
    """Open or create the file (mode 0600); the empty path is a database in memory.

    `busy_timeout`: seconds to wait for another process's transaction. Raises StorageError.
    """
    if synchronous not in _SYNCHRONOUS:
        raise StorageError(f"synchronous must be one of {', '.join(_SYNCHRONOUS)}")
    try:
        if path:
            _create_private_file(Path(path))
        connection = apsw.Connection(path or ":memory:")
        connection.set_busy_handler(_busy_handler(busy_timeout))
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={_SYNCHRONOUS[synchronous]}",
            "wal_autocheckpoint=4000",  # pages, 16 MB: hot pages are copied back once per 4000, not per 1000
            "foreign_keys=ON",
            "trusted_schema=OFF",
            "temp_store=MEMORY",
            "cache_size=-16384",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except (apsw.Error, OSError) as error:
        raise _storage_error(error, doing=f"cannot open the database {path}") from error
    return SqliteEngine(connection)


def _create_private_file(path: Path) -> None:
    """SQLite gives its log files the mode of the database; so the database starts as 0600."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


def _busy_handler(busy_timeout: int) -> Callable[[int], bool]:
    """Ask again after a fraction of a millisecond, uneven so that processes do not march in step.

    SQLite's own handler sleeps up to 100 ms between attempts, a thousand commits' worth.
    """
    waiting_since = 0.0

    def is_worth_waiting(attempts: int) -> bool:
        nonlocal waiting_since
        if attempts == 0:
            waiting_since = time.monotonic()
        elif time.monotonic() - waiting_since > busy_timeout:
            return False
        time.sleep(random.uniform(0.0001, 0.001))  # noqa: S311 - jitter, nothing secret
        return True

    return is_worth_waiting


@lru_cache(maxsize=512)
def _by_position(statement: str) -> str:
    """`$1` is a *name* to SQLite, numbered where it first stands; `?1` says the position."""
    return statement.replace("$", "?")


def _finish(work: Awaitable[Result]) -> Result:
    """Drive work that never waits to its end, here and now."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: Result = end.value
        return result
    steps.close()
    raise AssertionError("work inside a transaction awaited something other than the transaction")


def _storage_error(error: Exception, *, doing: str = "the database refused") -> StorageError:
    return StorageError(doing, detail=f"{type(error).__name__}: {error}")
