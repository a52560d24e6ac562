"""Identities signed in in browsers: the limit, replacement, the browser's new secret, ending."""

import asyncio
from dataclasses import replace

import pytest

from daypass.errors import StorageError
from daypass.server.adapters.sql import open_storage
from daypass.server.domain.role_owner import RoleOwner
from daypass.server.domain.role_session import RoleSession
from daypass.server.domain.session import SignInSession
from daypass.server.ports.sign_in_session_storage import UseOnce
from daypass.server.ports.storage import Storage
from support.storage_records import (
    ACCOUNT_ID,
    NOW,
    OTHER_ACCOUNT_ID,
    make_event,
    make_role_session,
    make_sign_in_session,
)

HERE, THERE, NEW = b"b" * 32, b"c" * 32, b"n" * 32
LIMIT = 2


async def _create(storage: Storage, *sessions: SignInSession, now: int = NOW) -> list[bool]:
    """Each in its browser, whose secret stays."""
    place = storage.sign_in_sessions.place_sign_in_session
    return [
        await place(session, old_browser=session.browser_hash, limit=LIMIT, now=now) == "placed"
        for session in sessions
    ]


async def _place(storage: Storage, session: SignInSession) -> bool:
    """In the browser that was HERE."""
    return (
        await storage.sign_in_sessions.place_sign_in_session(session, old_browser=HERE, limit=LIMIT, now=NOW)
        == "placed"
    )


async def _sessions(storage: Storage, browser_hash: bytes, now: int = NOW) -> list[SignInSession]:
    return list(await storage.sign_in_sessions.list_sign_in_sessions(browser_hash, now=now))


async def test_sign_in_sessions_of_one_browser_are_listed_whole_last_used_first(storage: Storage) -> None:
    one, two = make_sign_in_session("one"), make_sign_in_session("two", last_used_at=NOW + 1)
    elsewhere = make_sign_in_session("three", browser_hash=THERE)
    assert await _create(storage, one, two, elsewhere) == [True, True, True]
    assert await _sessions(storage, HERE) == [two, one]
    assert await _sessions(storage, THERE) == [elsewhere]
    assert await _sessions(storage, b"d" * 32) == []


async def test_an_accounts_live_sessions_are_listed_in_slices_grouped_by_principal(storage: Storage) -> None:
    one = make_sign_in_session("one")
    again = make_sign_in_session("one", session_id="sign-in-a", browser_hash=THERE)
    alpha = make_sign_in_session("alpha")
    ended = make_sign_in_session("ended", expires_at=NOW + 10, browser_hash=NEW)
    assert await _create(storage, one, again, alpha, ended) == [True] * 4
    listed: list[SignInSession] = []
    after = ("", "")
    while slice_ := await storage.sign_in_sessions.list_sessions_of_account(
        one.account_id, after=after, limit=1, now=NOW + 10
    ):
        listed += slice_
        after = (slice_[-1].principal_id, slice_[-1].session_id)
    assert listed == [again, one, alpha]
    assert not await storage.sign_in_sessions.list_sessions_of_account(
        "444455556666", after=("", ""), limit=9, now=NOW
    )


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


async def test_a_new_session_takes_those_of_its_browser_along_to_the_new_secret(storage: Storage) -> None:
    one, elsewhere = make_sign_in_session("one"), make_sign_in_session("two", browser_hash=THERE)
    await _create(storage, one, elsewhere)
    added = make_sign_in_session("three", browser_hash=NEW, last_used_at=NOW + 1)
    assert await _place(storage, added)
    assert await _sessions(storage, HERE) == []
    assert await _sessions(storage, NEW) == [added, replace(one, browser_hash=NEW)]
    assert await _sessions(storage, THERE) == [elsewhere]


async def test_a_new_session_replaces_the_same_identity_under_the_old_secret(storage: Storage) -> None:
    one, two = make_sign_in_session("one"), make_sign_in_session("two")
    await _create(storage, one, two)
    again = replace(one, session_id="sign-in-again", browser_hash=NEW, last_used_at=NOW + 1)
    assert await _place(storage, again), "the limit counts other identities"
    assert await _sessions(storage, HERE) == []
    assert await _sessions(storage, NEW) == [again, replace(two, browser_hash=NEW)]


async def test_a_browser_that_is_full_keeps_its_secret_and_its_sessions(storage: Storage) -> None:
    one, two = make_sign_in_session("one"), make_sign_in_session("two")
    await _create(storage, one, two)
    assert not await _place(storage, make_sign_in_session("three", browser_hash=NEW))
    assert await _sessions(storage, HERE) == [one, two]
    assert await _sessions(storage, NEW) == []


async def test_a_placement_that_fails_at_its_last_statement_leaves_the_browser_as_it_was(
    storage: Storage,
) -> None:
    one, elsewhere = make_sign_in_session("one"), make_sign_in_session("two", browser_hash=THERE)
    await _create(storage, one, elsewhere)
    taken = replace(make_sign_in_session("three", browser_hash=NEW), session_id=elsewhere.session_id)
    with pytest.raises(StorageError):
        await _place(storage, taken)
    assert await _sessions(storage, HERE) == [one]
    assert await _sessions(storage, NEW) == []


TICKET = UseOnce(b"t" * 16, NOW + 300)


async def _place_with(
    storage: Storage, session: SignInSession, *, once: UseOnce = TICKET, old_browser: bytes = HERE
) -> str:
    """With a ticket, and a row that says so."""
    return await storage.sign_in_sessions.place_sign_in_session(
        session,
        old_browser=old_browser,
        limit=LIMIT,
        now=NOW,
        audit=make_event(event_id=f"event of {session.session_id}"),
        once=once,
    )


async def _events(storage: Storage) -> list[str]:
    return [event.event_id for event in await storage.audit.list_events(account_id=None, since=0, limit=99)]


async def test_a_ticket_is_used_up_and_written_down_with_the_session_it_begins(storage: Storage) -> None:
    one = make_sign_in_session("one", browser_hash=NEW)
    assert await _place_with(storage, one) == "placed"
    assert await _sessions(storage, NEW) == [one]
    assert await _events(storage) == ["event of sign-in-one"]
    two = make_sign_in_session("two", browser_hash=THERE)
    assert await _place_with(storage, two, old_browser=THERE) == "used"
    assert await _sessions(storage, THERE) == []
    assert await _events(storage) == ["event of sign-in-one"]
    assert not await storage.federation.use_once(TICKET.key, now=NOW, expires_at=NOW + 300)


async def test_a_browser_that_is_full_spends_no_ticket_and_writes_nothing(storage: Storage) -> None:
    await _create(storage, make_sign_in_session("one"), make_sign_in_session("two"))
    assert await _place_with(storage, make_sign_in_session("three", browser_hash=NEW)) == "full"
    assert await _events(storage) == []
    assert await storage.federation.use_once(TICKET.key, now=NOW, expires_at=NOW + 300)


async def test_a_placement_that_fails_spends_no_ticket_either(storage: Storage) -> None:
    elsewhere = make_sign_in_session("two", browser_hash=THERE)
    await _create(storage, elsewhere)
    taken = replace(make_sign_in_session("three", browser_hash=NEW), session_id=elsewhere.session_id)
    with pytest.raises(StorageError):
        await _place_with(storage, taken)
    assert await _events(storage) == []
    assert await storage.federation.use_once(TICKET.key, now=NOW, expires_at=NOW + 300)


async def test_one_ticket_in_many_browsers_at_once_begins_one_session(
    shared_storage: Storage, shared_url: str
) -> None:
    other = await open_storage(shared_url)
    browsers = [bytes([65 + number]) * 32 for number in range(8)]
    found = await asyncio.gather(
        *(
            _place_with(
                storage, make_sign_in_session(f"p{number}", browser_hash=browser), old_browser=browser
            )
            for number, (storage, browser) in enumerate(
                zip([shared_storage, other] * 4, browsers, strict=True)
            )
        )
    )
    await other.close()
    assert (found.count("placed"), found.count("used")) == (1, 7)
    assert sum([len(await _sessions(shared_storage, browser)) for browser in browsers]) == 1
    assert len(await _events(shared_storage)) == 1


async def test_of_many_parallel_sign_ins_in_one_browser_only_the_limit_finds_a_place(
    shared_storage: Storage, shared_url: str
) -> None:
    other = await open_storage(shared_url)
    placed = await asyncio.gather(
        *(
            storage.sign_in_sessions.place_sign_in_session(
                make_sign_in_session(f"p{number}"), old_browser=HERE, limit=LIMIT, now=NOW
            )
            for number, storage in enumerate([shared_storage, other] * 8)
        )
    )
    await other.close()
    assert placed.count("placed") == LIMIT
    assert len(await _sessions(shared_storage, HERE)) == LIMIT


async def test_of_two_parallel_sign_ins_one_gets_what_the_browser_held_and_nothing_is_lost(
    shared_storage: Storage, shared_url: str
) -> None:
    one = make_sign_in_session("one")
    await _create(shared_storage, one)
    other = await open_storage(shared_url)
    secrets = [bytes([65 + number]) * 32 for number in range(8)]
    placed = await asyncio.gather(
        *(
            storage.sign_in_sessions.place_sign_in_session(
                make_sign_in_session(f"p{number}", browser_hash=secret),
                old_browser=HERE,
                limit=LIMIT,
                now=NOW,
            )
            for number, (storage, secret) in enumerate(zip([shared_storage, other] * 4, secrets, strict=True))
        )
    )
    await other.close()
    assert placed == ["placed"] * 8
    held = sorted([len(await _sessions(shared_storage, secret)) for secret in secrets])
    assert held == [1, 1, 1, 1, 1, 1, 1, 2]
    assert await _sessions(shared_storage, HERE) == []


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


OWNED = RoleSession(
    f"arn:aws:iam::{ACCOUNT_ID}:role/Reader", owner=RoleOwner(OTHER_ACCOUNT_ID, "AIDA0000000000000ALICE", 4)
)


async def _keep(storage: Storage, session: SignInSession) -> bool:
    return (
        await storage.sign_in_sessions.place_sign_in_session(
            session, old_browser=session.browser_hash, limit=5, now=NOW
        )
        == "placed"
    )


async def test_roles_a_user_took_are_listed_for_that_user_whatever_the_account(storage: Storage) -> None:
    taken = make_sign_in_session("taken", principal_kind="role", principal_id="AROA1:a", role_session=OWNED)
    later = replace(taken, session_id="later", browser_hash=b"c" * 32, last_used_at=NOW + 1)
    over = replace(taken, session_id="over", browser_hash=b"d" * 32, expires_at=NOW + 5)
    unbound = RoleSession(OWNED.role_arn, owner=RoleOwner(OTHER_ACCOUNT_ID, "AIDA0000000000000ALICE"))
    assumed = replace(taken, session_id="assumed", browser_hash=b"e" * 32, role_session=unbound)
    for session in (taken, later, over, assumed, make_sign_in_session("one")):
        assert await _keep(storage, session)
    listed = storage.sign_in_sessions.list_roles_taken
    assert await listed(OTHER_ACCOUNT_ID, "AIDA0000000000000ALICE", now=NOW + 5) == [later, taken]
    assert await listed(ACCOUNT_ID, "AIDA0000000000000ALICE", now=NOW + 5) == []


async def test_the_end_of_a_users_session_ends_the_roles_that_user_took_in_that_browser(
    storage: Storage,
) -> None:
    """And nobody else's."""
    base = make_sign_in_session("base", account_id=OTHER_ACCOUNT_ID, principal_id="AIDA0000000000000ALICE")
    taken = make_sign_in_session("taken", principal_kind="role", principal_id="AROA1:a", role_session=OWNED)
    other_owner = RoleOwner(ACCOUNT_ID, "AIDA0000000000000ALICE", 4)
    others = make_sign_in_session(
        "others",
        principal_kind="role",
        principal_id="AROA1:b",
        role_session=RoleSession("r", owner=other_owner),
    )
    elsewhere = replace(taken, session_id="elsewhere", browser_hash=b"c" * 32)
    for session in (base, taken, others, elsewhere):
        assert await _keep(storage, session)
    assert await storage.sign_in_sessions.end_session_of_principal(
        base.session_id, base.account_id, base.principal_id
    )
    assert await _sessions(storage, b"b" * 32) == [others]
    assert await _sessions(storage, b"c" * 32) == [elsewhere]
