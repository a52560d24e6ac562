"""A part that is costly to load, loaded when it is first used: servers without such use never pay.

Libraries for XML signatures and for tokens take a quarter of a server's memory; most servers have users and no
identity provider.
"""

from collections.abc import Callable
from typing import Any

__all__ = ["OnFirstUse"]


class OnFirstUse:
    """Stands where the part stands; give it to `cast` with the part's port. `make` runs once, in the first use."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._part: Any = None

    @property
    def is_loaded(self) -> bool:
        """Whether there is anything to close."""
        return self._part is not None

    def __getattr__(self, name: str) -> Any:
        if self._part is None:
            self._part = self._make()
        return getattr(self._part, name)
