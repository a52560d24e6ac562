"""Searching `audit_events`: each page looks at a bounded slice of it, by time, and filters inside the slice.

There is an index by time and one by account and time, and no more: every index is paid for by every refresh. So the
slice is cut first, by index, and the other conditions are asked of its rows. The law of a page: it never looks at more
than `SLICE_ROWS` rows, and where it stopped is where the next one begins, whether or not anything was found.
"""

from collections.abc import Sequence
from dataclasses import replace

from daypass.server.adapters.sql.engine import Row, Statements, Value
from daypass.server.domain.audit_search import (
    CALLER_ACCESS_KEY_ID,
    EventFilter,
    EventPosition,
)

__all__ = ["SLICE_ROWS", "find_older", "find_onward"]

SLICE_ROWS = 10_000
"""Rows one page looks at; some milliseconds."""

_NEWEST_FIRST = "ORDER BY event_time DESC, audit_number DESC"
_END_OF_TIME = 2**62


class _Conditions:
    """Conditions with their values, numbered as the placeholders want."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.values: list[Value] = []

    def add(self, text: str, *values: Value) -> None:
        """`text` has one `{}` per value."""
        numbers = (f"${len(self.values) + index}" for index in range(1, len(values) + 1))
        self.texts.append(text.format(*numbers))
        self.values.extend(values)

    def __str__(self) -> str:
        return " AND ".join(self.texts) or "1 = 1"


async def find_older(
    statements: Statements, columns: str, wanted: EventFilter, behind: EventPosition | None, limit: int
) -> tuple[Sequence[Row], EventPosition | None]:
    """Rows of (audit_number, `columns`), newest first, and where the slice ended; None at the end of the log."""
    slice_ = _Conditions()
    slice_.add("event_time >= {}", wanted.since)
    until = _END_OF_TIME if wanted.until is None else wanted.until
    if wanted.account_id is not None:
        slice_.add("account_id = {}", wanted.account_id)
    if behind is not None and behind.event_time <= until:
        slice_.add("event_time <= {}", behind.event_time)
        slice_.add("(event_time < {} OR audit_number < {})", behind.event_time, behind.audit_number)
    else:
        slice_.add("event_time <= {}", until)
    end = await _end_of_slice(statements, slice_) if _has_filters(wanted) else None
    if end is not None:
        slice_.add("event_time >= {}", end.event_time)
        slice_.add("(event_time > {} OR audit_number >= {})", end.event_time, end.audit_number)
    _add_filters(slice_, wanted)
    rows = await statements.fetch_all(
        f"SELECT audit_number, {columns} FROM audit_events WHERE {slice_} {_NEWEST_FIRST} LIMIT {int(limit) + 1}",
        *slice_.values,
    )
    return rows, end


async def _end_of_slice(statements: Statements, slice_: _Conditions) -> EventPosition | None:
    last = await statements.fetch_one(
        f"SELECT event_time, audit_number FROM audit_events WHERE {slice_} {_NEWEST_FIRST}"
        f" LIMIT 1 OFFSET {SLICE_ROWS - 1}",
        *slice_.values,
    )
    return None if last is None else EventPosition(last[0], last[1])


async def find_onward(
    statements: Statements, columns: str, wanted: EventFilter, after_number: int, limit: int
) -> Sequence[Row]:
    """Rows of (audit_number, `columns`) above a number, in order of the numbers."""
    conditions = _Conditions()
    conditions.add("audit_number > {}", after_number)
    if wanted.account_id is not None:
        conditions.add("account_id = {}", wanted.account_id)
    conditions.add("event_time >= {}", wanted.since)
    if wanted.until is not None:
        conditions.add("event_time <= {}", wanted.until)
    _add_filters(conditions, wanted)
    return await statements.fetch_all(
        f"SELECT audit_number, {columns} FROM audit_events WHERE {conditions} ORDER BY audit_number LIMIT {int(limit)}",
        *conditions.values,
    )


def _has_filters(wanted: EventFilter) -> bool:
    """Whether rows of a slice may be left out. Where none is, the limit of the page bounds the look."""
    return replace(wanted, account_id=None, since=0, until=None) != EventFilter()


def _add_filters(conditions: _Conditions, wanted: EventFilter) -> None:
    for column in ("event_id", "event_name", "event_source", "source_ip"):
        value: str = getattr(wanted, column)
        if value:
            conditions.add(f"{column} = {{}}", value)
    if wanted.only_errors:
        conditions.add("error_code <> {}", "")
    if wanted.principal:
        name = _quoted(wanted.principal.lower())
        conditions.add(
            "(lower(principal_arn) = {} OR lower(principal_arn) LIKE {} ESCAPE '!'"
            " OR lower(principal_arn) LIKE {} ESCAPE '!')",
            wanted.principal.lower(),
            f"%/{name}",
            f"%:{name}",
        )
    if wanted.access_key_id:
        member = _quoted(f'"{CALLER_ACCESS_KEY_ID}":"{wanted.access_key_id}"')
        conditions.add("detail LIKE {} ESCAPE '!'", f"%{member}%")


def _quoted(text: str) -> str:
    """Text in which LIKE finds no wildcard."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
