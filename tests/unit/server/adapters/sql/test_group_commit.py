"""Group commit: who shares a batch, how many are in flight, and who hears of a failure."""

import asyncio
from collections.abc import Sequence

import pytest

from daypass.server.adapters.sql.group_commit import LARGEST_BATCH, GroupCommit


class RecordingDatabase:
    """Commits when told to; remembers the batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_commit = asyncio.Event()
        self.may_commit.set()

    async def commit(self, operations: Sequence[int]) -> list[int]:
        self.batches.append(list(operations))
        await self.may_commit.wait()
        if 13 in operations:
            raise ValueError("13 cannot be stored")
        return [operation * 10 for operation in operations]


async def test_calls_of_one_turn_share_a_batch_and_get_their_own_results() -> None:
    database = RecordingDatabase()
    group = GroupCommit(database.commit, in_flight=1)
    assert await asyncio.gather(*map(group.submit, range(5))) == [0, 10, 20, 30, 40]
    assert database.batches == [[0, 1, 2, 3, 4]]


async def test_arrivals_during_a_commit_form_the_next_batch() -> None:
    database = RecordingDatabase()
    database.may_commit.clear()
    group = GroupCommit(database.commit, in_flight=1)
    calls = []
    for operation in range(4):
        calls.append(asyncio.ensure_future(group.submit(operation)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert database.batches == [[0]]
    database.may_commit.set()
    assert await asyncio.gather(*calls) == [0, 10, 20, 30]
    assert database.batches == [[0], [1, 2, 3]]


async def test_no_more_batches_are_in_flight_than_allowed() -> None:
    database = RecordingDatabase()
    database.may_commit.clear()
    group = GroupCommit(database.commit, in_flight=2)
    calls = []
    for operation in range(6):
        calls.append(asyncio.ensure_future(group.submit(operation)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert database.batches == [[0], [1]]
    database.may_commit.set()
    await asyncio.gather(*calls)
    assert database.batches == [[0], [1], [2, 3, 4, 5]]


async def test_a_batch_has_a_largest_size() -> None:
    database = RecordingDatabase()
    group = GroupCommit(database.commit, in_flight=2)
    await asyncio.gather(*map(group.submit, range(100, 100 + LARGEST_BATCH * 2 + 1)))
    assert [len(batch) for batch in database.batches] == [LARGEST_BATCH, LARGEST_BATCH, 1]


async def test_a_failing_operation_fails_alone() -> None:
    database = RecordingDatabase()
    group = GroupCommit(database.commit, in_flight=1)
    results = await asyncio.gather(*map(group.submit, [1, 13, 2]), return_exceptions=True)
    assert results[0] == 10
    assert isinstance(results[1], ValueError)
    assert results[2] == 20
    assert await group.submit(3) == 30


async def test_a_caller_that_went_away_does_not_disturb_its_neighbours() -> None:
    database = RecordingDatabase()
    database.may_commit.clear()
    group = GroupCommit(database.commit, in_flight=1)
    calls = [asyncio.ensure_future(group.submit(operation)) for operation in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    calls[1].cancel()
    await asyncio.sleep(0)
    database.may_commit.set()
    assert await calls[0] == 0
    assert await calls[2] == 20
    with pytest.raises(asyncio.CancelledError):
        await calls[1]


async def test_draining_waits_for_every_answer() -> None:
    database = RecordingDatabase()
    group = GroupCommit(database.commit, in_flight=1)
    calls = [asyncio.ensure_future(group.submit(operation)) for operation in range(3)]
    await asyncio.sleep(0)
    await group.drain()
    assert all(call.done() or database.batches for call in calls)
    assert database.batches == [[0, 1, 2]]
    await asyncio.gather(*calls)
