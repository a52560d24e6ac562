"""Migrations: once, in order, under a lock, and never over a history that disagrees."""

import asyncio
from dataclasses import replace

import pytest

from daypass.errors import StorageError
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.sql.migrate import Migration, apply_migrations, load_migrations

FIRST = Migration("0001_first", "CREATE TABLE first (a INTEGER); CREATE TABLE again (a INTEGER);")
SECOND = Migration("0002_second", "INSERT INTO first (a) VALUES (1);")
BROKEN = Migration("0003_broken", "INSERT INTO first (a) VALUES (2); INSERT INTO nowhere (a) VALUES (1);")


async def test_migrations_are_applied_once(empty_url: str) -> None:
    storage = await open_storage(empty_url)
    names = [migration.name for migration in load_migrations(storage.engine.migrations_folder)]
    assert await storage.migrate() == names
    assert await storage.migrate() == []
    await storage.close()


async def test_both_engines_ship_the_same_migrations() -> None:
    sqlite, postgres = load_migrations("sqlite"), load_migrations("postgres")
    assert [migration.name for migration in sqlite] == [migration.name for migration in postgres]


async def test_only_what_is_missing_is_applied(empty_url: str) -> None:
    storage = await open_storage(empty_url)
    assert await apply_migrations(storage.engine, [FIRST]) == ["0001_first"]
    assert await apply_migrations(storage.engine, [FIRST, SECOND]) == ["0002_second"]
    assert len(await storage.engine.fetch_all("SELECT a FROM first")) == 1
    await storage.close()


async def test_a_migration_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    storage = await open_storage(empty_url)
    await apply_migrations(storage.engine, [FIRST])
    with pytest.raises(StorageError):
        await apply_migrations(storage.engine, [FIRST, SECOND, BROKEN])
    assert await storage.engine.fetch_all("SELECT a FROM first") == []
    assert await apply_migrations(storage.engine, [FIRST, SECOND]) == ["0002_second"]
    await storage.close()


async def test_a_changed_migration_is_refused_by_name(empty_url: str) -> None:
    storage = await open_storage(empty_url)
    await apply_migrations(storage.engine, [FIRST])
    with pytest.raises(StorageError, match="0001_first was changed") as caught:
        await apply_migrations(storage.engine, [replace(FIRST, script="SELECT 1;"), SECOND])
    assert caught.value.hint
    await storage.close()


async def test_a_database_of_a_newer_version_is_refused(empty_url: str) -> None:
    storage = await open_storage(empty_url)
    await apply_migrations(storage.engine, [FIRST, SECOND])
    with pytest.raises(StorageError, match="0002_second"):
        await apply_migrations(storage.engine, [FIRST])
    await storage.close()


async def test_workers_that_start_together_migrate_once(shared_url: str) -> None:
    storages = [await open_storage(shared_url) for _ in range(4)]
    applied = await asyncio.gather(*(storage.migrate() for storage in storages))
    assert sorted(map(len, applied)) == [0, 0, 0, len(load_migrations("sqlite"))]
    for storage in storages:
        await storage.close()
