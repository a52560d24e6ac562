"""Listing and revoking login sessions."""

import asyncio

import pytest
from msgspec.structs import replace

from daypass.server.domain.role_session import RoleSession
from daypass.server.domain.session import LoginSession
from daypass.server.ports.storage import Redemption, Storage
from support.storage_records import (
    ACCOUNT_ID,
    NOW,
    OTHER_ACCOUNT_ID,
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


async def test_revoking_ends_one_login_session_once(storage: Storage) -> None:
    one, two = make_login_session("one"), make_login_session("two")
    await _begin(storage, one, two)
    assert await storage.login_sessions.revoke_login_session("login-one", now=NOW + 5) is True
    assert await storage.login_sessions.revoke_login_session("login-one", now=NOW + 6) is False
    assert await storage.login_sessions.revoke_login_session("login-nobody", now=NOW + 6) is False
    assert await storage.login_sessions.load_login_session("login-one") == replace(one, revoked_at=NOW + 5)
    assert await storage.login_sessions.load_login_session("login-two") == two


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
