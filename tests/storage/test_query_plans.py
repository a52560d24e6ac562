"""A million users: what is asked on the way of a request is found by an index, and a page costs a page.

Each call is made for real; the statements it sent are explained with their own values. PostgreSQL may only read a
whole table where nothing else is possible, which is how a missing index shows on small tables.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import apsw
import pytest

from daypass.server.adapters.sql import users as users_module
from daypass.server.adapters.sql.postgres_engine import PostgresEngine
from daypass.server.adapters.sql.sql_storage import SqlStorage
from daypass.server.adapters.sql.sqlite_engine import SqliteEngine
from daypass.server.domain.account import InlinePolicy
from daypass.server.domain.audit_search import EventFilter, EventPosition
from daypass.server.domain.session_scope import SessionScope
from daypass.server.ports.sign_in_session_storage import UseOnce
from daypass.server.ports.storage import Page
from support.storage_records import (
    ACCOUNT,
    ACCOUNT_ID,
    NOW,
    OTHER_ACCOUNT_ID,
    make_access_key,
    make_event,
    make_group,
    make_login_session,
    make_passkey,
    make_policy,
    make_profile,
    make_redemption,
    make_role,
    make_rotation,
    make_sign_in_session,
    make_user,
    make_virtual_device,
)

ALICE, ZOE = make_user("Alice", path="/team/"), make_user("Zoe")
READER, READERS, LISTS = make_role("Reader"), make_group("Readers"), make_policy("Lists")
KEY, PHONE, PASSKEY = make_access_key(ALICE.user_id), make_virtual_device(), make_passkey(ALICE.user_id)
SERIAL = PHONE.serial_number
REVISION = 12
BROWSER = b"b" * 32
Statement = tuple[str, tuple[Any, ...]]

READS: dict[str, Callable[[SqlStorage], Awaitable[object]]] = {
    "account by alias": lambda s: s.accounts.find_account_by_alias(ACCOUNT.alias or ""),
    "account by e-mail": lambda s: s.accounts.find_account_by_root_email(ACCOUNT.root_email),
    "revision": lambda s: s.accounts.load_revision(ACCOUNT_ID),
    "user by name": lambda s: s.users.load_user(ACCOUNT_ID, "alice"),
    "user by id": lambda s: s.users.load_user_by_id(ACCOUNT_ID, ALICE.user_id),
    "login profile": lambda s: s.users.load_login_profile(ACCOUNT_ID, ALICE.user_id),
    "old passwords": lambda s: s.users.list_old_passwords(ACCOUNT_ID, ALICE.user_id, limit=24),
    "attempts": lambda s: s.attempts.count_attempts(b"k", now=NOW),
    "devices": lambda s: s.mfa_devices.list_mfa_devices(ACCOUNT_ID, ALICE.user_id),
    "device": lambda s: s.mfa_devices.load_mfa_device(SERIAL),
    "recovery codes": lambda s: s.mfa_devices.count_recovery_codes(ACCOUNT_ID, ALICE.user_id),
    "principal": lambda s: s.principals.load_principal(ACCOUNT_ID, "user", ALICE.user_id, revoked_since=0),
    "role": lambda s: s.principals.load_principal(ACCOUNT_ID, "role", READER.role_id, revoked_since=0),
    "root": lambda s: s.principals.load_principal(ACCOUNT_ID, "root", ACCOUNT_ID, revoked_since=0),
    "access key": lambda s: s.access_keys.load_access_key(KEY.access_key_id),
    "keys of a user": lambda s: s.access_keys.list_access_keys(ACCOUNT_ID, ALICE.user_id),
    "sign-in session": lambda s: s.sign_in_sessions.load_sign_in_session("sign-in-one", now=NOW),
    "a browser's sessions": lambda s: s.sign_in_sessions.list_sign_in_sessions(BROWSER, now=NOW),
    "login session": lambda s: s.login_sessions.load_login_session("login-one"),
    "logins of a principal": lambda s: s.login_sessions.list_login_sessions(
        ACCOUNT_ID, ALICE.user_id, now=NOW
    ),
    "logins of roles taken": lambda s: s.login_sessions.list_role_logins_taken(
        ACCOUNT_ID, ALICE.user_id, now=NOW
    ),
    "roles taken": lambda s: s.sign_in_sessions.list_roles_taken(ACCOUNT_ID, ALICE.user_id, now=NOW),
    "ended logins": lambda s: s.login_sessions.list_ended_login_ids(
        ACCOUNT_ID, ALICE.user_id, revoked_since=0
    ),
    "logins of an account": lambda s: s.login_sessions.list_logins_of_account(
        ACCOUNT_ID, after=("a", "b"), limit=25, now=NOW
    ),
    "browsers of an account": lambda s: s.sign_in_sessions.list_sessions_of_account(
        ACCOUNT_ID, after=("a", "b"), limit=25, now=NOW
    ),
    "policy": lambda s: s.policies.load_policy(LISTS.arn),
    "attachments": lambda s: s.policies.list_attached_policies(ACCOUNT_ID, ALICE.user_id),
    "attachments of a policy": lambda s: s.policies.count_attachments(LISTS.arn),
    "entities of a policy": lambda s: s.policy_versions.list_entities_for_policy(ACCOUNT_ID, LISTS.arn),
    "boundary": lambda s: s.policy_versions.count_boundary_uses(ACCOUNT_ID, LISTS.arn),
    "versions": lambda s: s.policy_versions.list_policy_versions(LISTS.arn),
    "inline policies": lambda s: s.inline_policies.list_inline_policies(ACCOUNT_ID, ALICE.user_id),
    "groups of a user": lambda s: s.groups.list_groups_of(ACCOUNT_ID, ALICE.user_id),
    "bucket": lambda s: s.buckets.load_bucket("bucket"),
    "events of an account": lambda s: s.audit.list_events(account_id=ACCOUNT_ID, since=0, limit=10),
    "events looked up": lambda s: s.audit.search_events(
        EventFilter(account_id=ACCOUNT_ID, principal="alice"), behind=EventPosition(NOW, 7), limit=50
    ),
    "events of everybody": lambda s: s.audit.search_events(
        EventFilter(only_errors=True), behind=None, limit=50
    ),
    "events followed": lambda s: s.audit.follow_events(EventFilter(), after_number=1, limit=50),
    "events to seal": lambda s: s.audit_blocks.read_events_text(after=0, up_to=9, limit=250),
}
PAGES: dict[str, Callable[[SqlStorage], Awaitable[object]]] = {
    "users": lambda s: s.users.list_users(ACCOUNT_ID, path_prefix="/", page=Page("a")),
    "roles": lambda s: s.roles.list_roles(ACCOUNT_ID, path_prefix="/", page=Page("a")),
    "groups": lambda s: s.groups.list_groups(ACCOUNT_ID, path_prefix="/", page=Page("a")),
    "policies": lambda s: s.policies.list_policies(ACCOUNT_ID, path_prefix="/", page=Page("a")),
    "members": lambda s: s.groups.list_members(ACCOUNT_ID, READERS.group_id, page=Page("a")),
    "bounded users": lambda s: s.policy_versions.list_bounded_users(ACCOUNT_ID, LISTS.arn, page=Page("a")),
    "bounded roles": lambda s: s.policy_versions.list_bounded_roles(ACCOUNT_ID, LISTS.arn, page=Page("a")),
    "virtual devices": lambda s: s.mfa_devices.list_virtual_mfa_devices(ACCOUNT_ID, page=Page("a")),
    "sealed keys": lambda s: s.access_keys.list_sealed_access_keys(page=Page("a")),
}
WRITES: dict[str, Callable[[SqlStorage], Awaitable[object]]] = {
    "redeem": lambda s: s.login_sessions.redeem(make_redemption("two", expected_revision=REVISION)),
    "rotate": lambda s: s.login_sessions.rotate(make_rotation("one", expected_revision=REVISION)),
    "derive": lambda s: s.login_sessions.begin_scoped_session(
        "login-one", make_login_session("child", scope=SessionScope("agent")), limit=9, now=NOW
    ),
    "revoke": lambda s: s.login_sessions.revoke_login_session("login-one", now=NOW),
    "sign in": lambda s: s.sign_in_sessions.place_sign_in_session(
        make_sign_in_session("two"),
        old_browser=b"b" * 32,
        limit=5,
        now=NOW,
        audit=make_event(event_id="sign in"),
        once=UseOnce(b"t" * 16, NOW + 300),
    ),
    "totp step": lambda s: s.mfa_devices.use_totp_step(SERIAL, 7),
    "recovery code": lambda s: s.mfa_devices.use_recovery_code(ACCOUNT_ID, ALICE.user_id, b"c" * 32),
    "password use": lambda s: s.users.record_password_use(ACCOUNT_ID, ALICE.user_id, now=NOW),
    "key use": lambda s: s.access_keys.record_access_key_use(
        KEY.access_key_id, used_at=NOW, service="s3", region="us-east-1"
    ),
    "rename": lambda s: s.users.update_user(ACCOUNT_ID, "alice", new_name="Alicia"),
    "delete": lambda s: s.users.delete_user(ACCOUNT_ID, "zoe"),
    "delete policy": lambda s: s.policies.delete_policy(make_policy("Unused").arn),
    "purge": lambda s: s.purge_expired(now=NOW),
}


@pytest.fixture
async def account(storage: SqlStorage) -> SqlStorage:
    """A little of everything."""
    for user in (ALICE, ZOE):
        await storage.users.create_user(user)
    await storage.users.create_login_profile(make_profile(ALICE))
    await storage.roles.create_role(READER)
    await storage.groups.create_group(READERS)
    await storage.groups.add_member(ACCOUNT_ID, READERS.group_id, ALICE.user_id)
    for policy in (LISTS, make_policy("Unused")):
        await storage.policies.create_policy(policy)
    await storage.policies.attach_policy(ACCOUNT_ID, ALICE.user_id, LISTS.arn)
    await storage.inline_policies.put_inline_policy(ACCOUNT_ID, InlinePolicy(ALICE.user_id, "Own", "{}"))
    await storage.access_keys.create_access_key(KEY, limit=2)
    await storage.mfa_devices.create_mfa_device(PHONE, limit=8)
    revision = await storage.accounts.load_revision(ACCOUNT_ID)
    assert revision == REVISION
    await storage.login_sessions.redeem(make_redemption(expected_revision=revision))
    await storage.sign_in_sessions.place_sign_in_session(
        make_sign_in_session(), old_browser=b"b" * 32, limit=5, now=NOW
    )
    await storage.audit.append(make_event())
    return storage


async def _sent(storage: SqlStorage, call: Callable[[SqlStorage], Awaitable[object]]) -> list[Statement]:
    """The statements a call sends, with their values."""
    engine, sent = storage.engine, list[Statement]()
    if isinstance(engine, SqliteEngine):

        def record(cursor: apsw.Cursor, statement: str, bindings: Any) -> bool:
            sent.append((statement, tuple(bindings or ())))
            return True

        engine.connection.exec_trace = record
        await call(storage)
        engine.connection.exec_trace = None
    else:
        assert isinstance(engine, PostgresEngine)
        async with engine.pool.acquire() as connection:

            def log(entry: Any) -> None:
                sent.append((entry.query, tuple(entry.args)))

            connection.add_query_logger(log)
        await call(storage)
        async with engine.pool.acquire() as connection:
            connection.remove_query_logger(log)
    statements = [each for each in sent if re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", each[0])]
    assert statements
    return statements


async def _plan(storage: SqlStorage, statement: Statement) -> str:
    engine = storage.engine
    if isinstance(engine, SqliteEngine):
        rows = engine.connection.execute(f"EXPLAIN QUERY PLAN {statement[0]}", statement[1]).fetchall()
        return "\n".join(str(row[3]) for row in rows)
    assert isinstance(engine, PostgresEngine)
    async with engine.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {statement[0]}", *statement[1]))


def _read_whole(plan: str) -> list[str]:
    """Tables a plan reads from end to end, or an account's whole part of them."""
    whole = re.findall(r"SCAN (?!CONSTANT|below|slice|\()(\S+)", plan) + re.findall(
        r"Seq Scan on (\S+)", plan
    )
    parts = re.findall(r"SEARCH (\S+) .*\(account_id=\?\)", plan)
    return whole + [part for part in parts if part not in ("accounts", "service_control_policies")]


@pytest.mark.parametrize("name", list(READS))
async def test_a_read_finds_its_rows_by_an_index(account: SqlStorage, name: str) -> None:
    for statement in await _sent(account, READS[name]):
        plan = await _plan(account, statement)
        assert not _read_whole(plan), f"{statement[0]}\n{plan}"


@pytest.mark.parametrize("name", list(WRITES))
async def test_a_write_finds_its_rows_by_an_index(account: SqlStorage, name: str) -> None:
    for statement in await _sent(account, WRITES[name]):
        if "unnest" in statement[0]:
            continue  # a whole batch: its rows come from the request
        plan = await _plan(account, statement)
        assert not _read_whole(plan), f"{statement[0]}\n{plan}"


@pytest.mark.parametrize("name", list(PAGES))
async def test_a_page_is_read_in_the_order_of_an_index(account: SqlStorage, name: str) -> None:
    for statement in await _sent(account, PAGES[name]):
        plan = await _plan(account, statement)
        assert not _read_whole(plan), f"{statement[0]}\n{plan}"
        if isinstance(account.engine, SqliteEngine):
            assert "TEMP B-TREE" not in plan, f"{statement[0]}\n{plan}"


@pytest.mark.parametrize(("few", "index"), [(10, "users_by_path"), (1, "name_key")])
async def test_users_below_a_path_are_found_by_path_when_few_and_by_name_when_many(
    account: SqlStorage, monkeypatch: pytest.MonkeyPatch, few: int, index: str
) -> None:
    for number in range(3):
        await account.users.create_user(make_user(f"x{number}", path="/team/"))
    await account.users.create_user(make_user("x", path="/team/", account_id=OTHER_ACCOUNT_ID))
    monkeypatch.setattr(users_module, "_FEW", few)
    found: list[list[str]] = []

    async def page(storage: SqlStorage) -> None:
        users = await storage.users.list_users(ACCOUNT_ID, path_prefix="/team/", page=Page("alice", 2))
        found.append([user.user_name for user in users])

    *_, listing = await _sent(account, page)
    assert found == [["x0", "x1"]]
    plan = await _plan(account, listing)
    assert not _read_whole(plan)
    if isinstance(account.engine, SqliteEngine):
        assert ("users_by_path" in plan) is (index == "users_by_path")
        assert ("TEMP B-TREE" in plan) is (index == "users_by_path")


async def test_a_missing_index_would_be_seen(account: SqlStorage) -> None:
    plan = await _plan(account, ("SELECT user_id FROM users WHERE created_at = $1", (NOW,)))
    assert _read_whole(plan) == ["users"]
    if isinstance(account.engine, SqliteEngine):
        statement = "SELECT user_id FROM users WHERE account_id = $1 AND created_at = $2"
        assert _read_whole(await _plan(account, (statement, (ACCOUNT_ID, NOW)))) == ["users"]
