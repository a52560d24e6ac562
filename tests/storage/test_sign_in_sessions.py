"""Identities signed in in browsers: the limit, replacement, rebinding, ending."""

from dataclasses import replace

from daypass.server.domain.session import SignInSession
from daypass.server.ports.storage import Storage
from support.storage_records import NOW, make_role_session, make_sign_in_session

HERE, THERE = b"b" * 32, b"c" * 32
LIMIT = 2


async def _create(storage: Storage, *sessions: SignInSession, now: int = NOW) -> list[bool]:
    create = storage.sign_in_sessions.create_sign_in_session
    return [await create(session, limit=LIMIT, now=now) for session in sessions]


async def _sessions(storage: Storage, browser_hash: bytes, now: int = NOW) -> list[SignInSession]:
    return list(await storage.sign_in_sessions.list_sign_in_sessions(browser_hash, now=now))


async def test_sign_in_sessions_of_one_browser_are_listed_whole_last_used_first(storage: Storage) -> None:
    one, two = make_sign_in_session("one"), make_sign_in_session("two", last_used_at=NOW + 1)
    elsewhere = make_sign_in_session("three", browser_hash=THERE)
    assert await _create(storage, one, two, elsewhere) == [True, True, True]
    assert await _sessions(storage, HERE) == [two, one]
    assert await _sessions(storage, THERE) == [elsewhere]
    assert await _sessions(storage, b"d" * 32) == []


async def test_when_a_second_factor_was_proven_is_kept(storage: Storage) -> None:
    session = make_sign_in_session("one", mfa_at=NOW - 5, role_session=make_role_session())
    assert await _create(storage, session) == [True]
    assert await _sessions(storage, HERE) == [session]
    assert await storage.sign_in_sessions.load_sign_in_session(session.session_id, now=NOW) == session


async def test_a_browser_holds_at_most_the_limit_of_live_identities(storage: Storage) -> None:
    one = make_sign_in_session("one", expires_at=NOW + 10)
    two, three = make_sign_in_session("two"), make_sign_in_session("three")
    assert await _create(storage, one, two, three) == [True, True, False]
    assert await _sessions(storage, HERE) == [one, two]
    assert await _create(storage, three, now=NOW + 10) == [True]
    assert {session.session_id for session in await _sessions(storage, HERE, NOW + 10)} == {
        two.session_id,
        three.session_id,
    }


async def test_the_same_identity_is_replaced_in_its_browser_only(storage: Storage) -> None:
    one, two = make_sign_in_session("one"), make_sign_in_session("two")
    elsewhere = replace(one, session_id="sign-in-elsewhere", browser_hash=THERE)
    again = replace(one, session_id="sign-in-again", authenticated_at=NOW + 5)
    assert await _create(storage, one, two, elsewhere, again) == [True] * 4
    assert await _sessions(storage, HERE) == [again, two]
    assert await _sessions(storage, THERE) == [elsewhere]


async def test_an_expired_sign_in_session_is_not_listed(storage: Storage) -> None:
    one = make_sign_in_session("one")
    await _create(storage, one)
    assert await _sessions(storage, HERE, one.expires_at - 1) == [one]
    assert await _sessions(storage, HERE, one.expires_at) == []


async def test_a_live_sign_in_session_is_loaded_by_its_id_whatever_its_browser(storage: Storage) -> None:
    one = make_sign_in_session("one", browser_hash=THERE, role_session=make_role_session())
    await _create(storage, one, make_sign_in_session("two"))
    load = storage.sign_in_sessions.load_sign_in_session
    assert await load(one.session_id, now=one.expires_at - 1) == one
    assert await load(one.session_id, now=one.expires_at) is None
    assert await load("sign-in-nobody", now=NOW) is None


async def test_a_role_session_is_listed_whole_and_replaces_the_one_of_the_same_name(storage: Storage) -> None:
    one = make_sign_in_session("one", role_session=make_role_session())
    again = replace(one, session_id="sign-in-again", role_session=make_role_session(tags=(), identity=None))
    await _create(storage, one)
    assert await _sessions(storage, HERE) == [one]
    await _create(storage, again)
    assert await _sessions(storage, HERE) == [again]


async def test_touching_a_sign_in_session_moves_that_one_to_the_front(storage: Storage) -> None:
    one, two = make_sign_in_session("one"), make_sign_in_session("two", last_used_at=NOW + 1)
    await _create(storage, one, two)
    await storage.sign_in_sessions.touch_sign_in_session(one.session_id, now=NOW + 2)
    assert await _sessions(storage, HERE) == [replace(one, last_used_at=NOW + 2), two]


async def test_rebinding_moves_the_sessions_of_one_browser(storage: Storage) -> None:
    one, elsewhere = make_sign_in_session("one"), make_sign_in_session("two", browser_hash=THERE)
    await _create(storage, one, elsewhere)
    await storage.sign_in_sessions.rebind_browser(HERE, b"n" * 32)
    assert await _sessions(storage, HERE) == []
    assert await _sessions(storage, b"n" * 32) == [replace(one, browser_hash=b"n" * 32)]
    assert await _sessions(storage, THERE) == [elsewhere]


async def test_ending_one_sign_in_session_needs_its_own_browser(storage: Storage) -> None:
    one, two = make_sign_in_session("one"), make_sign_in_session("two")
    elsewhere = make_sign_in_session("three", browser_hash=THERE)
    await _create(storage, one, two, elsewhere)
    end = storage.sign_in_sessions.end_sign_in_sessions
    assert await end(HERE, session_id=elsewhere.session_id) == 0
    assert await end(HERE, session_id=one.session_id) == 1
    assert await _sessions(storage, HERE) == [two]
    assert await _sessions(storage, THERE) == [elsewhere]


async def test_ending_all_sign_in_sessions_ends_those_of_one_browser(storage: Storage) -> None:
    one, two = make_sign_in_session("one"), make_sign_in_session("two")
    elsewhere = make_sign_in_session("three", browser_hash=THERE)
    await _create(storage, one, two, elsewhere)
    assert await storage.sign_in_sessions.end_sign_in_sessions(HERE, session_id=None) == 2
    assert await _sessions(storage, HERE) == []
    assert await _sessions(storage, THERE) == [elsewhere]
