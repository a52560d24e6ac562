"""Files that only their owner may read: written whole or not at all, and refused when others could read them.

A write goes to a temporary file of mode 0600 in the same folder, is synced, and replaces the old one in one step;
a crash leaves the old file. Parent folders are made with mode 0700.
"""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from daypass.errors import ConfigError

__all__ = ["make_private_folder", "read_private_file", "write_private_file"]


def make_private_folder(folder: Path) -> None:
    """Make the folder (mode 0700) or take it as it is, closing it to others. Raises ConfigError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
        if status.st_uid != os.getuid():
            raise ConfigError(f"{folder} belongs to another user")
        if stat.S_IMODE(status.st_mode) & 0o077:
            folder.chmod(0o700)
    except OSError as failure:
        raise ConfigError(f"cannot use the folder {folder}: {failure.strerror or failure}") from failure


def write_private_file(path: Path, text: str) -> None:
    """Replace the file atomically, mode 0600. Raises ConfigError."""
    temporary: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
        temporary = Path(name)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as failure:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()
        raise ConfigError(f"cannot write {path}: {failure.strerror or failure}") from failure


def read_private_file(path: Path) -> str:
    """The file's text. Raises ConfigError when it is missing or when others may read it; FileNotFoundError is its cause."""
    try:
        with path.open(encoding="utf-8") as opened:
            status = os.fstat(opened.fileno())
            if stat.S_IMODE(status.st_mode) & 0o077:
                raise ConfigError(f"{path} holds secrets and others may read it", hint=f"chmod 600 {path}")
            return opened.read()
    except (OSError, UnicodeDecodeError) as failure:
        raise ConfigError(f"cannot read {path}: {getattr(failure, 'strerror', None) or failure}") from failure


def _sync_folder(folder: Path) -> None:
    """So that the new name survives a power cut too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
