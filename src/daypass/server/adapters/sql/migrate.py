"""Bring a database's schema up to date from numbered SQL files, once, however many workers start together.

The files are `migrations/<engine>/NNNN_name.sql`. All pending ones are applied in one transaction under
one lock, and each is recorded with its checksum. A file that changed after it was applied is refused, and
so is a database that knows a migration we do not: both mean that code and data disagree, and guessing
would lose data.
"""

import hashlib
from dataclasses import dataclass
from importlib import resources

from daypass.errors import StorageError
from daypass.server.adapters.sql.engine import Engine, Transaction

__all__ = ["Migration", "apply_migrations", "load_migrations"]

_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name TEXT PRIMARY KEY,
    checksum TEXT NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    name: str
    """`0001_first`; the order of names is the order of application."""
    script: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the script, in hex."""
        return hashlib.sha256(self.script.encode()).hexdigest()


def load_migrations(folder: str) -> list[Migration]:
    """The files shipped for one engine, in order."""
    files = resources.files("daypass.server.adapters.sql").joinpath("migrations", folder).iterdir()
    return sorted(
        (
            Migration(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8"))
            for file in files
            if file.name.endswith(".sql")
        ),
        key=lambda migration: migration.name,
    )


async def apply_migrations(engine: Engine, migrations: list[Migration]) -> list[str]:
    """Apply what is missing; returns the names applied. Raises StorageError when history disagrees."""

    async def work(transaction: Transaction) -> list[str]:
        await transaction.lock("schema")
        await transaction.execute(_LEDGER)
        rows = await transaction.fetch_all("SELECT name, checksum FROM schema_migrations")
        applied: dict[str, str] = {row[0]: row[1] for row in rows}
        _check_history(applied, migrations)
        pending = [migration for migration in migrations if migration.name not in applied]
        for migration in pending:
            await transaction.run_script(migration.script)
            await transaction.execute(
                "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)",
                migration.name,
                migration.checksum,
            )
        return [migration.name for migration in pending]

    return await engine.run(work)


def _check_history(applied: dict[str, str], migrations: list[Migration]) -> None:
    known = {migration.name: migration.checksum for migration in migrations}
    for name, checksum in sorted(applied.items()):
        if name not in known:
            raise StorageError(
                f"the database has migration {name}, which this version does not know",
                hint="run the version of daypass that last upgraded this database, or a newer one",
            )
        if known[name] != checksum:
            raise StorageError(
                f"migration {name} was changed after it was applied to this database",
                hint="restore the migration file as it was shipped; a schema change needs a new file",
            )
