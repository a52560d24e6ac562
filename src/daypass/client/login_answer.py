"""The place where the one genuine answer to a login arrives, from whichever side it comes.

The loopback listener, a paste on the terminal and a watched file offer what they get; `state` is compared in
constant time before anything else (RFC 9700 §4.7), an `error` included, so a stranger can neither answer nor end
the login. The first genuine answer is kept, later ones are refused. Nothing here reads or prints.
"""

import hmac
import threading
import time
import urllib.parse
from collections.abc import Callable

from daypass.errors import DaypassError

__all__ = ["LoginAnswer"]

_SLICE = 0.5  # seconds


class LoginAnswer:
    """Thread-safe: any number of sources, one waiter."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._answered = threading.Event()
        self._claim = threading.Lock()
        self._query = ""
        self._problem: DaypassError | None = None

    @property
    def is_here(self) -> bool:
        """Whether the answer, or the end of all hope for one, has come."""
        return self._answered.is_set()

    def accept(self, raw_query: str) -> bool:
        """Whether this query answers our question; the first genuine one is kept."""
        try:
            fields = urllib.parse.parse_qs(raw_query, keep_blank_values=True, max_num_fields=20)
            states = [state.encode() for state in fields.get("state", [])]
        except ValueError:  # too many fields, or what is no text
            return False
        if len(states) != 1 or not hmac.compare_digest(states[0], self._state.encode()):
            return False
        if not (fields.get("code") or fields.get("error")):
            return False
        with self._claim:
            if self._answered.is_set():
                return False
            self._query = raw_query
            self._answered.set()
        return True

    def fail(self, problem: DaypassError) -> None:
        """No answer will come: `wait` raises this, unless one was there first."""
        with self._claim:
            if not self._answered.is_set():
                self._problem = problem
                self._answered.set()

    def wait(self, seconds: float, *, each_slice: Callable[[float], None] | None = None) -> str | None:
        """The raw query string of the genuine answer, or None when the time is over.

        `each_slice` is called twice a second with the seconds left. Raises what `fail` was given.
        """
        deadline = time.monotonic() + seconds
        # In slices, because on Windows a wait for a lock cannot be interrupted by Ctrl-C.
        while not self._answered.wait(max(0.0, min(_SLICE, deadline - time.monotonic()))):
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            if each_slice is not None:
                each_slice(left)
        if self._problem is not None:
            raise self._problem
        return self._query
