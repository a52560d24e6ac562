"""What a login says while it runs: event lines for programs (`--json`), one quiet line for a person who waits.

Events are one JSON object per line on standard output, and nothing else is written there; people's words stay on
standard error, so both can be read at once. The fields are docs/reference/login-events.md. No event holds a secret: the
code that was received is never in one.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator

from daypass.cli.output import data
from daypass.cli.time_left import duration_text
from daypass.client.session_cache import CacheEntry, format_time
from daypass.errors import DaypassError
from daypass.protocol.oauth.id_token import read_session_end

__all__ = ["LoginEvents", "waiting_line"]


class LoginEvents:
    """Writes event lines, or nothing at all without `--json`."""

    def __init__(self, *, is_json: bool) -> None:
        self._is_json = is_json

    def url(self, url: str, *, profile: str, opens_browser: bool) -> None:
        """The link exists."""
        self._write("url", url=url, profile=profile, opens_browser=opens_browser)

    def waiting(self, seconds: float | None) -> None:
        """From now on an answer is awaited, for so many seconds (None: as long as it takes)."""
        self._write("waiting", deadline=None if seconds is None else format_time(int(time.time() + seconds)))

    def code_received(self) -> None:
        """The answer is here; the exchange follows."""
        self._write("code_received")

    def signed_in(self, *, identity: str, profile: str, entry: CacheEntry, is_new: bool) -> None:
        """The profile works. Times are UTC; the session's end is null where the service does not tell."""
        ends_at = read_session_end(entry.id_token.reveal())
        self._write(
            "signed_in",
            identity=identity,
            account=entry.account_id,
            profile=profile,
            credentials_expire_at=format_time(entry.expires_at),
            session_ends_at=None if ends_at is None else format_time(ends_at),
            is_new=is_new,
        )

    def error(self, problem: DaypassError) -> None:
        """Nothing was saved."""
        self._write("error", code=problem.code, message=problem.message, next=problem.hint or None)

    def interrupted(self) -> None:
        """Ctrl-C."""
        self._write("error", code="interrupted", message="the login was interrupted", next="daypass login")

    def _write(self, event: str, **members: object) -> None:
        if self._is_json:
            data(json.dumps({"event": event, **members}))


@contextlib.contextmanager
def waiting_line(is_typing: Callable[[], bool] = lambda: False) -> Iterator[Callable[[float], None]]:
    """Gives a function of the seconds left that keeps one line on a terminal up to date; elsewhere it is silent.

    The line stays away while somebody types or pastes, and is gone when the block ends.
    """
    is_shown = False
    shown = ""
    can_show = sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb")

    def show(left: float) -> None:
        nonlocal is_shown, shown
        rounded = int(left) if left < 60 else int(left / 60 + 0.99) * 60
        text = f"daypass: waiting, {duration_text(rounded)} left (Ctrl-C stops)"
        if can_show and text != shown and not is_typing():
            sys.stderr.write(f"\r{text}\x1b[K")
            sys.stderr.flush()
            is_shown, shown = True, text

    try:
        yield show
    finally:
        if is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
