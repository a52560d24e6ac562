"""What a provider publishes, kept a while: one fetch at a time per provider, an old copy when it is unreachable.

Bounds, all in seconds: `max_age` a copy is used without asking; `max_stale` an old copy is used when asking fails;
`renew_after` the shortest time between two fetches that a caller's wish (an unknown key id) can cause, and
`retry_after` between two that failed. A caller that goes away does not cancel the fetch of those who wait with it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from daypass.protocol.aws.errors import IDPCommunicationError
from daypass.server.adapters.outbound_addresses import unreachable
from daypass.server.ports.clock import Clock

__all__ = ["CacheTimes", "DocumentCache"]

_T = TypeVar("_T")
_ROOM = 256
"""Providers remembered; the one used longest ago goes."""


@dataclass(frozen=True, slots=True)
class CacheTimes:
    """Seconds."""

    max_age: int
    max_stale: int
    renew_after: int = 60
    retry_after: int = 5


@dataclass(slots=True)
class _Entry(Generic[_T]):
    document: _T | None = None
    fetched_at: int = 0
    asked_at: int | None = None
    """When the last fetch began, successful or not."""
    wished_at: int | None = None
    """When the last fetch began that a caller's wish caused."""
    failure: IDPCommunicationError | None = None
    running: "asyncio.Task[None] | None" = field(default=None, repr=False)


class DocumentCache(Generic[_T]):
    """One kind of document, by provider URL."""

    def __init__(self, fetch: Callable[[str], Awaitable[_T]], clock: Clock, times: CacheTimes) -> None:
        self._fetch = fetch
        self._clock = clock
        self._times = times
        self._entries: dict[str, _Entry[_T]] = {}

    async def load(self, url: str) -> _T:
        """A copy young enough, else a new one, else an old one. Raises IDPCommunicationError."""
        entry = self._entry(url)
        if entry.document is not None and self._age(entry) < self._times.max_age:
            return entry.document
        if entry.failure is None or self._has_passed(entry.asked_at, self._times.retry_after):
            await self._renew(url, entry)
        return self._answer(entry)

    async def load_renewed(self, url: str) -> _T:
        """For somebody who misses something in the copy: a new one, unless such a wish was granted a moment ago."""
        entry = self._entry(url)
        if entry.running is not None or self._has_passed(entry.wished_at, self._times.renew_after):
            entry.wished_at = self._clock()
            await self._renew(url, entry)
        return self._answer(entry)

    def _answer(self, entry: _Entry[_T]) -> _T:
        if entry.document is not None and self._age(entry) < self._times.max_age + self._times.max_stale:
            return entry.document
        reason = entry.failure.detail if entry.failure is not None else "the copy is too old"
        raise unreachable(reason)

    async def _renew(self, url: str, entry: _Entry[_T]) -> None:
        if entry.running is None:
            entry.running = asyncio.create_task(self._fetch_into(url, entry))
        await asyncio.shield(entry.running)

    async def _fetch_into(self, url: str, entry: _Entry[_T]) -> None:
        entry.asked_at = self._clock()
        try:
            entry.document = await self._fetch(url)
            entry.fetched_at, entry.failure = self._clock(), None
        except IDPCommunicationError as error:
            entry.failure = error
        finally:
            entry.running = None

    def _entry(self, url: str) -> _Entry[_T]:
        entry = self._entries.pop(url, None) or _Entry()
        self._entries[url] = entry  # the newest use goes last
        if len(self._entries) > _ROOM:
            del self._entries[next(iter(self._entries))]
        return entry

    def _age(self, entry: _Entry[_T]) -> int:
        return max(0, self._clock() - entry.fetched_at)

    def _has_passed(self, moment: int | None, seconds: int) -> bool:
        """A clock that went back counts as no time passed."""
        return moment is None or self._clock() - moment >= seconds
