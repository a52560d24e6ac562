"""A part that is costly to load, loaded when it is first used: servers without such use never pay.

Libraries for XML signatures and for tokens take a quarter of a server's memory; most servers have users and no
identity provider. Importing one takes a fifth of a second or more, which would hold every other request: who knows
beforehand that a part will be used calls `load`, which imports in a thread.
"""

import asyncio
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["OnFirstUse"]


class OnFirstUse:
    """Stands where the part stands; give it to `cast` with the part's port. `make` runs once, in the first use.

    `modules` are where its libraries are imported; `known` are attributes that are known without it.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        *,
        modules: tuple[str, ...] = (),
        known: Mapping[str, object] | None = None,
    ) -> None:
        self._make = make
        self._modules = modules
        self._known = known or {}
        self._part: Any = None

    @property
    def is_loaded(self) -> bool:
        """Whether there is anything to close."""
        return self._part is not None

    async def load(self) -> None:
        """Import in a thread, while the loop goes on; what is used meanwhile waits for the same import."""
        for module in self._modules:
            await asyncio.to_thread(import_module, module)
        if self._part is None:
            self._part = self._make()

    def __getattr__(self, name: str) -> Any:
        if name in self._known:
            return self._known[name]
        if self._part is None:
            self._part = self._make()
        return getattr(self._part, name)
