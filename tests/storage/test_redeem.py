"""Redeeming a code: used once, repeated by its own request only, revoking what a replay finds."""

import asyncio

import pytest
from msgspec.structs import replace

from daypass.errors import StorageError
from daypass.server.domain.session import LoginSession
from daypass.server.ports.storage import Redemption, Storage
from support.storage_records import (
    NOW,
    OTHER_ACCOUNT_ID,
    make_event,
    make_login_session,
    make_proof,
    make_redemption,
    make_user,
)

ONE = make_login_session("one")
ANOTHER = make_login_session("another")


async def _load(storage: Storage, name: str) -> LoginSession | None:
    return await storage.login_sessions.load_login_session(f"login-{name}")


async def _audit(storage: Storage) -> list[str]:
    events = await storage.audit.list_events(account_id=None, since=0, limit=1000)
    return [event.event_id for event in events]


async def test_a_redeemed_code_begins_its_session(storage: Storage) -> None:
    assert await storage.login_sessions.redeem(make_redemption()) == Redemption("redeemed", ONE)
    assert await _load(storage, "one") == ONE
    assert await _audit(storage) == ["redeem-one"]


async def test_the_same_request_again_is_a_repeat_and_begins_nothing(storage: Storage) -> None:
    await storage.login_sessions.redeem(make_redemption())
    repeat = make_redemption(session=ANOTHER, now=NOW + 1)
    assert await storage.login_sessions.redeem(repeat) == Redemption("repeated", ONE)
    assert await _load(storage, "another") is None
    assert await _load(storage, "one") == ONE
    assert await _audit(storage) == ["redeem-one"]


@pytest.mark.parametrize("session", [ANOTHER, None])
async def test_a_code_used_by_another_request_revokes_the_session_of_the_first(
    storage: Storage, session: LoginSession | None
) -> None:
    await storage.login_sessions.redeem(make_redemption())
    await storage.login_sessions.redeem(make_redemption("bystander"))
    thief = make_redemption(session=session, proof=make_proof("thief"), now=NOW + 9)
    assert await storage.login_sessions.redeem(thief) == Redemption("replayed")
    assert await storage.accounts.load_revision(ONE.account_id) == 1, "its live credentials end too"
    ended = await storage.login_sessions.list_ended_login_ids(
        ONE.account_id, ONE.principal_id, revoked_since=NOW
    )
    assert ended == {ONE.session_id}
    assert await _load(storage, "one") == replace(ONE, revoked_at=NOW + 9)
    assert await _load(storage, "another") is None
    assert await _load(storage, "bystander") == make_login_session("bystander")


async def test_a_second_replay_leaves_the_time_of_the_first_revocation(storage: Storage) -> None:
    await storage.login_sessions.redeem(make_redemption())
    for index, now in enumerate((NOW + 9, NOW + 20)):
        thief = make_redemption(session=ANOTHER, proof=make_proof(f"thief {index}"), now=now)
        assert await storage.login_sessions.redeem(thief) == Redemption("replayed")
    assert await _load(storage, "one") == replace(ONE, revoked_at=NOW + 9)


async def test_a_repeat_does_not_bring_a_revoked_session_back(storage: Storage) -> None:
    await storage.login_sessions.redeem(make_redemption())
    await storage.login_sessions.redeem(make_redemption(proof=make_proof("thief")))
    assert await storage.login_sessions.redeem(make_redemption()) == Redemption("replayed")


async def test_a_proof_with_another_body_does_not_burn_the_code(storage: Storage) -> None:
    await storage.login_sessions.redeem(make_redemption("other", proof=make_proof("shared")))
    replay = make_redemption(proof=make_proof("shared", body="another"))
    assert await storage.login_sessions.redeem(replay) == Redemption("proof_replayed")
    assert await storage.login_sessions.redeem(make_redemption()) == Redemption("redeemed", ONE)


async def test_a_burnt_code_begins_nothing_and_stays_burnt(storage: Storage) -> None:
    burn = make_redemption(session=None)
    assert await storage.login_sessions.redeem(burn) == Redemption("burnt")
    assert await storage.login_sessions.redeem(burn) == Redemption("burnt")
    later = make_redemption(session=ANOTHER, proof=make_proof("later"))
    assert await storage.login_sessions.redeem(later) == Redemption("replayed")
    assert await _load(storage, "another") is None
    assert await _audit(storage) == ["redeem-one"]


async def test_a_code_is_burnt_under_any_revision(storage: Storage) -> None:
    """A failed PKCE check must cost the code, whatever changes at that moment."""
    burn = make_redemption(session=None, expected_revision=77)
    assert await storage.login_sessions.redeem(burn) == Redemption("burnt")


async def test_a_moved_revision_is_stale_and_the_code_may_be_redeemed_by_the_same_request(
    storage: Storage,
) -> None:
    await storage.users.create_user(make_user("Alice"))
    assert await storage.login_sessions.redeem(make_redemption()) == Redemption("stale")
    assert await _load(storage, "one") is None
    assert await _audit(storage) == []
    decided_again = make_redemption(expected_revision=1)
    assert await storage.login_sessions.redeem(decided_again) == Redemption("redeemed", ONE)


async def test_the_revision_that_counts_is_that_of_the_sessions_account(storage: Storage) -> None:
    await storage.users.create_user(make_user("Alice"))
    other = make_login_session("other", account_id=OTHER_ACCOUNT_ID)
    outcome = await storage.login_sessions.redeem(make_redemption("other", session=other))
    assert outcome == Redemption("redeemed", other)


async def test_one_code_in_one_batch_is_redeemed_once(storage: Storage) -> None:
    first, thief = make_redemption(), make_redemption(session=ANOTHER, proof=make_proof("thief"))
    outcomes = await asyncio.gather(
        storage.login_sessions.redeem(first), storage.login_sessions.redeem(thief)
    )
    assert list(outcomes) == [Redemption("redeemed", ONE), Redemption("replayed")]
    assert await _load(storage, "one") == replace(ONE, revoked_at=NOW)


async def test_one_request_twice_in_one_batch_is_one_redemption_and_its_repeat(storage: Storage) -> None:
    outcomes = await asyncio.gather(
        storage.login_sessions.redeem(make_redemption()),
        storage.login_sessions.redeem(make_redemption(session=ANOTHER)),
    )
    assert list(outcomes) == [Redemption("redeemed", ONE), Redemption("repeated", ONE)]
    assert await _load(storage, "another") is None


async def test_a_redemption_the_database_cannot_store_fails_alone_and_burns_nothing(storage: Storage) -> None:
    bad = make_redemption(audit=make_event(event_time=2**70))
    good = make_redemption("other")
    failed, redeemed = await asyncio.gather(
        storage.login_sessions.redeem(bad), storage.login_sessions.redeem(good), return_exceptions=True
    )
    assert isinstance(failed, StorageError)
    assert redeemed == Redemption("redeemed", make_login_session("other"))
    assert await _load(storage, "one") is None
    assert await storage.login_sessions.redeem(make_redemption()) == Redemption("redeemed", ONE)
