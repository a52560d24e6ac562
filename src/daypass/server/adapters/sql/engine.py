"""What a database engine owes the stores: a few verbs, and nothing about any table.

The stores write each statement once, in the SQL that SQLite and PostgreSQL share, with `$1` placeholders,
and run it through these protocols. Two laws:

- Work handed to `Engine.run` awaits its transaction and nothing else. The SQLite engine enforces it: it
  drives the work to its end within one turn of the event loop, so no transaction ever waits on a socket.
- Every failure of the database leaves here as `daypass.errors.StorageError`, never as a driver's own.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

__all__ = ["Engine", "Row", "Statements", "Transaction", "Value"]

Result = TypeVar("Result")

Value = str | int | bytes | None
"""What a placeholder can carry."""
Row = Sequence[Any]
"""One row, in the order of the statement's columns; the store that wrote the statement knows the types."""


class Statements(Protocol):
    """Run one statement. On an engine it is a transaction of its own."""

    async def fetch_one(self, statement: str, *values: Value) -> Row | None:
        """The first row, or None."""
        ...

    async def fetch_all(self, statement: str, *values: Value) -> Sequence[Row]: ...

    async def execute(self, statement: str, *values: Value) -> int:
        """Run it and drop any rows. How many rows an INSERT, UPDATE or DELETE changed; of others, any number."""
        ...


class Transaction(Statements, Protocol):
    """Statements that become true together, or not at all."""

    async def lock(self, name: str) -> None:
        """Wait for others that hold this name, and hold it until the end of the transaction.

        For rules no single row can carry (a count, the schema). A SQLite transaction excludes every other
        writer already, so there it does nothing.
        """
        ...

    async def execute_many(self, statement: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run it once for each of these rows of values."""
        ...

    async def run_script(self, script: str) -> None:
        """Run several statements without values (migrations)."""
        ...


class Engine(Statements, Protocol):
    """One database, for one event loop."""

    @property
    def migrations_folder(self) -> str:
        """Name of the folder below `migrations/` that holds this engine's files."""
        ...

    async def run(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Commit what `work` does; when it raises, undo it and raise the same."""
        ...

    async def close(self) -> None: ...
