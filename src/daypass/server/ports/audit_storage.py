"""The audit log as storage keeps it: appended to, searched, never changed.

Searches are bounded: each looks at a limited number of rows and says where it stopped.
"""

from collections.abc import Sequence
from typing import Protocol

from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.audit_block import AuditBlock, EventsText
from daypass.server.domain.audit_search import EventFilter, EventPage, EventPosition, LoggedEvent

__all__ = ["AuditBlockStore", "AuditStore"]


class AuditStore(Protocol):
    """The append-only log."""

    async def append(self, event: AuditEvent) -> None: ...

    async def list_events(self, *, account_id: str | None, since: int, limit: int) -> Sequence[AuditEvent]:
        """Newest first."""
        ...

    async def search_events(
        self, wanted: EventFilter, *, behind: EventPosition | None, limit: int
    ) -> EventPage:
        """At most `limit` events older than `behind`, newest first; None begins with the newest.

        A bounded number of rows is looked at: fewer events than `limit`, even none, may be found, and the
        page still says where to go on.
        """
        ...

    async def follow_events(
        self, wanted: EventFilter, *, after_number: int, limit: int
    ) -> Sequence[LoggedEvent]:
        """Events whose number is above `after_number`, in order of their numbers."""
        ...

    async def load_newest_number(self) -> int:
        """The highest number in the log; 0 when it is empty."""
        ...


class AuditBlockStore(Protocol):
    """The hash chain over the log: read in slices, appended to, never changed."""

    async def load_settled_number(self) -> int:
        """A number up to which the log is decided: no event with a lower number can still appear."""
        ...

    async def read_events_text(self, *, after: int, up_to: int, limit: int) -> EventsText | None:
        """Of the first `limit` events numbered above `after` and not above `up_to`; None when there is none.

        Other work of the event loop runs in between.
        """
        ...

    async def load_last_block(self) -> AuditBlock | None: ...

    async def list_blocks(self, *, after_block: int, limit: int) -> Sequence[AuditBlock]:
        """In order of their numbers."""
        ...

    async def append_block(self, block: AuditBlock) -> bool:
        """False, and nothing written, when another worker has made a block of this number."""
        ...

    async def count_events(self, *, after: int) -> int:
        """Events numbered above `after`."""
        ...

    async def load_issued_numbers(self) -> tuple[int, int] | None:
        """The highest numbers ever given to a committed event and to a block; None where the database does not
        remember, or gives numbers to events that are never committed.
        """
        ...
