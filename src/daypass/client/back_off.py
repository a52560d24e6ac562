"""Pauses between refreshes that fail, kept across processes: a service in trouble is not asked by every call of every tool.

While the saved credentials live, a failed refresh is followed by a pause of 5 seconds, then twice as long each time, one
minute at most, or as long as the service asked (`Retry-After`, ten minutes at most); meanwhile the credentials are served
at once. Credentials that have ended are always asked for. The mark lies beside the cache entry, holds no secret, and losing it costs nothing.
"""

import contextlib
import json
from pathlib import Path

from daypass.client.atomic_file import write_private
from daypass.client.retry_after import LONGEST_ASKED

__all__ = ["BackOff"]

FIRST_PAUSE = 5
LONGEST_PAUSE = 60
"""Seconds."""


class BackOff:
    """The pause of one session's refreshes. Times are epoch seconds."""

    def __init__(self, entry_path: Path) -> None:
        self._path = entry_path.with_name(f".{entry_path.name}.pause")

    def is_resting(self, now: int) -> bool:
        """Whether it is too early to ask again."""
        until = self._read()[1]
        return now < until <= now + LONGEST_ASKED  # a mark from a clock that was wrong does not hold

    def note_failure(self, now: int, *, asked: int = 0) -> None:
        """Lengthen the pause; `asked` is how many seconds the service wants at least."""
        failures = min(self._read()[0] + 1, 10)
        pause = min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE)
        pause = max(pause, min(asked, LONGEST_ASKED))
        with contextlib.suppress(OSError):
            write_private(self._path, json.dumps({"failures": failures, "until": now + pause}))

    def note_success(self) -> None:
        """No pause."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _read(self) -> tuple[int, int]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            return int(content["failures"]), int(content["until"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0, 0
