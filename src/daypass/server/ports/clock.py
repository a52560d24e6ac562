"""The server's sources of time and chance, as values to be passed in.

Flows hold a `Clock` and a `Randomness`; nothing below them reads a clock or draws a number.
"""

from collections.abc import Callable
from typing import Protocol

__all__ = ["Clock", "Randomness"]

Clock = Callable[[], int]
"""Returns the time in epoch seconds."""


class Randomness(Protocol):
    """Unpredictable values (`secrets`), or fixed ones in tests."""

    def token_bytes(self, length: int) -> bytes: ...

    def uuid(self) -> str:
        """A random UUIDv4 in lower-case hyphenated text."""
        ...
