"""One principal with everything that decides about it: whole, of one moment, in one statement, found by indexes."""

import re

import apsw
import pytest

from daypass.server.adapters.sql.postgres_engine import PostgresEngine
from daypass.server.adapters.sql.principals import _LOAD
from daypass.server.adapters.sql.sql_storage import SqlStorage
from daypass.server.adapters.sql.sqlite_engine import SqliteEngine
from daypass.server.domain.account import InlinePolicy
from daypass.server.domain.account_settings import ServiceControlPolicy
from daypass.server.domain.session import PrincipalKind
from daypass.server.ports.principal_storage import InlineText, ManagedText, PrincipalRecord
from support.storage_records import (
    ACCOUNT,
    ACCOUNT_ID,
    NOW,
    OTHER_ACCOUNT_ID,
    make_group,
    make_login_session,
    make_policy,
    make_redemption,
    make_role,
    make_user,
)

SHIPPED = "arn:aws:iam::aws:policy/AdministratorAccess"
LISTS, WRITES, EDGE = make_policy("Lists"), make_policy("Writes"), make_policy("Edge")
ALICE = make_user("Alice", path="/team/", tags=(("team", "blü"),), permissions_boundary=EDGE.arn)
BOB = make_user("bob")
READER = make_role("Reader", tags=(("a", "b"),), permissions_boundary=SHIPPED)
READERS, WRITERS = make_group("Readers"), make_group("Writers")


@pytest.fixture
async def account(storage: SqlStorage) -> SqlStorage:
    """Alice is in two groups, each with a policy of either kind; every principal has both kinds of its own."""
    for policy in (LISTS, WRITES, EDGE):
        await storage.policies.create_policy(policy)
    for user in (ALICE, BOB):
        await storage.users.create_user(user)
    await storage.roles.create_role(READER)
    for group in (WRITERS, READERS):
        await storage.groups.create_group(group)
        await storage.groups.add_member(ACCOUNT_ID, group.group_id, ALICE.user_id)
    ids = (ALICE.user_id, BOB.user_id, READER.role_id, READERS.group_id, WRITERS.group_id)
    for principal_id in ids:
        await storage.policies.attach_policy(ACCOUNT_ID, principal_id, LISTS.arn)
        await storage.inline_policies.put_inline_policy(
            ACCOUNT_ID, InlinePolicy(principal_id, "Own", f"{{{principal_id}}}")
        )
    for principal_id, arn in ((ALICE.user_id, SHIPPED), (READERS.group_id, WRITES.arn)):
        await storage.policies.attach_policy(ACCOUNT_ID, principal_id, arn)
    for account_id in (ACCOUNT_ID, OTHER_ACCOUNT_ID):
        await storage.account_settings.put_service_control_policy(
            ServiceControlPolicy(account_id, "Ceiling", f"{{{account_id}}}", NOW)
        )
    revision = await storage.accounts.load_revision(ACCOUNT_ID)
    principals = {"alice": ALICE.user_id, "reader": f"{READER.role_id}:ada", "root": ACCOUNT_ID}
    for name, principal_id in principals.items():
        for word in ("early", "late", "live"):
            full = f"{name}-{word}"
            session = make_login_session(full, principal_id=principal_id)
            redemption = make_redemption(full, session=session, expected_revision=revision)
            assert (await storage.login_sessions.redeem(redemption)).outcome == "redeemed"
    for name in principals:
        await storage.login_sessions.revoke_login_session(f"login-{name}-early", now=NOW - 1)
        await storage.login_sessions.revoke_login_session(f"login-{name}-late", now=NOW)
    return storage


async def _load(storage: SqlStorage, kind: PrincipalKind, principal_id: str) -> PrincipalRecord | None:
    revision, record = await storage.principals.load_principal(
        ACCOUNT_ID, kind, principal_id, revoked_since=NOW
    )
    assert revision == await storage.accounts.load_revision(ACCOUNT_ID)
    return record


CEILING = (InlineText("Ceiling", f"{{{ACCOUNT_ID}}}"),)


async def test_a_user_comes_with_its_groups_policies(account: SqlStorage) -> None:
    assert await _load(account, "user", ALICE.user_id) == PrincipalRecord(
        name="Alice",
        path="/team/",
        credentials_epoch=0,
        tags=ALICE.tags,
        boundary=ManagedText(EDGE.arn, EDGE.document),
        managed=(
            ManagedText(LISTS.arn, LISTS.document),
            ManagedText(WRITES.arn, WRITES.document),
            ManagedText(SHIPPED, None),
        ),
        inline=(
            InlineText("Own", f"{{{ALICE.user_id}}}"),
            InlineText("Own", f"{{{READERS.group_id}}}", "Readers"),
            InlineText("Own", f"{{{WRITERS.group_id}}}", "Writers"),
        ),
        service_control_policies=CEILING,
        ended_login_ids=frozenset({"login-alice-late"}),
    )


async def test_a_role_comes_with_the_ended_logins_of_all_its_sessions(account: SqlStorage) -> None:
    assert await _load(account, "role", READER.role_id) == PrincipalRecord(
        name="Reader",
        path="/",
        credentials_epoch=0,
        tags=READER.tags,
        boundary=ManagedText(SHIPPED, None),
        managed=(ManagedText(LISTS.arn, LISTS.document),),
        inline=(InlineText("Own", f"{{{READER.role_id}}}"),),
        service_control_policies=CEILING,
        ended_login_ids=frozenset({"login-reader-late"}),
    )


async def test_root_comes_with_its_ceiling_and_nothing_that_would_be_asked(account: SqlStorage) -> None:
    assert await _load(account, "root", ACCOUNT_ID) == PrincipalRecord(
        name="",
        path="/",
        credentials_epoch=ACCOUNT.root_credentials_epoch,
        tags=(),
        boundary=None,
        managed=(),
        inline=(),
        service_control_policies=CEILING,
        ended_login_ids=frozenset({"login-root-late"}),
    )


async def test_who_has_nothing_comes_with_nothing(storage: SqlStorage) -> None:
    await storage.users.create_user(BOB)
    record = await _load(storage, "user", BOB.user_id)
    assert record == PrincipalRecord("bob", "/", 0, (), None, (), (), (), frozenset())


@pytest.mark.parametrize(
    ("kind", "principal_id"),
    [("user", "AIDANOBODY"), ("role", ALICE.user_id), ("user", READER.role_id), ("root", OTHER_ACCOUNT_ID)],
)
async def test_who_is_not_there_is_none_at_the_accounts_revision(
    account: SqlStorage, kind: PrincipalKind, principal_id: str
) -> None:
    assert await _load(account, kind, principal_id) is None


async def test_an_account_that_is_not_there_has_no_revision(account: SqlStorage) -> None:
    for account_id, principal_id in (("000000000000", "000000000000"), ("000000000000", ALICE.user_id)):
        found = await account.principals.load_principal(account_id, "user", principal_id, revoked_since=0)
        assert found == (-1, None)


@pytest.mark.parametrize("kind", ["root", "user", "role"])
async def test_a_principal_is_one_statement_that_searches_indexes_only(
    account: SqlStorage, kind: PrincipalKind
) -> None:
    principal_id = {"root": ACCOUNT_ID, "user": ALICE.user_id, "role": READER.role_id}[kind]
    engine = account.engine
    statements: list[str] = []
    if isinstance(engine, PostgresEngine):
        async with engine.pool.acquire() as connection:
            connection.add_query_logger(lambda entry: statements.append(entry.query))
        await _load_only(account, kind, principal_id)
        assert len(statements) == 1
        return
    assert isinstance(engine, SqliteEngine)

    def record(cursor: apsw.Cursor, statement: str, bindings: object) -> bool:
        statements.append(statement)
        return True

    engine.connection.exec_trace = record
    await _load_only(account, kind, principal_id)
    engine.connection.exec_trace = None
    assert len(statements) == 1
    plan = await engine.fetch_all(f"EXPLAIN QUERY PLAN {_LOAD[kind]}", ACCOUNT_ID, principal_id, NOW)
    steps = [str(row[3]) for row in plan]
    assert [step for step in steps if re.match("SEARCH", step)]
    assert not [step for step in steps if re.match("SCAN", step)]
    assert any("login_sessions_revoked" in step for step in steps)


async def _load_only(storage: SqlStorage, kind: PrincipalKind, principal_id: str) -> None:
    await storage.principals.load_principal(ACCOUNT_ID, kind, principal_id, revoked_since=NOW)
