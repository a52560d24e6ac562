"""What is remembered of late: at most so many things, and the longest unused one is forgotten first."""

from collections import OrderedDict
from typing import Generic, TypeVar

__all__ = ["BoundedStore"]

Key = TypeVar("Key")
Kept = TypeVar("Kept")


class BoundedStore(Generic[Key, Kept]):
    """A dictionary with a capacity. For one event loop."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[Key, Kept] = OrderedDict()

    def find(self, key: Key) -> Kept | None:
        """What was kept, now the newest again; or None."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def keep(self, key: Key, value: Kept) -> None:
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
