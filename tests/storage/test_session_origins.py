"""From where sessions began, and the sessions of one person wherever they are."""

from dataclasses import replace

from daypass.server.domain.session_origin import SessionOrigin
from daypass.server.ports.storage import Storage
from support.storage_records import NOW, make_sign_in_session

ORIGIN = SessionOrigin("one", "192.0.2.7", "Mozilla/5.0", NOW + 100)


async def test_an_origin_is_found_by_its_session(storage: Storage) -> None:
    await storage.session_origins.note_origin(ORIGIN)
    assert await storage.session_origins.load_origins(["one", "two"]) == {"one": ORIGIN}
    assert await storage.session_origins.load_origins([]) == {}


async def test_the_first_word_about_an_origin_counts(storage: Storage) -> None:
    await storage.session_origins.note_origin(ORIGIN)
    await storage.session_origins.note_origin(replace(ORIGIN, source_ip="198.51.100.1"))
    assert (await storage.session_origins.load_origins(["one"]))["one"].source_ip == "192.0.2.7"


async def test_origins_go_when_their_sessions_have_ended(storage: Storage) -> None:
    await storage.session_origins.note_origin(ORIGIN)
    await storage.purge_expired(now=NOW + 100)
    assert await storage.session_origins.load_origins(["one"]) != {}
    await storage.purge_expired(now=NOW + 100 + 3600)
    assert await storage.session_origins.load_origins(["one"]) == {}


async def test_a_persons_sessions_are_listed_in_every_browser(storage: Storage) -> None:
    here = make_sign_in_session("one")
    there = replace(here, session_id="elsewhere", browser_hash=b"c" * 32, last_used_at=NOW + 5)
    other = make_sign_in_session("two")
    place = storage.sign_in_sessions.place_sign_in_session
    for session in (here, there, other):
        assert await place(session, old_browser=session.browser_hash, limit=5, now=NOW) == "placed"
    listed = storage.sign_in_sessions.list_sessions_of_principal
    assert await listed(here.account_id, here.principal_id, now=NOW) == [there, here]
    assert await listed(here.account_id, here.principal_id, now=here.expires_at) == []
    assert await listed("999999999999", here.principal_id, now=NOW) == []


async def test_a_session_is_ended_by_its_person_only(storage: Storage) -> None:
    here = make_sign_in_session("one")
    placement = await storage.sign_in_sessions.place_sign_in_session(
        here, old_browser=here.browser_hash, limit=5, now=NOW
    )
    assert placement == "placed"
    end = storage.sign_in_sessions.end_session_of_principal
    assert not await end(here.session_id, here.account_id, "AIDAOTHEROTHEROTHEROT")
    assert not await end(here.session_id, "999999999999", here.principal_id)
    assert await end(here.session_id, here.account_id, here.principal_id)
    assert not await end(here.session_id, here.account_id, here.principal_id)
