"""The application seals the audit log while it runs and when it closes, and outlives a database that is away."""

import asyncio
import logging
from typing import Any, cast

import pytest

from daypass.errors import StorageError
from daypass.server import app as app_module
from daypass.server.adapters.audit_sealing import AuditSealing
from daypass.server.adapters.on_first_use import OnFirstUse
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.sql.sql_storage import SqlStorage
from daypass.server.adapters.system import system_clock
from daypass.server.app import Application
from daypass.server.domain.key_ring import KeyRing, MasterKey
from support.storage_records import make_event

RING = KeyRing([MasterKey("0a0b0c0d", 1, b"k" * 32)])


class _Hasher:
    def close(self) -> None:
        pass


def _application(storage: SqlStorage) -> Application:
    nothing = cast("Any", None)
    unused = OnFirstUse(lambda: None)
    log = logging.getLogger("daypass.server")
    sealing = AuditSealing(storage.audit_blocks, RING, clock=system_clock, log=log, head_file=None)
    return Application(nothing, None, storage, cast("Any", _Hasher()), sealing, None, {"oidc": unused}, None)


@pytest.fixture
async def storage() -> SqlStorage:
    storage = await open_storage("sqlite://")
    await storage.migrate()
    return storage


async def test_events_are_sealed_while_it_runs_and_a_failure_is_tried_again(
    storage: SqlStorage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app_module, "_SEAL_SECONDS", (0, 0))
    monkeypatch.setattr(app_module, "_SEAL_PAUSE", 0)
    caplog.set_level(logging.INFO, "daypass.server")
    sealed = asyncio.Event()
    append, failures = type(storage.audit_blocks).append_block, 1

    async def fail_once(self: Any, block: Any) -> bool:
        nonlocal failures
        failures -= 1
        if failures == 0:
            raise StorageError("away")
        sealed.set()
        return await append(self, block)

    monkeypatch.setattr(type(storage.audit_blocks), "append_block", fail_once)
    await storage.audit.append(make_event())
    sealing = asyncio.create_task(_application(storage).seal_forever())
    await asyncio.wait_for(sealed.wait(), 10)
    while await storage.audit_blocks.load_last_block() is None:
        await asyncio.sleep(0)
    sealing.cancel()
    await asyncio.gather(sealing, return_exceptions=True)
    assert [record.message for record in caplog.records][:1] == ["could not seal the audit log"]
    await storage.close()


async def test_closing_seals_what_is_left(storage: SqlStorage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "daypass.server")
    await storage.audit.append(make_event())
    await _application(storage).close()
    (record,) = caplog.records
    assert (record.message, cast("Any", record).block) == ("audit block sealed", 1)
    assert len(cast("Any", record).digest) == 64
