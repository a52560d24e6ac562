"""A login that is kept nowhere but in this process: for one command, and gone with it.

The same story as `session_cache.py`, so that renewing knows no difference; its lock orders this process's threads.
"""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from daypass.client.session_cache import CacheEntry, SessionCache, SessionSummary, summarize

__all__ = ["HeldLogin"]


class HeldLogin:
    """One entry. Methods mean what they mean for `SessionCache`; the name of the session does not matter."""

    storage = "memory"

    def __init__(self, environ: Mapping[str, str], entry: CacheEntry) -> None:
        self._files = SessionCache(environ)
        self._lock = threading.Lock()
        self._entry: CacheEntry | None = entry
        self.directory = self._files.directory

    def path(self, login_session: str) -> Path:
        """Where an entry would lie; only the pause after a failure is ever written beside it."""
        return self._files.path(login_session)

    @contextlib.contextmanager
    def locked(self, login_session: str) -> Iterator[None]:  # noqa: ARG002 - there is one session
        """Be the only thread to renew it."""
        with self._lock:
            yield

    def check(self) -> None:
        """Memory is always there."""

    def load(self, login_session: str) -> CacheEntry | None:  # noqa: ARG002 - there is one session
        """The entry as it is now."""
        return self._entry

    def summary(self, login_session: str) -> SessionSummary | None:
        """What may be shown."""
        entry = self.load(login_session)
        return None if entry is None else summarize(entry)

    def save(self, login_session: str, entry: CacheEntry) -> None:  # noqa: ARG002 - there is one session
        """Replace the entry."""
        self._entry = entry

    def remove(self, login_session: str) -> bool:
        """Forget it."""
        had = self.load(login_session) is not None
        self._entry = None
        return had

    def remove_file(self, path: Path) -> bool:  # noqa: ARG002 - there are no files
        """There are no files."""
        return False

    def login_files(self) -> list[Path]:
        """There are no files."""
        return []
