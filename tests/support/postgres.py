"""A real PostgreSQL for tests: Debian's binaries, a temporary directory, a unix socket, nothing else.

It listens on no TCP port, so it cannot be reached from elsewhere and two test processes cannot collide.
`fsync` is off: tests ask whether statements are right, not whether disks are. Not for production settings.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

__all__ = ["PostgresServer", "find_postgres_binaries", "running_postgres"]

_SETTINGS = (
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=64MB",
    "max_connections=100",
    "log_min_messages=fatal",
)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server."""

    binaries: Path
    directory: Path
    """Holds the data and the socket."""

    def url(self, database: str, *, schema: str = "public") -> str:
        """A URL of one database, in the form libpq and asyncpg read."""
        host = quote(str(self.directory), safe="")
        return f"postgresql://postgres@/{database}?host={host}&search_path={schema}"

    def create_database(self, name: str) -> str:
        """A fresh, empty database; returns its URL."""
        self.run_sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def create_schema(self, name: str) -> str:
        """A fresh, empty schema: as good as a database of its own for one test, and ten times faster."""
        self.run_sql(f"CREATE SCHEMA {name}")
        return self.url("postgres", schema=name)

    def drop_schema(self, name: str) -> None:
        self.run_sql(f"DROP SCHEMA {name} CASCADE")

    def run_sql(self, statement: str) -> None:
        """As superuser, in the database `postgres`."""
        _run([self.binaries / "psql", "-qX", "-h", self.directory, "-U", "postgres", "-c", statement])


def find_postgres_binaries() -> Path | None:
    """The newest `/usr/lib/postgresql/*/bin`, or where `initdb` is on PATH, or None."""
    packaged = sorted(
        (path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")),
        key=lambda path: int(path.parent.name.split(".")[0]),
    )
    if packaged:
        return packaged[-1]
    found = shutil.which("initdb")
    return Path(found).parent if found else None


@contextmanager
def running_postgres(*extra_settings: str) -> Iterator[PostgresServer]:
    """Start a server, and stop it and remove every file at the end."""
    binaries = find_postgres_binaries()
    if binaries is None:
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
    directory = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(directory, owner.pw_uid, owner.pw_gid)
        data = directory / "data"
        _run_as_postgres(
            [
                binaries / "initdb",
                "-D",
                data,
                "-U",
                "postgres",
                "--auth=trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-N",
            ]
        )
        options = " ".join(f"-c {setting}" for setting in (*_SETTINGS, *extra_settings))
        control = [binaries / "pg_ctl", "-D", data, "-w", "-t", "60"]
        _run_as_postgres([*control, "-l", directory / "log", "-o", f"{options} -k {directory}", "start"])
        try:
            yield PostgresServer(binaries, directory)
        finally:
            _run_as_postgres([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _run_as_postgres(command: list[str | Path]) -> None:
    """The server refuses to run as root; as root, become the package's user."""
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--", *command]
    _run(command)


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd="/", stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")
