"""Migrations: once, in order, under a lock, and never over a history that disagrees."""

import asyncio
from dataclasses import astuple, replace
from itertools import zip_longest

import msgspec
import pytest

from daypass.errors import StorageError
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.sql.migrate import Migration, apply_migrations, load_migrations
from daypass.server.adapters.sql.postgres_engine import PostgresEngine
from daypass.server.adapters.sql.sql_storage import SqlStorage
from daypass.server.domain.account import PolicyVersion
from support.storage_records import (
    ACCOUNT_ID,
    NOW,
    make_login_session,
    make_policy,
    make_profile,
    make_role,
    make_rotation,
    make_sign_in_session,
    make_user,
    populate,
)

FIRST = Migration("0001_first", "CREATE TABLE first (a INTEGER); CREATE TABLE again (a INTEGER);")
SECOND = Migration("0002_second", "INSERT INTO first (a) VALUES (1);")
COLUMNS_OF_THE_FIRST = {
    "users": "account_id, user_id, user_name, path, created_at, credentials_epoch",
    "roles": (
        "account_id, role_id, role_name, path, trust_policy, created_at, description, max_session_duration"
    ),
    "policies": (
        "account_id, policy_id, policy_name, path, document, created_at, description, default_version_id"
    ),
    "login_profiles": "account_id, user_id, password_hash, created_at, password_reset_required",
    "sign_in_sessions": (
        "session_id, browser_hash, account_id, principal_kind, principal_arn, principal_id,"
        " credentials_epoch, authenticated_at, expires_at, last_used_at"
    ),
    "login_sessions": (
        "session_id, account_id, principal_kind, principal_arn, principal_id, credentials_epoch, client_id,"
        " dpop_jkt, generation, rotated_at, sealed_by, created_at, ends_at, revoked_at"
    ),
}
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


async def test_rows_of_the_first_schema_go_on_as_they_were(empty_url: str) -> None:
    storage = await open_storage(empty_url)
    engine = storage.engine
    migrations = load_migrations(engine.migrations_folder)
    await apply_migrations(engine, migrations[:1])
    await populate(storage)
    user, role, policy = make_user(), make_role(), make_policy()
    sign_in, login, profile = make_sign_in_session(), make_login_session(), make_profile(user)
    records = [astuple(user), astuple(role), astuple(policy), astuple(profile), astuple(sign_in)]
    more = [
        {"name_key": user.user_name.lower()},
        {"name_key": role.role_name.lower()},
        {"name_key": policy.policy_name.lower(), "policy_arn": policy.arn},
    ]
    tables = zip_longest(COLUMNS_OF_THE_FIRST.items(), [*records, msgspec.structs.astuple(login)], more)
    for (table, names), record, extra in tables:
        row = dict(zip(names.split(", "), record, strict=False)) | (extra or {})
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        await engine.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", *row.values())
    assert await storage.migrate() == [migration.name for migration in migrations[1:]]
    assert await storage.users.load_user(ACCOUNT_ID, user.user_name) == user
    assert await storage.users.load_login_profile(ACCOUNT_ID, user.user_id) == profile
    assert await storage.roles.load_role(ACCOUNT_ID, role.role_name) == role
    assert await storage.policies.load_policy(policy.arn) == policy
    assert await storage.policy_versions.list_policy_versions(policy.arn) == [
        PolicyVersion(policy.arn, "v1", policy.document, policy.created_at, is_default=True)
    ]
    assert await storage.sign_in_sessions.load_sign_in_session(sign_in.session_id, now=NOW) == sign_in
    assert await storage.login_sessions.load_login_session(login.session_id) == login
    assert (await storage.login_sessions.rotate(make_rotation())).outcome == "rotated"
    await storage.close()


async def test_no_index_names_a_column_that_a_refresh_changes(storage: SqlStorage) -> None:
    if isinstance(storage.engine, PostgresEngine):
        statement = "SELECT indexdef FROM pg_indexes WHERE tablename = 'login_sessions'"
    else:
        statement = "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'login_sessions'"
    indexes = [row[0] for row in await storage.engine.fetch_all(statement) if row[0]]
    assert len(indexes) >= 6
    for column in ("generation", "rotated_at", "sealed_by"):
        assert not [index for index in indexes if column in index]


async def test_workers_that_start_together_migrate_once(shared_url: str) -> None:
    storages = [await open_storage(shared_url) for _ in range(4)]
    applied = await asyncio.gather(*(storage.migrate() for storage in storages))
    assert sorted(map(len, applied)) == [0, 0, 0, len(load_migrations("sqlite"))]
    for storage in storages:
        await storage.close()
