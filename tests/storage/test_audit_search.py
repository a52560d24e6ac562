"""Searching the audit log: every condition, pages that never lose or repeat an event, and a bounded look per page."""

import pytest

from daypass.server.adapters.sql import audit_search
from daypass.server.adapters.sql.sql_storage import SqlStorage
from daypass.server.domain.audit import AuditEvent, Caller
from daypass.server.domain.audit_search import CALLER_ACCESS_KEY_ID, EventFilter, EventPosition
from support.storage_records import ACCOUNT_ID, NOW, OTHER_ACCOUNT_ID, make_event

ELSEWHERE = Caller("r2", "198.51.100.9", "curl", True)
ALICE = make_event(
    "ConsoleLogin", event_id="e1", event_time=NOW, principal_arn="arn:aws:iam::111122223333:user/a_b/Al_ice"
)
ALI_CE = make_event(
    "CreateUser", event_id="e2", event_time=NOW, principal_arn="arn:aws:iam::111122223333:user/Alxice"
)
SESSION = make_event(
    "AssumeRole",
    event_id="e3",
    event_time=NOW + 1,
    event_source="sts.amazonaws.com",
    principal_arn="arn:aws:sts::111122223333:assumed-role/R/al_ice",
    detail={CALLER_ACCESS_KEY_ID: "AKIA_EXAMPLE", "roleArn": "AKIAOTHER"},
)
ROOT = make_event(
    "GetUser",
    event_id="e4",
    event_time=NOW + 2,
    principal_arn="arn:aws:iam::111122223333:root",
    error_code="AccessDenied",
    caller=ELSEWHERE,
)
THEIRS = make_event("ConsoleLogin", event_id="e5", event_time=NOW + 3, account_id=OTHER_ACCOUNT_ID)
ALL = [THEIRS, ROOT, SESSION, ALI_CE, ALICE]


@pytest.fixture
async def log(storage: SqlStorage) -> SqlStorage:
    for event in reversed(ALL):
        await storage.audit.append(event)
    return storage


async def _found(storage: SqlStorage, wanted: EventFilter) -> list[AuditEvent]:
    page = await storage.audit.search_events(wanted, behind=None, limit=100)
    assert page.older is None
    onward = await storage.audit.follow_events(wanted, after_number=0, limit=100)
    assert sorted(onward, key=lambda each: each.audit_number) == list(onward)
    assert {each.audit_number for each in onward} == {each.audit_number for each in page.events}
    return [each.event for each in page.events]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (EventFilter(), ALL),
        (EventFilter(account_id=ACCOUNT_ID), ALL[1:]),
        (EventFilter(account_id="999999999999"), []),
        (EventFilter(since=NOW + 2), [THEIRS, ROOT]),
        (EventFilter(until=NOW), [ALI_CE, ALICE]),
        (EventFilter(since=NOW + 1, until=NOW + 1), [SESSION]),
        (EventFilter(event_id="e2"), [ALI_CE]),
        (EventFilter(event_name="ConsoleLogin"), [THEIRS, ALICE]),
        (EventFilter(event_source="sts.amazonaws.com"), [SESSION]),
        (EventFilter(principal="al_ice"), [SESSION, ALICE]),
        (EventFilter(principal="AL_ICE"), [SESSION, ALICE]),
        (EventFilter(principal="root"), [ROOT]),
        (EventFilter(principal="%"), []),
        (EventFilter(principal="ice"), []),
        (EventFilter(principal=SESSION.principal_arn), [SESSION]),
        (EventFilter(access_key_id="AKIA_EXAMPLE"), [SESSION]),
        (EventFilter(access_key_id="AKIAxEXAMPLE"), []),
        (EventFilter(access_key_id="AKIAOTHER"), []),
        (EventFilter(access_key_id="%"), []),
        (EventFilter(source_ip="198.51.100.9"), [ROOT]),
        (EventFilter(only_errors=True), [ROOT]),
        (EventFilter(account_id=ACCOUNT_ID, only_errors=True, principal="alice"), []),
    ],
)
async def test_each_condition_keeps_what_it_names(
    log: SqlStorage, wanted: EventFilter, expected: list[AuditEvent]
) -> None:
    assert await _found(log, wanted) == expected


@pytest.mark.parametrize("slice_rows", [1, 2, 3, 1000])
@pytest.mark.parametrize("limit", [1, 2, 100])
@pytest.mark.parametrize("name", ["", "CreateUser"])
async def test_pages_lose_and_repeat_nothing_however_small_the_slice(
    log: SqlStorage, monkeypatch: pytest.MonkeyPatch, slice_rows: int, limit: int, name: str
) -> None:
    monkeypatch.setattr(audit_search, "SLICE_ROWS", slice_rows)
    found: list[AuditEvent] = []
    behind: EventPosition | None = None
    for _ in range(20):
        page = await log.audit.search_events(EventFilter(event_name=name), behind=behind, limit=limit)
        assert len(page.events) <= (min(limit, slice_rows) if name else limit)
        found += [each.event for each in page.events]
        behind = page.older
        if behind is None:
            break
    assert found == [event for event in ALL if not name or event.event_name == name]


async def test_following_begins_behind_a_number(log: SqlStorage) -> None:
    newest = await log.audit.load_newest_number()
    assert await log.audit.follow_events(EventFilter(), after_number=newest, limit=10) == []
    await log.audit.append(make_event(event_id="later"))
    (later,) = await log.audit.follow_events(EventFilter(), after_number=newest, limit=10)
    assert (later.event.event_id, later.audit_number > newest) == ("later", True)
    first = await log.audit.follow_events(EventFilter(), after_number=0, limit=2)
    assert [each.event for each in first] == [ALICE, ALI_CE]


async def test_the_newest_number_of_an_empty_log_is_zero(storage: SqlStorage) -> None:
    assert await storage.audit.load_newest_number() == 0
