"""The audit log as storage keeps it: appended to, searched, never changed.

Searches are bounded: each looks at a limited number of rows and says where it stopped.
"""

from collections.abc import Sequence
from typing import Protocol

from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.audit_search import EventFilter, EventPage, EventPosition, LoggedEvent

__all__ = ["AuditStore"]


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
