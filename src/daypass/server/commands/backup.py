"""`daypass server backup FILE`: one private file with the database and the keys, taken while the server runs.

The file opens everything the server ever sealed: it is written with mode 0600 and belongs where secrets are kept. A
database of PostgreSQL has tools of its own; then the command says which.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from daypass.errors import ConfigError, UsageError
from daypass.server.adapters.private_file import read_private_file
from daypass.server.adapters.sql.sqlite_backup import copy_database, database_path
from daypass.server.commands.backup_file import write_backup
from daypass.server.commands.terminal import say
from daypass.server.settings import Settings, load_settings

__all__ = ["need_sqlite", "run"]


def run(argv: Sequence[str]) -> int:
    """Copy and say where. Raises ConfigError, UsageError, StorageError."""
    parser = argparse.ArgumentParser(
        "daypass server backup",
        description="copy the database and the keys into one file",
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the new file; it must not exist")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    parser.add_argument("--without-keys", action="store_true", help="the keys are kept elsewhere")
    words = parser.parse_args(argv)
    settings = load_settings(words.config, environment=os.environ, flags={})
    source = need_sqlite(settings)
    key_ring = None if words.without_keys else _key_ring(settings)
    _write(words.file, source, key_ring)
    say(f"wrote {words.file}" + ("" if key_ring is not None else ", without the keys"))
    say("whoever has this file can open everything the server sealed: keep it like a key")
    return 0


def need_sqlite(settings: Settings) -> Path:
    """The database's file. Raises UsageError."""
    path = database_path(settings.database_url)
    if path is None:
        raise UsageError(
            "the database is PostgreSQL's, which has its own tools",
            hint="pg_dump --format=custom --file=daypass.dump DATABASE-URL, and copy the key ring file beside it",
        )
    if not path.exists():
        raise ConfigError(f"there is no database at {path}")
    return path


def _key_ring(settings: Settings) -> str | None:
    """The key ring file's text; None when the keys come from the environment or a command. Raises ConfigError."""
    if settings.key_ring or settings.key_ring_command or settings.key_ring_file is None:
        return None
    return read_private_file(settings.key_ring_file)


def _write(target: Path, source: Path, key_ring: str | None) -> None:
    """Whole or not at all: a temporary file beside the target takes its name at the end."""
    if target.exists():
        raise UsageError(f"{target} exists already")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".daypass-backup-") as name:
            folder = Path(name)  # mode 0700
            copy_database(source, folder / "copy.db")
            part = folder / "part"
            part.touch(mode=0o600)
            write_backup(part, folder / "copy.db", key_ring, now=int(time.time()))
            _sync(part)
            os.link(part, target)  # fails when somebody else made it meanwhile
    except FileExistsError:
        raise UsageError(f"{target} exists already") from None
    except OSError as failure:
        raise ConfigError(f"cannot write {target}: {failure.strerror or failure}") from failure


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
