"""One sign-in per profile at a time: fifty parallel logins open one tab, and the others learn its outcome.

Whoever holds the lock signs in. Beside it lies a small state file: who is at it, whether it failed and when, and how
many sign-ins in a row began with nobody at a terminal and came to nothing. The
kernel gives the lock back when a process dies, whatever the state file says. Nothing here is a secret, and nothing
here decides whether a session is good: that is read from the cache.
"""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from daypass.client.atomic_file import try_lock, write_private

__all__ = ["PendingLogin"]


class PendingLogin:
    """The pending sign-in of one profile of one config file."""

    def __init__(self, directory: Path, config_path: Path, profile: str) -> None:
        key = hashlib.sha256(f"{config_path.absolute()}\0{profile}".encode()).hexdigest()[:24]
        self._path = directory / f"pending-{key}"
        self._state = directory / f".pending-{key}.state"

    @contextlib.contextmanager
    def claim(self) -> Iterator[bool]:
        """Whether we are the one; while the block runs, nobody else is."""
        with try_lock(self._path) as is_ours:
            yield is_ours

    def begin(self, *, is_attended: bool = True) -> None:
        """Say that this process is at it. Call it under the claim. A person at a terminal ends the row."""
        unattended = 0 if is_attended else self.unattended + 1
        write_private(self._state, json.dumps({"pid": os.getpid(), "unattended": unattended}))

    def succeed(self) -> None:
        """It is over, and the cache tells the rest."""
        self._state.unlink(missing_ok=True)

    def fail(self) -> None:
        """It is over, and those who waited need not try the same."""
        write_private(self._state, json.dumps({"ended": time.time(), "unattended": self.unattended}))

    @property
    def unattended(self) -> int:
        """How many sign-ins in a row nobody attended, the one that is under way included."""
        count = self._read().get("unattended")
        return count if isinstance(count, int) and count > 0 else 0

    @property
    def pid(self) -> int | None:
        """The process that is at it, as far as is known."""
        pid = self._read().get("pid")
        return pid if isinstance(pid, int) else None

    def has_failed_since(self, moment: float) -> bool:
        """Whether a sign-in ended without success after that moment (epoch seconds)."""
        ended = self._read().get("ended")
        return isinstance(ended, float) and ended > moment

    def _read(self) -> dict[str, object]:
        try:
            content = json.loads(self._state.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}
