"""The audit log, as strangers reach it: so many rows a minute, and one that says how many more there were.

Whoever can be refused can write: a wrong assertion, a link that does not fit, a sign-in past the throttle. Rows of that
kind that name nobody, and those of throttled sign-ins, are bounded by what they are about, by their source, and in all.
Every other row passes as it is, so what known people do and are refused is never lost. Counts are those of one process;
what they hold back is written when their minute is over, and when the server closes.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.audit_search import EventFilter, EventPage, EventPosition, LoggedEvent
from daypass.server.domain.throttle import source_network
from daypass.server.ports.clock import Clock
from daypass.server.ports.storage import AuditStore

__all__ = ["ALIKE", "IN_ALL", "OF_ONE_SOURCE", "BoundedAudit"]

ALIKE = 10
"""Rows a minute of one source about one thing."""
OF_ONE_SOURCE = 60
"""Rows a minute of one source, whatever they are about."""
IN_ALL = 600
"""Rows a minute of all sources together."""
_MINUTE = 60

_Key = tuple[str, ...]


@dataclass(slots=True)
class _HeldBack:
    """Rows that were not written, and the last of them."""

    last: AuditEvent
    of: str
    count: int = 1


class BoundedAudit:
    """`ports.storage.AuditStore` before the real one. For one event loop."""

    def __init__(
        self, store: AuditStore, *, clock: Clock, new_id: Callable[[], str], pause: float = _MINUTE
    ) -> None:
        """`pause`: seconds between two looks at what was held back."""
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._pause = pause
        self._minute = 0
        self._alike: Counter[_Key] = Counter()
        self._of_source: Counter[str] = Counter()
        self._in_all = 0
        self._held: dict[_Key, _HeldBack] = {}
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def append(self, event: AuditEvent) -> None:
        if not _is_a_strangers(event):
            await self._store.append(event)
            return
        minute = self._clock() // _MINUTE
        if minute != self._minute:
            await self._begin_minute(minute)
        source = source_network(event.caller.source_ip)
        about = (source, event.event_source, event.event_name, event.account_id, event.principal_arn)
        if self._in_all >= IN_ALL:
            self._hold((), event, "every source")
        elif self._of_source[source] >= OF_ONE_SOURCE:
            self._hold((source,), event, "this source")
        elif self._alike[about] >= ALIKE:
            self._hold(about, event, "this kind")
        else:
            self._in_all += 1
            self._of_source[source] += 1
            self._alike[about] += 1
            await self._store.append(event)

    async def write_held_back(self) -> None:
        """One row for each kind that was held back. Raises StorageError; what was not written is tried again."""
        async with self._writing:
            await self._write_all()

    async def _write_all(self) -> None:
        for key in list(self._held):  # those of now: what a flood adds meanwhile waits for the next look
            held = self._held.pop(key)
            row = msgspec.structs.replace(
                held.last, event_id=self._new_id(), detail={"more_like_this": held.count, "more_of": held.of}
            )
            try:
                await self._store.append(row)
            except BaseException:
                newer = self._held.setdefault(key, held)
                if newer is not held:
                    newer.count += held.count
                raise

    async def close(self) -> None:
        """Write what is held back. Raises StorageError."""
        async with self._writing:  # so the task is not in the middle of a row
            if self._task is not None:
                self._task.cancel()
            await self._write_all()

    async def _begin_minute(self, minute: int) -> None:
        self._minute = minute
        self._alike.clear()
        self._of_source.clear()
        self._in_all = 0
        await self.write_held_back()

    def _hold(self, key: _Key, event: AuditEvent, of: str) -> None:
        held = self._held.get(key)
        if held is None:
            self._held[key] = _HeldBack(event, of)
        else:
            held.last = event
            held.count += 1
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._write_later())

    async def _write_later(self) -> None:
        """For a minute after which no stranger comes back."""
        while self._held:
            await asyncio.sleep(self._pause)
            try:
                await self.write_held_back()
            except Exception:  # the rows are kept, and a database that is away comes back
                logging.getLogger("daypass.server").exception("could not write what the audit log held back")

    async def list_events(self, *, account_id: str | None, since: int, limit: int) -> Sequence[AuditEvent]:
        return await self._store.list_events(account_id=account_id, since=since, limit=limit)

    async def search_events(
        self, wanted: EventFilter, *, behind: EventPosition | None, limit: int
    ) -> EventPage:
        return await self._store.search_events(wanted, behind=behind, limit=limit)

    async def follow_events(
        self, wanted: EventFilter, *, after_number: int, limit: int
    ) -> Sequence[LoggedEvent]:
        return await self._store.follow_events(wanted, after_number=after_number, limit=limit)

    async def load_newest_number(self) -> int:
        return await self._store.load_newest_number()


def _is_a_strangers(event: AuditEvent) -> bool:
    """A refusal of nobody known, or one that the throttle gave unheard: whoever likes makes as many as they like."""
    return bool(event.error_code) and (not event.principal_arn or event.error_code == "throttled")
