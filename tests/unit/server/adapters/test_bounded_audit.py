"""Strangers cannot fill the audit log, and nothing that known people do or are refused is ever held back."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest

from daypass.errors import StorageError
from daypass.server.adapters.bounded_audit import ALIKE, IN_ALL, OF_ONE_SOURCE, BoundedAudit
from daypass.server.domain.audit import AuditEvent, Caller
from support.storage_records import NOW, make_event

MINUTE = 60


class Log:
    """What was written; and whether it is away."""

    def __init__(self) -> None:
        self.rows: list[AuditEvent] = []
        self.is_away = False

    async def append(self, event: AuditEvent) -> None:
        await asyncio.sleep(0)
        if self.is_away:
            raise StorageError("away")
        self.rows.append(event)

    @property
    def held_back(self) -> list[tuple[int, str]]:
        return [
            (int(row.detail["more_like_this"]), str(row.detail["more_of"]))
            for row in self.rows
            if "more_like_this" in row.detail
        ]


class World:
    def __init__(self, pause: float = 3600) -> None:
        self.now = NOW - NOW % MINUTE
        self.log = Log()
        self.count = 0
        self.bounded = BoundedAudit(
            cast("Any", self.log), clock=lambda: self.now, new_id=self._new_id, pause=pause
        )

    def _new_id(self) -> str:
        self.count += 1
        return f"summary-{self.count}"

    async def refuse(self, times: int = 1, *, source: str = "192.0.2.7", **changes: Any) -> None:
        """Refusals of somebody nobody knows."""
        for _ in range(times):
            self.count += 1
            caller = Caller(f"request-{self.count}", source, "curl", is_secure=True)
            members = {"error_code": "mismatch", "account_id": "", "principal_arn": "", **changes}
            await self.bounded.append(make_event("ConsoleLogin", caller=caller, detail={}, **members))


@pytest.fixture
def world() -> World:
    return World()


async def test_of_refusals_alike_so_many_are_rows_and_one_says_how_many_more(world: World) -> None:
    await world.refuse(ALIKE + 1)
    await world.refuse(41)
    assert len(world.log.rows) == ALIKE
    await world.bounded.close()
    assert len(world.log.rows) == ALIKE + 1
    row = world.log.rows[-1]
    assert row == msgspec.structs.replace(
        row,
        event_id="summary-53",
        event_name="ConsoleLogin",
        error_code="mismatch",
        detail={"more_like_this": 42, "more_of": "this kind"},
    )
    assert row.caller.request_id == "request-52", "of the last of them"


async def test_a_minute_later_they_are_rows_again_and_what_was_held_back_stands_before_them(
    world: World,
) -> None:
    await world.refuse(ALIKE + 5)
    world.now += MINUTE
    await world.refuse(1)
    assert world.log.held_back == [(5, "this kind")]
    assert len(world.log.rows) == ALIKE + 2
    assert "more_like_this" not in world.log.rows[-1].detail


async def test_what_is_held_back_is_written_when_nobody_comes_any_more() -> None:
    world = World(pause=0)
    await world.refuse(ALIKE + 5)
    async with asyncio.timeout(10):
        while not world.log.held_back:
            await asyncio.sleep(0)
    assert world.log.held_back == [(5, "this kind")]


@pytest.mark.parametrize(
    "other",
    [
        {"event_name": "GetSigninToken"},
        {"event_source": "sts.amazonaws.com"},
        {"account_id": "444455556666"},
        {"source": "192.0.2.8"},
        {"error_code": "throttled", "principal_arn": "arn:aws:iam::111122223333:user/Ada"},
    ],
)
async def test_one_flood_hides_no_other_refusal(world: World, other: dict[str, Any]) -> None:
    await world.refuse(ALIKE * 2)
    before = len(world.log.rows)
    name = other.pop("event_name", None)
    if name is None:
        await world.refuse(**other)
    else:
        caller = Caller("other", "192.0.2.7", "curl", is_secure=True)
        members = {"account_id": "", "principal_arn": "", "error_code": "gone", "caller": caller}
        await world.bounded.append(make_event(name, **members))
    assert len(world.log.rows) == before + 1


async def test_one_source_has_so_many_rows_whatever_it_does(world: World) -> None:
    """On IPv6 a source is the link: its host chooses freely among the addresses (RFC 7421 §1)."""
    for number in range(OF_ONE_SOURCE + 20):
        await world.refuse(source=f"2001:db8::{number:x}", account_id=f"{number:012}")
    assert len(world.log.rows) == OF_ONE_SOURCE
    await world.refuse(source="192.0.2.9")
    assert len(world.log.rows) == OF_ONE_SOURCE + 1
    await world.bounded.close()
    assert world.log.held_back == [(20, "this source")]


async def test_all_sources_together_have_so_many_rows(world: World) -> None:
    for number in range(IN_ALL + 30):
        await world.refuse(source=f"10.0.{number // 250}.{number % 250}")
    assert len(world.log.rows) == IN_ALL
    await world.bounded.close()
    assert world.log.held_back == [(30, "every source")]


@pytest.mark.parametrize(
    "changes",
    [
        {"error_code": "", "principal_arn": "", "account_id": ""},
        {"error_code": "mismatch"},
        {"error_code": "AccessDenied"},
        {"error_code": "TOKEN_EXPIRED"},
    ],
)
async def test_what_names_a_person_and_what_went_well_is_always_a_row(
    world: World, changes: dict[str, str]
) -> None:
    await world.refuse(IN_ALL + 1)
    before = len(world.log.rows)
    for number in range(IN_ALL * 2):
        await world.bounded.append(make_event(event_id=f"{number}", **changes))
    assert len(world.log.rows) == before + IN_ALL * 2


async def test_throttled_sign_ins_are_bounded_for_each_person(world: World) -> None:
    """They cost a stranger nothing; of each person the log still says that, and how often."""
    ada, bob = (f"arn:aws:iam::111122223333:user/{name}" for name in ("ada", "bob"))
    for arn in (ada, bob):
        await world.refuse(ALIKE + 7, error_code="throttled", principal_arn=arn)
    await world.bounded.close()
    summaries = {row.principal_arn: row.detail["more_like_this"] for row in world.log.rows[-2:]}
    assert summaries == {ada: 7, bob: 7}


async def test_a_database_that_is_away_loses_no_count(world: World) -> None:
    await world.refuse(ALIKE + 3)
    world.log.is_away = True
    with pytest.raises(StorageError):
        await world.bounded.write_held_back()
    await world.refuse(2)
    with pytest.raises(StorageError):
        await world.bounded.write_held_back()
    world.log.is_away = False
    await world.bounded.close()
    assert world.log.held_back == [(5, "this kind")]


async def test_refusals_at_one_moment_are_counted_one_by_one(world: World) -> None:
    await asyncio.gather(*(world.refuse() for _ in range(ALIKE * 3)))
    await world.bounded.close()
    assert len(world.log.rows) == ALIKE + 1
    assert world.log.held_back == [(ALIKE * 2, "this kind")]


async def test_reading_is_passed_on() -> None:
    class Store:
        def __getattr__(self, name: str) -> Callable[..., Any]:
            async def answer(*values: object, **named: object) -> tuple[object, ...]:
                return name, values, named

            return answer

    bounded: Any = BoundedAudit(cast("Any", Store()), clock=lambda: 0, new_id=lambda: "")
    assert await bounded.list_events(account_id="a", since=1, limit=2) == (
        "list_events",
        (),
        {"account_id": "a", "since": 1, "limit": 2},
    )
    assert (await bounded.search_events("wanted", behind=None, limit=3))[1:] == (
        ("wanted",),
        {"behind": None, "limit": 3},
    )
    assert (await bounded.follow_events("wanted", after_number=1, limit=3))[0] == "follow_events"
    assert (await bounded.load_newest_number())[0] == "load_newest_number"


async def test_a_flood_that_does_not_end_gets_one_row_for_each_look(world: World) -> None:
    """Else whoever goes on while a row is written has a row for each of them, and the writer never comes to an end."""

    class Flooded(Log):
        async def append(self, event: AuditEvent) -> None:
            await super().append(event)
            if "more_like_this" in event.detail:
                await world.refuse()

    world.log = Flooded()
    world.bounded = BoundedAudit(
        cast("Any", world.log), clock=lambda: world.now, new_id=lambda: "summary", pause=3600
    )
    await world.refuse(ALIKE + 5)
    async with asyncio.timeout(1):
        await world.bounded.write_held_back()
    assert world.log.held_back == [(5, "this kind")]
    await world.bounded.write_held_back()
    assert world.log.held_back == [(5, "this kind"), (1, "this kind")]
