"""The audit log: whole records, order, filters, and that nothing changes it."""

import asyncio

import pytest

from daypass.errors import StorageError
from daypass.server.adapters.sql.sql_storage import SqlStorage
from daypass.server.domain.audit import AuditEvent
from support.storage_records import ACCOUNT_ID, CALLER, NOW, OTHER_ACCOUNT_ID, make_event

OLD = make_event("ConsoleLogin", event_time=NOW - 10)
REFUSED = make_event("AssumeRole", error_code="AccessDenied", detail={}, event_source="sts.amazonaws.com")
UNKNOWN = make_event("ConsoleLogin", event_id="event-unknown", account_id="", principal_arn="")
THEIRS = make_event("CreateUser", account_id=OTHER_ACCOUNT_ID, event_time=NOW + 1)


async def _events(storage: SqlStorage, account_id: str | None = None, **kept: int) -> list[AuditEvent]:
    arguments = {"since": 0, "limit": 100} | kept
    return list(await storage.audit.list_events(account_id=account_id, **arguments))


async def test_events_are_read_back_whole_newest_first(storage: SqlStorage) -> None:
    for event in (OLD, REFUSED, UNKNOWN, THEIRS):
        await storage.audit.append(event)
    assert await _events(storage) == [THEIRS, UNKNOWN, REFUSED, OLD]
    assert REFUSED.caller == CALLER


async def test_events_are_filtered_by_account_time_and_number(storage: SqlStorage) -> None:
    for event in (OLD, REFUSED, UNKNOWN, THEIRS):
        await storage.audit.append(event)
    assert await _events(storage, ACCOUNT_ID) == [REFUSED, OLD]
    assert await _events(storage, ACCOUNT_ID, since=NOW) == [REFUSED]
    assert await _events(storage, ACCOUNT_ID, limit=1) == [REFUSED]
    assert await _events(storage, since=NOW + 1) == [THEIRS]
    assert await _events(storage, limit=2) == [THEIRS, UNKNOWN]


async def test_events_appended_together_are_kept_in_order(storage: SqlStorage) -> None:
    events = [make_event(event_id=f"event-{index}") for index in range(300)]
    await asyncio.gather(*(storage.audit.append(event) for event in events))
    assert await _events(storage, limit=1000) == events[::-1]


async def test_an_event_that_cannot_be_stored_fails_alone(storage: SqlStorage) -> None:
    bad = make_event(event_time=2**70)
    outcomes = await asyncio.gather(
        *(storage.audit.append(event) for event in (OLD, bad, THEIRS)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), StorageError, type(None)]
    assert await _events(storage) == [THEIRS, OLD]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_events SET error_code = 'none'", "DELETE FROM audit_events"]
)
async def test_the_audit_log_refuses_every_change(storage: SqlStorage, statement: str) -> None:
    await storage.audit.append(OLD)
    with pytest.raises(StorageError):
        await storage.engine.execute(statement)
    assert await _events(storage) == [OLD]
