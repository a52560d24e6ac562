"""Listing and revoking login sessions."""

from msgspec.structs import replace

from daypass.server.domain.session import LoginSession
from daypass.server.ports.storage import Storage
from support.storage_records import ACCOUNT_ID, NOW, OTHER_ACCOUNT_ID, make_login_session, make_redemption


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
