"""`daypass server restore FILE`: a backup becomes the server's database and keys again.

Everything is checked before anything is touched: the file, its digests, the database in it, that no server has the
present database open. What is there now is moved aside, never deleted; a crash in between leaves both under names the
next run explains. Logins and browser sessions of the saved moment are ended: some of them were ended since.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from daypass.errors import ConfigError, UsageError
from daypass.server.adapters.audit_head_file import audit_head_path
from daypass.server.adapters.private_file import write_private_file
from daypass.server.adapters.sql.sqlite_backup import check_database, database_path, end_sessions, is_in_use
from daypass.server.commands.backup_file import Backup, read_backup
from daypass.server.commands.terminal import say
from daypass.server.settings import Settings, load_settings

__all__ = ["run"]

_BESIDE = ("-wal", "-shm")


def run(argv: Sequence[str]) -> int:
    """Check, move aside, put in place. Raises ConfigError, UsageError, StorageError."""
    parser = argparse.ArgumentParser(
        "daypass server restore", description="put a backup in place", allow_abbrev=False
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="what `daypass server backup` wrote")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    parser.add_argument("--force", action="store_true", help="move a database that is there aside")
    words = parser.parse_args(argv)
    settings = load_settings(words.config, environment=os.environ, flags={})
    target = database_path(settings.database_url)
    if target is None:
        raise UsageError("the database is PostgreSQL's", hint="pg_restore --dbname=DATABASE-URL daypass.dump")
    now = int(time.time())
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".daypass-restore-") as name:
        backup = read_backup(words.file, Path(name))
        check_database(backup.database)
        _check_free(target, settings, backup, is_forced=words.force)
        end_sessions(backup.database, now=now)
        _put(backup, target, settings, now)
    taken = time.strftime("%Y-%m-%d %H:%M", time.gmtime(backup.created_at))
    say(f"restored the state of {taken} UTC into {target}")
    say("every login and browser session of that moment has ended; start the server")
    return 0


def _check_free(target: Path, settings: Settings, backup: Backup, *, is_forced: bool) -> None:
    """Raises ConfigError, UsageError."""
    there = [path for path in (target, _key_file(settings, backup)) if path is not None and path.exists()]
    if there and not is_forced:
        raise UsageError(f"there is {there[0]} already", hint="daypass server restore --force moves it aside")
    if target.exists() and is_in_use(target):
        raise ConfigError("a server has the database open", hint="stop it first")


def _key_file(settings: Settings, backup: Backup) -> Path | None:
    """Where the backup's keys go; None when it has none or they are kept elsewhere."""
    if backup.key_ring is None or settings.key_ring or settings.key_ring_command:
        return None
    return settings.key_ring_file


def _put(backup: Backup, target: Path, settings: Settings, now: int) -> None:
    key_file = _key_file(settings, backup)
    # The head that was kept is of the log that is moved aside.
    head_file = None if settings.key_ring_file is None else audit_head_path(settings.key_ring_file)
    for path in (
        target,
        *(target.with_name(target.name + end) for end in _BESIDE),
        key_file,
        head_file,
    ):
        if path is not None and path.exists():
            aside = path.with_name(f"{path.name}.before-restore-{now}")
            path.rename(aside)
            say(f"moved {path} to {aside.name}")
    if key_file is not None and backup.key_ring is not None:
        write_private_file(key_file, backup.key_ring)
    backup.database.chmod(0o600)
    backup.database.rename(target)
