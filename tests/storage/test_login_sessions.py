"""Listing and revoking login sessions."""

import asyncio

import pytest
from msgspec.structs import replace

from daypass.server.domain.role_owner import RoleOwner
from daypass.server.domain.role_session import RoleSession
from daypass.server.domain.session import LoginSession
from daypass.server.domain.session_scope import SessionScope
from daypass.server.ports.login_session_storage import ScopedBeginning
from daypass.server.ports.storage import Redemption, Rotation, Storage
from support.storage_records import (
    ACCOUNT_ID,
    NOW,
    OTHER_ACCOUNT_ID,
    PROVIDER_ARN,
    make_login_session,
    make_proof,
    make_redemption,
    make_role_session,
    make_rotation,
)


async def _begin(storage: Storage, *sessions: LoginSession) -> None:
    for session in sessions:
        name = session.session_id.removeprefix("login-")
        await storage.login_sessions.redeem(make_redemption(name, session=session))


async def _derive(
    storage: Storage, parent_id: str, child: LoginSession, *, limit: int = 20, now: int = NOW
) -> ScopedBeginning:
    return await storage.login_sessions.begin_scoped_session(parent_id, child, limit=limit, now=now)


async def test_live_login_sessions_of_one_principal_are_listed_newest_first(storage: Storage) -> None:
    old, new = make_login_session("old"), make_login_session("new", created_at=NOW + 1)
    ended = make_login_session("ended", ends_at=NOW + 10)
    revoked = make_login_session("revoked")
    somebody = make_login_session("somebody", principal_id="AIDASOMEBODY")
    namesake = make_login_session("namesake", account_id=OTHER_ACCOUNT_ID)
    await _begin(storage, old, new, ended, revoked, somebody, namesake)
    await storage.login_sessions.revoke_login_session("login-revoked", now=NOW)
    listed = await storage.login_sessions.list_login_sessions(ACCOUNT_ID, old.principal_id, now=NOW + 10)
    assert listed == [new, old]


async def test_an_accounts_live_logins_are_listed_in_slices_grouped_by_principal(storage: Storage) -> None:
    one, two = make_login_session("one"), make_login_session("two")
    somebody = make_login_session("a-third", principal_id="AIDASOMEBODY")
    ended, revoked = make_login_session("ended", ends_at=NOW + 10), make_login_session("revoked")
    namesake = make_login_session("namesake", account_id=OTHER_ACCOUNT_ID)
    await _begin(storage, one, two, somebody, ended, revoked, namesake)
    await storage.login_sessions.revoke_login_session("login-revoked", now=NOW)
    listed: list[LoginSession] = []
    after = ("", "")
    while slice_ := await storage.login_sessions.list_logins_of_account(
        ACCOUNT_ID, after=after, limit=2, now=NOW + 10
    ):
        listed += slice_
        after = (slice_[-1].principal_id, slice_[-1].session_id)
    assert listed == [one, two, somebody]


async def test_revoking_ends_one_login_session_once(storage: Storage) -> None:
    one, two = make_login_session("one"), make_login_session("two")
    await _begin(storage, one, two)
    assert await storage.login_sessions.revoke_login_session("login-one", now=NOW + 5) is True
    assert await storage.login_sessions.revoke_login_session("login-one", now=NOW + 6) is False
    assert await storage.login_sessions.revoke_login_session("login-nobody", now=NOW + 6) is False
    assert await storage.login_sessions.load_login_session("login-one") == replace(one, revoked_at=NOW + 5)
    assert await storage.login_sessions.load_login_session("login-two") == two


async def _ended(storage: Storage, principal_id: str, *, since: int = NOW) -> frozenset[str]:
    return await storage.login_sessions.list_ended_login_ids(ACCOUNT_ID, principal_id, revoked_since=since)


async def test_a_revoked_login_is_seen_by_everybody_who_asks_about_its_principal(storage: Storage) -> None:
    one, two = make_login_session("one"), make_login_session("two")
    await _begin(storage, one, two, make_login_session("somebody", principal_id="AIDASOMEBODY"))
    await storage.login_sessions.revoke_login_session("login-one", now=NOW + 5)
    assert await storage.accounts.load_revision(ACCOUNT_ID) == 1
    assert await storage.accounts.load_revision(OTHER_ACCOUNT_ID) == 0
    for name in ("login-one", "login-nobody"):
        await storage.login_sessions.revoke_login_session(name, now=NOW + 6)
    assert await storage.accounts.load_revision(ACCOUNT_ID) == 1, "there was nothing left to end"
    assert await _ended(storage, one.principal_id) == {"login-one"}
    assert await _ended(storage, one.principal_id, since=NOW + 5) == {"login-one"}
    assert await _ended(storage, one.principal_id, since=NOW + 6) == frozenset()
    assert await _ended(storage, "AIDASOMEBODY") == frozenset()
    assert (
        await storage.login_sessions.list_ended_login_ids(OTHER_ACCOUNT_ID, one.principal_id, revoked_since=0)
        == frozenset()
    )


async def test_the_ended_logins_of_a_role_are_those_of_all_its_sessions(storage: Storage) -> None:
    ids = ("AROAREADER:ada", "AROAREADER:bob", "AROAREADERS:ada", "AROAREADER")
    sessions = [make_login_session(f"{n}", principal_id=each) for n, each in enumerate(ids)]
    await _begin(storage, *sessions)
    for session in sessions:
        await storage.login_sessions.revoke_login_session(session.session_id, now=NOW)
    assert await _ended(storage, "AROAREADER") == {"login-0", "login-1", "login-3"}
    assert await _ended(storage, "AROAREADER:ada") == {"login-0"}


SCOPE = SessionScope("agent", b"packed", ("arn:aws:iam::aws:policy/ReadOnlyAccess",))


async def test_a_scope_and_a_second_factor_go_along_through_redemption_and_rotation(storage: Storage) -> None:
    one = make_login_session("one", scope=SCOPE, mfa_at=NOW - 3)
    both = make_login_session("both", scope=SCOPE, mfa_at=NOW - 3, role_session=make_role_session())
    await _begin(storage, one, both)
    for session in (one, both):
        assert await storage.login_sessions.load_login_session(session.session_id) == session
        rotated = replace(session, generation=1, rotated_at=NOW + 60, sealed_by="key-2")
        rotation = make_rotation(session.session_id.removeprefix("login-"))
        assert await storage.login_sessions.rotate(rotation) == Rotation("rotated", rotated)


async def test_a_derived_login_begins_while_its_parent_lives_and_is_whole(storage: Storage) -> None:
    parent, ended = make_login_session("parent"), make_login_session("ended", ends_at=NOW + 5)
    await _begin(storage, parent, ended, make_login_session("revoked"))
    await storage.login_sessions.revoke_login_session("login-revoked", now=NOW)
    begin = storage.login_sessions.begin_scoped_session
    child = make_login_session("child", scope=SCOPE)
    for parent_id in ("login-revoked", "login-ended", "login-nobody"):
        assert await begin(parent_id, child, limit=9, now=NOW + 5) == "ended"
    assert await storage.login_sessions.load_login_session("login-child") is None
    assert await begin("login-parent", child, limit=9, now=NOW + 5) == "begun"
    assert await storage.login_sessions.load_login_session("login-child") == child
    grandchild = make_login_session("grandchild", scope=SCOPE)
    assert await begin("login-child", grandchild, limit=9, now=NOW + 5) == "ended", "scopes do not nest"
    federated = make_login_session("federated", scope=SCOPE, role_session=make_role_session())
    assert await begin("login-parent", federated, limit=9, now=NOW + 5) == "begun"
    ended_count = await storage.federation.end_federated_sessions(
        PROVIDER_ARN, subject="ada", idp_session="", now=NOW + 6
    )
    assert ended_count == 1


async def test_a_derived_login_ends_alone_or_with_its_parent(storage: Storage) -> None:
    await _begin(storage, make_login_session("parent"), make_login_session("bystander"))
    for name in ("one", "two", "three"):
        child = make_login_session(name, scope=SCOPE)
        assert await _derive(storage, "login-parent", child) == "begun"
    assert await storage.login_sessions.revoke_login_session("login-one", now=NOW + 1) is True
    principal_id = make_login_session().principal_id
    assert await _ended(storage, principal_id) == {"login-one"}
    assert await storage.login_sessions.revoke_login_session("login-parent", now=NOW + 2) is True
    assert await _ended(storage, principal_id, since=NOW + 2) == {"login-parent", "login-two", "login-three"}
    assert await storage.login_sessions.load_login_session("login-bystander") == make_login_session(
        "bystander"
    )


async def test_a_replayed_code_ends_what_was_derived_too(storage: Storage) -> None:
    await _begin(storage, make_login_session("one"))
    child = make_login_session("child", scope=SCOPE)
    await _derive(storage, "login-one", child)
    thief = make_redemption(proof=make_proof("thief"))
    assert (await storage.login_sessions.redeem(thief)).outcome == "replayed"
    assert await _ended(storage, child.principal_id) == {"login-one", "login-child"}


async def test_no_derived_login_survives_a_revocation_at_the_same_moment(storage: Storage) -> None:
    names = [f"{number}" for number in range(20)]
    await _begin(storage, make_login_session("parent"))
    children = [make_login_session(name, scope=SCOPE) for name in names]
    results = await asyncio.gather(
        *(_derive(storage, "login-parent", child) for child in children[:10]),
        storage.login_sessions.revoke_login_session("login-parent", now=NOW + 1),
        *(_derive(storage, "login-parent", child) for child in children[10:]),
    )
    assert results[10] is True
    listed = await storage.login_sessions.list_login_sessions(ACCOUNT_ID, children[0].principal_id, now=NOW)
    assert listed == []


async def test_rotations_and_revocations_of_one_family_never_wait_in_a_circle(storage: Storage) -> None:
    names = [f"{number:02}" for number in range(16)]
    await _begin(storage, make_login_session("08"))
    for name in names:
        if name != "08":
            child = make_login_session(name, scope=SCOPE)
            assert await _derive(storage, "login-08", child) == "begun"
    results = await asyncio.gather(
        *(storage.login_sessions.rotate(make_rotation(name)) for name in reversed(names)),
        *(storage.login_sessions.revoke_login_session("login-08", now=NOW + 1) for _ in range(4)),
    )
    assert results[len(names) :].count(True) == 1


async def test_an_unknown_login_session_is_none(storage: Storage) -> None:
    assert await storage.login_sessions.load_login_session("login-nobody") is None


@pytest.mark.parametrize("role_session", [make_role_session(), make_role_session(tags=(), identity=None)])
async def test_a_role_session_goes_along_through_redemption_repetition_and_rotation(
    storage: Storage, role_session: RoleSession
) -> None:
    one = make_login_session("one", role_session=role_session)
    sessions, redemption = storage.login_sessions, make_redemption("one", session=one)
    assert await sessions.redeem(redemption) == Redemption("redeemed", one)
    assert await sessions.redeem(redemption) == Redemption("repeated", one)
    assert await sessions.load_login_session(one.session_id) == one
    rotated = replace(one, generation=1, rotated_at=NOW + 60, sealed_by="key-2")
    results = await asyncio.gather(
        *(sessions.rotate(make_rotation("one", proof=make_proof(str(index)))) for index in range(2))
    )
    assert sorted(result.outcome for result in results) == ["rotated", "superseded"]
    assert [result.session for result in results] == [rotated, rotated]
    assert await sessions.list_login_sessions(ACCOUNT_ID, one.principal_id, now=NOW) == [rotated]


async def test_redemptions_with_and_without_a_provider_share_a_batch(storage: Storage) -> None:
    names = [str(index) for index in range(12)]
    wanted = [
        make_login_session(name, role_session=make_role_session() if int(name) % 3 == 0 else None)
        for name in names
    ]
    redemptions = [
        make_redemption(name, session=session) for name, session in zip(names, wanted, strict=True)
    ]
    results = await asyncio.gather(*map(storage.login_sessions.redeem, redemptions))
    assert results == [Redemption("redeemed", session) for session in wanted]
    loaded = [await storage.login_sessions.load_login_session(session.session_id) for session in wanted]
    assert loaded == wanted


async def test_a_login_has_no_more_live_derived_ones_than_the_limit(storage: Storage) -> None:
    await _begin(storage, make_login_session("parent"), make_login_session("other"))
    short = make_login_session("short", scope=SCOPE, ends_at=NOW + 10)
    assert await _derive(storage, "login-parent", short, limit=2) == "begun"
    assert await _derive(storage, "login-parent", make_login_session("two", scope=SCOPE), limit=2) == "begun"
    third = make_login_session("three", scope=SCOPE)
    assert await _derive(storage, "login-parent", third, limit=2) == "full"
    assert await storage.login_sessions.load_login_session("login-three") is None
    assert await _derive(storage, "login-other", make_login_session("four", scope=SCOPE), limit=2) == "begun"
    assert await _derive(storage, "login-parent", third, limit=2, now=NOW + 10) == "begun", "one is over"
    await storage.login_sessions.revoke_login_session("login-two", now=NOW + 10)
    fifth = make_login_session("five", scope=SCOPE)
    assert await _derive(storage, "login-parent", fifth, limit=2, now=NOW + 10) == "begun", "one was revoked"


async def test_of_many_derived_logins_at_once_only_the_limit_begin(storage: Storage) -> None:
    await _begin(storage, make_login_session("parent"))
    children = [make_login_session(f"{number}", scope=SCOPE) for number in range(20)]
    found = await asyncio.gather(*(_derive(storage, "login-parent", child, limit=5) for child in children))
    assert (found.count("begun"), found.count("full")) == (5, 15)


OWNED = RoleSession(
    f"arn:aws:iam::{ACCOUNT_ID}:role/Reader", owner=RoleOwner(OTHER_ACCOUNT_ID, "AIDA000000000000ALICE", 4)
)


async def test_logins_of_roles_a_user_took_are_listed_for_that_user_whatever_the_account(
    storage: Storage,
) -> None:
    """They share a batch with others."""
    taken = make_login_session("taken", principal_kind="role", principal_id="AROA1:a", role_session=OWNED)
    newer = replace(taken, session_id="login-newer", created_at=NOW + 1)
    revoked = replace(taken, session_id="login-revoked")
    ended = replace(taken, session_id="login-ended", ends_at=NOW + 5)
    unbound = RoleSession(OWNED.role_arn, owner=RoleOwner(OTHER_ACCOUNT_ID, "AIDA000000000000ALICE"))
    assumed = replace(taken, session_id="login-assumed", role_session=unbound)
    plain = make_login_session("plain")
    await asyncio.gather(*(_begin(storage, each) for each in (taken, newer, revoked, ended, assumed, plain)))
    await storage.login_sessions.revoke_login_session("login-revoked", now=NOW)
    listed = storage.login_sessions.list_role_logins_taken
    assert await listed(OTHER_ACCOUNT_ID, "AIDA000000000000ALICE", now=NOW + 5) == [newer, taken]
    assert await listed(ACCOUNT_ID, "AIDA000000000000ALICE", now=NOW + 5) == []
    child = make_login_session("child", scope=SCOPE, role_session=OWNED)
    assert await _derive(storage, "login-taken", child) == "begun"
    assert len(await listed(OTHER_ACCOUNT_ID, "AIDA000000000000ALICE", now=NOW + 5)) == 3
    rotated = await storage.login_sessions.rotate(make_rotation("taken", expected_revision=1))
    assert rotated.session is not None
    assert rotated.session.role_session == OWNED
