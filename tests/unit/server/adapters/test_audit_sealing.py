"""The audit log's background work: the chain grows, its head is kept beside the key ring, and a cut is complained of once."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daypass.server.adapters.audit_head_file import AuditHeadFile, audit_head_path
from daypass.server.adapters.audit_sealing import AuditSealing
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.sql.sql_storage import SqlStorage
from daypass.server.domain.audit_head import Head
from daypass.server.domain.key_ring import KeyRing, MasterKey
from support.storage_records import NOW, make_event

RING = KeyRing([MasterKey("0a0b0c0d", 1, b"k" * 32)])
LOG = logging.getLogger("daypass.server")


@pytest.fixture
async def storage() -> AsyncIterator[SqlStorage]:
    storage = await open_storage("sqlite://")
    await storage.migrate()
    yield storage
    await storage.close()


def sealing(storage: SqlStorage, head_file: AuditHeadFile | None) -> AuditSealing:
    return AuditSealing(storage.audit_blocks, RING, clock=lambda: NOW, log=LOG, head_file=head_file)


@pytest.fixture
def head_file(tmp_path: Path) -> AuditHeadFile:
    return AuditHeadFile(audit_head_path(tmp_path / "key-ring.json"), RING)


async def test_the_head_stands_beside_the_key_ring_for_its_owner_only(
    storage: SqlStorage, head_file: AuditHeadFile
) -> None:
    assert head_file.path.name == "key-ring.json.audit-head"
    assert head_file.load() is None
    for name in ("one", "two"):
        await storage.audit.append(make_event(event_id=name))
        await sealing(storage, head_file).seal(pause=0)
    last = await storage.audit_blocks.load_last_block()
    assert last is not None
    assert head_file.load() == Head(2, last.digest(), "this server")
    assert head_file.path.stat().st_mode & 0o777 == 0o600


async def test_a_worker_that_sealed_nothing_keeps_the_head_too(
    storage: SqlStorage, head_file: AuditHeadFile
) -> None:
    await storage.audit.append(make_event())
    await sealing(storage, None).seal(pause=0)
    assert head_file.load() is None
    await sealing(storage, head_file).seal(pause=3600)
    assert head_file.load() is not None


async def test_a_cut_is_complained_of_once_and_the_head_stays(
    storage: SqlStorage, head_file: AuditHeadFile, caplog: pytest.LogCaptureFixture
) -> None:
    await storage.audit.append(make_event())
    work = sealing(storage, head_file)
    await work.seal(pause=0)
    kept = head_file.load()
    for table in ("audit_events", "audit_blocks"):
        for end in ("change", "vanish"):
            await storage.engine.execute(f"DROP TRIGGER IF EXISTS {table}_never_{end}")
        await storage.engine.execute(f"DELETE FROM {table}")
    for _ in range(3):
        await work.seal(pause=0)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "cut or replaced: block 1 is missing" in caplog.text
    assert head_file.load() == kept


async def test_a_folder_that_cannot_be_written_stops_nothing(
    storage: SqlStorage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    missing = AuditHeadFile(tmp_path / "missing" / "head", RING)
    work = sealing(storage, missing)
    for name in ("one", "two"):
        await storage.audit.append(make_event(event_id=name))
        await work.seal(pause=0)
    last = await storage.audit_blocks.load_last_block()
    assert last is not None
    assert last.block_number == 2
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_a_head_of_a_dropped_key_is_none_and_is_made_anew(
    storage: SqlStorage, head_file: AuditHeadFile
) -> None:
    other = AuditHeadFile(head_file.path, KeyRing([MasterKey("0a0b0c0e", 1, b"z" * 32)]))
    other.save(Head(9, bytes(32)))
    assert head_file.load() is None
    await storage.audit.append(make_event())
    await sealing(storage, head_file).seal(pause=0)
    assert head_file.load() is not None
