"""A consistent copy of an SQLite database that is in use, and whether one is in use at all.

`VACUUM INTO` reads one snapshot, so writers go on meanwhile and the copy is whole (SQLite documentation, "VACUUM",
"VACUUM with an INTO clause"). A database of PostgreSQL is copied with PostgreSQL's own tools.
"""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import apsw

from daypass.errors import StorageError

__all__ = ["check_database", "copy_database", "database_path", "end_sessions", "is_in_use"]

_BUSY_SECONDS = 10.0


def database_path(database_url: str) -> Path | None:
    """The file behind a URL; None for another engine or for memory."""
    parts = urlsplit(database_url)
    return Path(unquote(parts.path)) if parts.scheme == "sqlite" and parts.path else None


def copy_database(source: Path, target: Path) -> None:
    """`target` must not exist. Raises StorageError."""
    try:
        connection = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.set_busy_timeout(int(_BUSY_SECONDS * 1000))
            connection.execute("VACUUM INTO ?", (str(target),))
        finally:
            connection.close()
    except apsw.Error as failure:
        raise StorageError(f"cannot copy {source}", detail=str(failure)) from failure


def check_database(path: Path) -> None:
    """The file is a whole database. Raises StorageError."""
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()
        finally:
            connection.close()
    except apsw.Error as failure:
        raise StorageError(f"{path} is no database", detail=str(failure)) from failure
    if found is None or found[0] != "ok":
        raise StorageError(f"{path} is damaged", detail=str(found))


def end_sessions(path: Path, *, now: int) -> None:
    """In a database of an earlier moment, end every login and browser session: some were ended since, and nobody knows
    which. Raises StorageError.
    """
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            with connection:
                connection.execute(
                    "UPDATE login_sessions SET revoked_at = ? WHERE revoked_at IS NULL", (now,)
                )
                connection.execute("DELETE FROM sign_in_sessions")
                connection.execute("UPDATE accounts SET revision = revision + 1")
        finally:
            connection.close()
    except apsw.Error as failure:
        raise StorageError(f"cannot prepare {path}", detail=str(failure)) from failure


def is_in_use(path: Path) -> bool:
    """Whether another process has the database open: then nobody gets it for himself."""
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        finally:
            connection.close()
    except apsw.BusyError:
        return True
    except apsw.Error as failure:
        raise StorageError(f"cannot open {path}", detail=str(failure)) from failure
    return False
