"""The hash chain over the audit log, on every engine: what is sealed, and that each manipulation behind its back shows."""

import asyncio
import hashlib
from dataclasses import replace

import pytest

from daypass.errors import StorageError
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.sql.engine import Transaction
from daypass.server.adapters.sql.postgres_engine import PostgresEngine
from daypass.server.adapters.sql.sql_storage import SqlStorage
from daypass.server.domain.audit import Caller
from daypass.server.domain.audit_block import AuditBlock, canonical_event
from daypass.server.domain.audit_head import Head
from daypass.server.domain.audit_search import EventFilter
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.flows import seal_audit_log as sealing
from daypass.server.flows.keep_audit_head import AuditLogCut, next_head
from daypass.server.flows.seal_audit_log import seal_audit_log
from daypass.server.flows.verify_audit_log import ChainReport, verify_audit_log
from support.storage_records import NOW, make_event

OLD_KEY = MasterKey("00000001", 1, b"a" * 32)
NEW_KEY = MasterKey("00000002", 2, b"b" * 32)
RING = KeyRing([OLD_KEY])

ODD = make_event(
    event_id="odd",
    caller=Caller("r", "2001:db8::1", 'Zürich "browser" ✓ \\ \n 12:', False),
    detail={"text": "ü✓'\"\\\n", "number": -5, "flag": True, "empty": ""},
)


async def _append(storage: SqlStorage, count: int, prefix: str = "event") -> None:
    for number in range(count):
        await storage.audit.append(make_event(event_id=f"{prefix}-{number}"))


async def _seal(storage: SqlStorage, ring: KeyRing = RING, now: int = NOW) -> list[AuditBlock]:
    return await seal_audit_log(storage.audit_blocks, ring, now=now)


async def _verify(storage: SqlStorage, ring: KeyRing = RING, kept: Head | None = None) -> ChainReport:
    return await verify_audit_log(storage.audit_blocks, ring, kept=[] if kept is None else [kept])


async def _reasons(
    storage: SqlStorage, ring: KeyRing = RING, kept: Head | None = None
) -> list[tuple[int, str]]:
    return [(each.block_number, each.reason) for each in (await _verify(storage, ring, kept)).breaks]


async def _behind_its_back(storage: SqlStorage, *statements: str) -> None:
    """As somebody with the database's password does it: triggers first."""
    tables = ("audit_events", "audit_blocks")
    if isinstance(storage.engine, PostgresEngine):
        for table in tables:
            await storage.engine.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    else:
        for table in tables:
            await storage.engine.execute(f"DROP TRIGGER IF EXISTS {table}_never_change")
            await storage.engine.execute(f"DROP TRIGGER IF EXISTS {table}_never_vanish")
    for statement in statements:
        await storage.engine.execute(statement)


@pytest.fixture
async def chain(storage: SqlStorage) -> SqlStorage:
    """Three blocks of four events each, and two events that are not sealed."""
    for number in range(3):
        await _append(storage, 4, f"block-{number + 1}")
        await _seal(storage, now=NOW + number)
    await _append(storage, 2, "unsealed")
    return storage


async def test_an_empty_log_is_whole(storage: SqlStorage) -> None:
    assert await _seal(storage) == []
    assert await _verify(storage) == ChainReport(0, 0, 0, None, ())


async def test_a_block_vouches_for_the_events_before_it(storage: SqlStorage) -> None:
    await storage.audit.append(ODD)
    await _append(storage, 2)
    (block,) = await _seal(storage)
    page = await storage.audit.search_events(EventFilter(), behind=None, limit=10)
    rows = sorted(page.events, key=lambda each: each.audit_number)
    text = "".join(canonical_event(each.audit_number, each.event) for each in rows)
    assert block.events_digest == hashlib.sha256(text.encode()).digest()
    assert (block.first_number, block.last_number, block.event_count) == (
        rows[0].audit_number,
        rows[-1].audit_number,
        3,
    )
    assert (block.block_number, block.sealed_at, block.key_id) == (1, NOW, "00000001")
    assert await storage.audit_blocks.load_last_block() == block
    assert await _seal(storage) == []


async def test_a_whole_chain_is_found_whole(chain: SqlStorage) -> None:
    report = await _verify(chain)
    last = await chain.audit_blocks.load_last_block()
    assert last is not None
    assert report == ChainReport(3, 12, 2, Head(3, last.digest()), ())
    assert await _reasons(chain, kept=Head(3, last.digest())) == []


@pytest.mark.parametrize(
    "column",
    [
        "event_id",
        "event_source",
        "event_name",
        "account_id",
        "principal_arn",
        "request_id",
        "source_ip",
        "user_agent",
        "error_code",
        "detail",
    ],
)
async def test_an_altered_text_is_found(chain: SqlStorage, column: str) -> None:
    await _behind_its_back(chain, f"UPDATE audit_events SET {column} = 'x' WHERE event_id = 'block-2-1'")
    assert await _reasons(chain) == [(2, "an event was altered")]


@pytest.mark.parametrize("change", ["event_time = event_time + 1", "is_secure = (1 = 0)"])
async def test_an_altered_number_is_found(chain: SqlStorage, change: str) -> None:
    await _behind_its_back(chain, f"UPDATE audit_events SET {change} WHERE event_id = 'block-2-1'")
    assert await _reasons(chain) == [(2, "an event was altered")]


async def test_a_text_moved_from_one_column_to_the_next_is_found(chain: SqlStorage) -> None:
    await _behind_its_back(
        chain,
        "UPDATE audit_events SET event_source = '', event_name = event_source || event_name WHERE event_id = 'block-1-0'",
    )
    assert await _reasons(chain) == [(1, "an event was altered")]


async def test_two_events_that_changed_places_are_found(chain: SqlStorage) -> None:
    await _behind_its_back(
        chain,
        "UPDATE audit_events SET event_id = CASE event_id WHEN 'block-2-1' THEN 'block-2-2' ELSE 'block-2-1' END"
        " WHERE event_id IN ('block-2-1', 'block-2-2')",
    )
    assert await _reasons(chain) == [(2, "an event was altered")]


@pytest.mark.parametrize(("event_id", "block"), [("block-1-0", 1), ("block-2-3", 2), ("block-3-3", 3)])
async def test_a_removed_event_is_found(chain: SqlStorage, event_id: str, block: int) -> None:
    await _behind_its_back(chain, f"DELETE FROM audit_events WHERE event_id = '{event_id}'")
    assert await _reasons(chain) == [(block, "1 of its 4 events are missing")]


async def test_all_events_of_a_block_removed_are_found(chain: SqlStorage) -> None:
    await _behind_its_back(chain, "DELETE FROM audit_events WHERE event_id LIKE 'block-2%'")
    assert await _reasons(chain) == [(2, "4 of its 4 events are missing")]


@pytest.mark.parametrize(("event_id", "number"), [("block-1-0", "-7"), ("block-2-0", None)])
async def test_an_event_put_in_is_found(chain: SqlStorage, event_id: str, number: str | None) -> None:
    """In front of the first one, or, where one was taken out, twice as many."""
    columns = "event_id, event_time, event_source, event_name, account_id, principal_arn, request_id, source_ip, user_agent, is_secure, error_code, detail"
    overriding = "OVERRIDING SYSTEM VALUE" if isinstance(chain.engine, PostgresEngine) else ""
    put_in = (
        f"INSERT INTO audit_events (audit_number, {columns}) {overriding}"
        f" SELECT {number or 'audit_number'}, {columns} FROM audit_events WHERE event_id = '{event_id}'"
    )
    if number is None:
        put_in = f"UPDATE audit_events SET audit_number = -1 WHERE event_id = '{event_id}'"
        if isinstance(chain.engine, PostgresEngine):
            await _behind_its_back(chain, "ALTER TABLE audit_events ALTER audit_number DROP IDENTITY")
    await _behind_its_back(chain, put_in)
    reasons = await _reasons(chain)
    assert reasons[0] == (1, "1 events were put among its 4")
    assert len(reasons) == (2 if number is None else 1)


async def test_a_removed_block_is_found(chain: SqlStorage) -> None:
    await _behind_its_back(chain, "DELETE FROM audit_blocks WHERE block_number = 2")
    reasons = await _reasons(chain)
    assert reasons[0] == (3, "block 2 is missing before it")
    assert reasons[1] == (3, "4 events were put among its 4")


async def test_the_first_block_removed_is_found(chain: SqlStorage) -> None:
    await _behind_its_back(chain, "DELETE FROM audit_blocks WHERE block_number = 1")
    assert (await _reasons(chain))[0] == (2, "block 1 is missing before it")


@pytest.mark.parametrize(
    "change",
    [
        "first_number = 0",
        "event_count = 5",
        "sealed_at = 1",
        "previous_digest = events_digest",
        "events_digest = mac",
        "mac = events_digest",
    ],
)
async def test_an_altered_block_is_found(chain: SqlStorage, change: str) -> None:
    await _behind_its_back(chain, f"UPDATE audit_blocks SET {change} WHERE block_number = 2")
    reasons = await _reasons(chain)
    assert (2, "it was altered, or not made by this server") in reasons
    assert (3, "the block before it is not the one it was sealed behind") in reasons


async def test_blocks_made_anew_with_another_key_are_found(chain: SqlStorage) -> None:
    """Somebody alters an event and makes the whole chain again, but does not have the server's key."""
    await _behind_its_back(
        chain,
        "UPDATE audit_events SET error_code = 'x' WHERE event_id = 'block-1-1'",
        "DELETE FROM audit_blocks",
    )
    same_name = KeyRing([MasterKey("00000001", 1, b"z" * 32)])
    await seal_audit_log(chain.audit_blocks, same_name, now=NOW)
    assert (await _reasons(chain))[0] == (1, "it was altered, or not made by this server")
    await _behind_its_back(chain, "DELETE FROM audit_blocks")
    await seal_audit_log(chain.audit_blocks, KeyRing([MasterKey("000000ff", 1, b"z" * 32)]), now=NOW)
    assert (await _reasons(chain))[0] == (1, "it was made with key 000000ff, which is not in the key ring")


async def test_the_newest_blocks_removed_are_found_by_who_kept_the_head(chain: SqlStorage) -> None:
    head = (await _verify(chain)).head
    assert head is not None
    await _behind_its_back(
        chain,
        "DELETE FROM audit_blocks WHERE block_number = 3",
        "DELETE FROM audit_events WHERE event_id LIKE 'block-3%' OR event_id LIKE 'unsealed%'",
    )
    reasons = await _reasons(chain, kept=head)
    assert reasons[-1] == (2, "block 3, whose digest you kept, was removed")
    if not isinstance(chain.engine, PostgresEngine):
        assert reasons[:-1] == [
            (2, "the last 1 blocks were removed"),
            (2, "events 9–14 at the end of the log were removed"),
        ]


async def test_a_chain_cut_and_sealed_anew_is_found_by_who_kept_the_head(chain: SqlStorage) -> None:
    head = (await _verify(chain)).head
    assert head is not None
    await _behind_its_back(
        chain,
        "DELETE FROM audit_blocks WHERE block_number = 3",
        "DELETE FROM audit_events WHERE event_id = 'block-3-1'",
    )
    await _seal(chain, now=NOW + 9)
    assert await _reasons(chain, kept=head) == [(3, "it is not the block whose digest you kept")]


async def test_what_is_behind_the_last_block_is_counted_and_not_vouched_for(chain: SqlStorage) -> None:
    await _behind_its_back(chain, "UPDATE audit_events SET error_code = 'x' WHERE event_id = 'unsealed-0'")
    report = await _verify(chain)
    assert (report.unsealed_count, report.breaks) == (2, ())


async def test_a_later_block_vouches_for_those_of_a_key_that_is_gone(chain: SqlStorage) -> None:
    await seal_audit_log(chain.audit_blocks, KeyRing([OLD_KEY, NEW_KEY]), now=NOW)
    only_new = KeyRing([NEW_KEY])
    assert await _reasons(chain, only_new) == []
    await _behind_its_back(chain, "UPDATE audit_blocks SET sealed_at = 1 WHERE block_number = 1")
    assert await _reasons(chain, only_new) == [(2, "the block before it is not the one it was sealed behind")]


@pytest.mark.parametrize("statement", ["UPDATE audit_blocks SET sealed_at = 1", "DELETE FROM audit_blocks"])
async def test_the_blocks_refuse_every_change(chain: SqlStorage, statement: str) -> None:
    with pytest.raises(StorageError):
        await chain.engine.execute(statement)
    assert await _reasons(chain) == []


async def test_a_block_ends_where_it_is_full_and_the_next_begins(
    storage: SqlStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "BLOCK_EVENTS", 5)
    monkeypatch.setattr(sealing, "SLICE_EVENTS", 2)
    await _append(storage, 12)
    assert [block.event_count for block in await _seal(storage)] == [5, 5, 2]
    assert await _reasons(storage) == []


async def test_nothing_is_sealed_while_the_last_block_is_young(storage: SqlStorage) -> None:
    await _append(storage, 1)
    await _seal(storage, now=NOW)
    await _append(storage, 1)
    assert await seal_audit_log(storage.audit_blocks, RING, now=NOW + 9, pause=10) == []
    assert len(await seal_audit_log(storage.audit_blocks, RING, now=NOW + 10, pause=10)) == 1


async def test_of_workers_that_seal_at_once_one_wins(shared_url: str, shared_storage: SqlStorage) -> None:
    await _append(shared_storage, 30)
    others = [await open_storage(shared_url) for _ in range(3)]
    try:
        sealed = await asyncio.gather(*(_seal(each) for each in (shared_storage, *others)))
    finally:
        for each in others:
            await each.close()
    assert sorted(len(each) for each in sealed) == [0, 0, 0, 1]
    assert await _reasons(shared_storage) == []


async def test_a_block_of_a_taken_number_is_not_written(chain: SqlStorage) -> None:
    last = await chain.audit_blocks.load_last_block()
    assert last is not None
    assert not await chain.audit_blocks.append_block(last)
    assert not await chain.audit_blocks.append_block(replace(last, block_number=5))


@pytest.mark.postgres
async def test_on_postgres_nothing_is_sealed_past_a_number_that_may_still_appear(
    empty_postgres_url: str,
) -> None:
    """A transaction holds a number while a later one is committed: the later one waits for its block."""
    storage = await open_storage(empty_postgres_url)
    await storage.migrate()
    inserted, finish = asyncio.Event(), asyncio.Event()

    async def slow(transaction: Transaction) -> None:
        await transaction.execute(
            "INSERT INTO audit_events (event_id, event_time, event_source, event_name, account_id, principal_arn,"
            " request_id, source_ip, user_agent, is_secure, error_code, detail)"
            " VALUES ('slow', 1, '', '', '', '', '', '', '', true, '', '{}')"
        )
        inserted.set()
        await finish.wait()

    try:
        writing = asyncio.create_task(storage.engine.run(slow))
        await inserted.wait()
        await storage.audit.append(make_event(event_id="quick"))
        assert await _seal(storage) == []
        finish.set()
        await writing
        assert [block.event_count for block in await _seal(storage)] == [2]
        assert await _reasons(storage) == []
    finally:
        finish.set()
        await storage.close()


async def test_sealing_amid_writers_covers_every_event_once(
    shared_url: str, shared_storage: SqlStorage
) -> None:
    """Two workers write while one seals again and again; in the end the chain is whole and nothing lies outside."""
    other = await open_storage(shared_url)
    done = asyncio.Event()
    blocks: list[AuditBlock] = []

    async def write(storage: SqlStorage, name: str, bursts: range) -> None:
        for burst in bursts:
            await asyncio.gather(
                *(storage.audit.append(make_event(event_id=f"{name}-{burst}-{n}")) for n in range(20))
            )

    async def seal() -> None:
        while not done.is_set():
            blocks.extend(await _seal(shared_storage))
            await asyncio.sleep(0)

    sealing_all = asyncio.create_task(seal())
    for bursts in (
        range(10),
        range(10, 20),
    ):  # so that there are two blocks at least, however fast the writers are
        await asyncio.gather(write(shared_storage, "a", bursts), write(other, "b", bursts))
        blocks.extend(await _seal(shared_storage))
    done.set()
    await sealing_all
    blocks += await _seal(shared_storage)
    report = await _verify(shared_storage)
    assert (report.breaks, report.event_count, report.unsealed_count) == ((), 800, 0)
    assert len(blocks) == report.block_count > 1
    await other.close()


# The head beside the key ring


async def test_the_head_that_is_kept_follows_the_chain(storage: SqlStorage) -> None:
    blocks = storage.audit_blocks
    assert await next_head(blocks, None) is None
    await _append(storage, 2, "first")
    (first,) = await _seal(storage)
    kept = await next_head(blocks, None)
    assert kept == Head(1, first.digest(), "this server")
    assert await next_head(blocks, kept) is None
    await _append(storage, 2, "second")
    await _seal(storage)
    await _append(storage, 2, "third")
    (third,) = await _seal(storage)
    assert await next_head(blocks, kept) == Head(3, third.digest(), "this server")


async def test_a_cut_is_seen_against_the_head_that_was_kept_and_stays_so(chain: SqlStorage) -> None:
    """Also when the log has grown beyond it again: a newer head never replaces one that is gone."""
    kept = await next_head(chain.audit_blocks, None)
    assert kept is not None
    await _behind_its_back(
        chain,
        "DELETE FROM audit_blocks WHERE block_number = 3",
        "DELETE FROM audit_events WHERE event_id LIKE 'block-3%'",
    )
    with pytest.raises(AuditLogCut, match="block 3 is missing"):
        await next_head(chain.audit_blocks, kept)
    for number in range(2):
        await _append(chain, 2, f"later-{number}")
        await _seal(chain, now=NOW + 50 + number)
    with pytest.raises(AuditLogCut, match="block 3 is another one"):
        await next_head(chain.audit_blocks, kept)
    assert (3, "it is not the block whose digest this server kept") in await _reasons(chain, kept=kept)


async def test_an_emptied_log_is_seen_too(chain: SqlStorage) -> None:
    kept = await next_head(chain.audit_blocks, None)
    await _behind_its_back(chain, "DELETE FROM audit_blocks", "DELETE FROM audit_events")
    with pytest.raises(AuditLogCut):
        await next_head(chain.audit_blocks, kept)
