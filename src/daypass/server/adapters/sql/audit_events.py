"""Table `audit_events`: the append-only log. Nothing here changes or deletes a row; triggers refuse it."""

from collections.abc import Iterable, Sequence

import msgspec

from daypass.server.adapters.sql.audit_search import find_older, find_onward
from daypass.server.adapters.sql.engine import Engine, Row, Statements, Transaction, Value
from daypass.server.adapters.sql.group_commit import GroupCommit
from daypass.server.domain.audit import AuditEvent, Caller
from daypass.server.domain.audit_search import EventFilter, EventPage, EventPosition, LoggedEvent

__all__ = [
    "EVENT_COLUMNS",
    "SqlAuditStore",
    "append_event",
    "append_events",
    "append_in_turn",
    "event_values",
]

EVENT_COLUMNS = (
    "event_id, event_time, event_source, event_name, account_id, principal_arn,"
    " request_id, source_ip, user_agent, is_secure, error_code, detail"
)

_APPEND = (
    f"INSERT INTO audit_events ({EVENT_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
)

_encode = msgspec.json.Encoder().encode


def event_values(event: AuditEvent) -> tuple[Value, ...]:
    """The row of an event, in the order of `EVENT_COLUMNS`."""
    caller = event.caller
    return (
        event.event_id,
        event.event_time,
        event.event_source,
        event.event_name,
        event.account_id,
        event.principal_arn,
        caller.request_id,
        caller.source_ip,
        caller.user_agent,
        caller.is_secure,
        event.error_code,
        _encode(event.detail).decode() if event.detail else "{}",
    )


async def append_event(statements: Statements, event: AuditEvent) -> None:
    """One row, in the caller's transaction: what is done and that it was done become true together."""
    await statements.execute(_APPEND, *event_values(event))


async def append_events(transaction: Transaction, events: Iterable[AuditEvent]) -> None:
    """`append_event` for several, in their order."""
    await transaction.execute_many(_APPEND, [event_values(event) for event in events])


async def append_in_turn(engine: Engine, events: Sequence[AuditEvent]) -> Sequence[None]:
    """A batch for `SqlAuditStore`, one row after the other."""

    async def work(transaction: Transaction) -> None:
        await append_events(transaction, events)

    await engine.run(work)
    return [None] * len(events)


class SqlAuditStore:
    """`ports.storage.AuditStore`. `appends` decides how a batch becomes statements."""

    def __init__(self, engine: Engine, appends: GroupCommit[AuditEvent, None]) -> None:
        self._engine = engine
        self._appends = appends

    async def append(self, event: AuditEvent) -> None:
        await self._appends.submit(event)

    async def list_events(self, *, account_id: str | None, since: int, limit: int) -> Sequence[AuditEvent]:
        order = " ORDER BY event_time DESC, audit_number DESC LIMIT "
        if account_id is None:
            rows = await self._engine.fetch_all(
                f"SELECT {EVENT_COLUMNS} FROM audit_events WHERE event_time >= $1{order}$2", since, limit
            )
        else:
            rows = await self._engine.fetch_all(
                f"SELECT {EVENT_COLUMNS} FROM audit_events WHERE account_id = $1 AND event_time >= $2{order}$3",
                account_id,
                since,
                limit,
            )
        return [_event(row) for row in rows]

    async def search_events(
        self, wanted: EventFilter, *, behind: EventPosition | None, limit: int
    ) -> EventPage:
        rows, end = await find_older(self._engine, EVENT_COLUMNS, wanted, behind, limit)
        events = tuple(LoggedEvent(number, _event(row)) for number, *row in rows[:limit])
        return EventPage(events, events[-1].position if len(rows) > limit else end)

    async def follow_events(
        self, wanted: EventFilter, *, after_number: int, limit: int
    ) -> Sequence[LoggedEvent]:
        rows = await find_onward(self._engine, EVENT_COLUMNS, wanted, after_number, limit)
        return [LoggedEvent(number, _event(row)) for number, *row in rows]

    async def load_newest_number(self) -> int:
        row = await self._engine.fetch_one("SELECT max(audit_number) FROM audit_events")
        return 0 if row is None or row[0] is None else int(row[0])


def _event(row: Row) -> AuditEvent:
    (event_id, event_time, source, name, account_id, principal_arn, *caller, error_code, detail) = row
    request_id, source_ip, user_agent, is_secure = caller
    return AuditEvent(
        event_id=event_id,
        event_time=event_time,
        event_source=source,
        event_name=name,
        account_id=account_id,
        principal_arn=principal_arn,
        caller=Caller(request_id, source_ip, user_agent, bool(is_secure)),
        error_code=error_code,
        detail=msgspec.json.decode(detail),
    )
