"""One process at a time per data folder: an advisory lock on a file in it, which ends with the process.

The kernel releases the lock when its holder dies, however it dies; the file's text only says who it is.
The descriptor is not inherited, so a child that outlives us cannot keep the folder locked.
"""

import fcntl
import json
import os
import time
from pathlib import Path

from daypass.errors import ConfigError

__all__ = ["FolderLock"]


class FolderLock:
    """Held from construction until `release` or the end of the process."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError, naming the holder, when another process has it."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = _read_holder(self._descriptor)
            os.close(self._descriptor)
            raise ConfigError(
                f"the data folder {path.parent} is in use by {holder}",
                hint="stop it first, or choose another --data-dir",
            ) from None
        self.describe()

    def describe(self, *, endpoint: str = "") -> None:
        """Say in the file who holds it."""
        text = json.dumps({"pid": os.getpid(), "since": int(time.time()), "endpoint": endpoint}).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text, 0)

    def release(self) -> None:
        """Give it back. The file stays: removing it would let two holders lock two files of one name."""
        os.close(self._descriptor)


def _read_holder(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
        place = f" ({holder['endpoint']})" if holder["endpoint"] else ""
        return f"process {int(holder['pid'])}{place}"
    except (ValueError, KeyError, TypeError):
        return "another process"
