"""The engines themselves: URLs, file mode, failures as StorageError, transactions that cannot wait."""

import asyncio
import stat
from pathlib import Path

import pytest

from daypass.errors import StorageError
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.sql.engine import Transaction
from daypass.server.adapters.sql.sql_storage import SqlStorage
from support.storage_records import ACCOUNT, NOW, make_event


@pytest.mark.parametrize(
    "url",
    [
        "mysql://root@localhost/x",
        "daypass.db",
        "sqlite://host/path.db",
        "sqlite:///tmp/x.db?synchronous=off",
        "sqlite:///tmp/x.db?busy_timeout=-1",
        "sqlite:///tmp/x.db?journal_mode=delete",
        "sqlite:///nowhere/at/all/x.db",
        "postgresql://postgres:hunter2@127.0.0.1:1/x",
    ],
)
async def test_a_database_that_cannot_be_opened_is_a_storage_error_without_the_password(url: str) -> None:
    with pytest.raises(StorageError) as caught:
        await open_storage(url)
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}{caught.value.detail}"


@pytest.mark.parametrize(
    ("option", "expected"), [("", 1), ("?synchronous=full", 2), ("?synchronous=extra", 3)]
)
async def test_the_sqlite_url_says_how_durable_a_commit_is(
    tmp_path: Path, option: str, expected: int
) -> None:
    storage = await open_storage(f"sqlite://{tmp_path}/x.db{option}")
    for pragma, value in (("synchronous", expected), ("foreign_keys", 1), ("journal_mode", "wal")):
        row = await storage.engine.fetch_one(f"PRAGMA {pragma}")
        assert row is not None
        assert row[0] == value
    await storage.close()


async def test_the_sqlite_file_and_its_log_are_private(tmp_path: Path) -> None:
    storage = await open_storage(f"sqlite://{tmp_path}/x.db")
    await storage.migrate()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"x.db": 0o600, "x.db-wal": 0o600, "x.db-shm": 0o600}
    await storage.close()


async def test_what_was_committed_is_there_after_reopening(
    shared_storage: SqlStorage, shared_url: str
) -> None:
    await shared_storage.close()
    storage = await open_storage(shared_url)
    assert await storage.migrate() == []
    assert await storage.accounts.load_account(ACCOUNT.account_id) == ACCOUNT
    await storage.close()


async def test_work_that_raises_leaves_nothing_behind(storage: SqlStorage) -> None:
    async def work(transaction: Transaction) -> None:
        await transaction.execute(
            "INSERT INTO write_checks (check_number, checked_at) VALUES ($1, $2)", 7, NOW
        )
        raise LookupError("of the caller")

    with pytest.raises(LookupError):
        await storage.engine.run(work)
    assert await storage.engine.fetch_all("SELECT * FROM write_checks") == []


async def test_a_sqlite_transaction_that_waits_for_anything_else_is_undone(tmp_path: Path) -> None:
    """A write lock held across an await is how a server stops answering while it looks healthy."""
    storage = await open_storage(f"sqlite://{tmp_path}/x.db")
    await storage.migrate()

    async def work(transaction: Transaction) -> None:
        await transaction.execute(
            "INSERT INTO write_checks (check_number, checked_at) VALUES ($1, $2)", 7, NOW
        )
        await asyncio.sleep(0)

    with pytest.raises(AssertionError, match="awaited something other"):
        await storage.engine.run(work)
    assert await storage.engine.fetch_all("SELECT * FROM write_checks") == []
    await storage.check_writable(now=NOW)
    await storage.close()


async def test_a_sqlite_writer_waits_for_another_process_only_so_long(tmp_path: Path) -> None:
    holder = await open_storage(f"sqlite://{tmp_path}/x.db")
    await holder.migrate()
    waiter = await open_storage(f"sqlite://{tmp_path}/x.db?busy_timeout=0")
    await holder.engine.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError):
        await waiter.check_writable(now=NOW)
    await holder.engine.execute("ROLLBACK")
    await waiter.check_writable(now=NOW)
    await waiter.close()
    await holder.close()


async def test_a_broken_statement_is_a_storage_error(storage: SqlStorage) -> None:
    with pytest.raises(StorageError) as caught:
        await storage.engine.execute("SELECT * FROM nowhere")
    assert "nowhere" in caught.value.detail
    assert "nowhere" not in caught.value.message


async def test_a_change_says_how_many_rows_it_changed(storage: SqlStorage) -> None:
    """By this a proof is known to be new: an INSERT that found its row there already changed none."""
    insert = (
        "INSERT INTO write_checks (check_number, checked_at) VALUES ($1, $2)"
        " ON CONFLICT (check_number) DO NOTHING"
    )
    engine = storage.engine
    assert [await engine.execute(insert, number, NOW) for number in (7, 8, 7)] == [1, 1, 0]
    assert (
        await engine.execute("UPDATE write_checks SET checked_at = $1 WHERE check_number > 6", NOW + 1) == 2
    )
    assert await engine.execute("DELETE FROM write_checks WHERE check_number = $1", 9) == 0


async def test_a_statement_runs_for_each_of_many_rows_or_for_none(storage: SqlStorage) -> None:
    insert = "INSERT INTO write_checks (check_number, checked_at) VALUES ($1, $2)"

    async def numbers() -> list[int]:
        rows = await storage.engine.fetch_all(
            "SELECT check_number FROM write_checks WHERE check_number > 6 ORDER BY check_number"
        )
        return [row[0] for row in rows]

    await storage.engine.run(lambda transaction: transaction.execute_many(insert, [(7, NOW), (8, NOW)]))
    await storage.engine.run(lambda transaction: transaction.execute_many(insert, []))
    with pytest.raises(StorageError):
        await storage.engine.run(lambda transaction: transaction.execute_many(insert, [(9, NOW), (8, NOW)]))
    assert await numbers() == [7, 8]


async def test_closing_answers_what_was_submitted(shared_storage: SqlStorage, shared_url: str) -> None:
    appends = [asyncio.ensure_future(shared_storage.audit.append(make_event())) for _ in range(10)]
    await asyncio.sleep(0)
    await shared_storage.close()
    await asyncio.gather(*appends)
    storage = await open_storage(shared_url)
    assert len(await storage.audit.list_events(account_id=None, since=0, limit=100)) == 10
    await storage.close()
