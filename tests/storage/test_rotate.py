"""Rotating a login session: who wins, what the losers are told, what is written, in how many statements."""

import asyncio
from typing import Any

import apsw
import pytest
from msgspec.structs import replace

from daypass.errors import StorageError
from daypass.server.adapters.sql.postgres_engine import PostgresEngine
from daypass.server.adapters.sql.sql_storage import SqlStorage
from daypass.server.adapters.sql.sqlite_engine import SqliteEngine
from daypass.server.ports.storage import RefreshRotation, Rotation
from support.storage_records import (
    ACCOUNT_ID,
    NOW,
    OTHER_ACCOUNT_ID,
    make_event,
    make_login_session,
    make_proof,
    make_redemption,
    make_rotation,
    make_user,
)

ONE = make_login_session("one")
TWO = make_login_session("two")
OTHER = make_login_session("other", account_id=OTHER_ACCOUNT_ID)
ROTATED = replace(ONE, generation=1, rotated_at=NOW + 60, sealed_by="key-2")


@pytest.fixture
async def sessions(storage: SqlStorage) -> SqlStorage:
    """Two login sessions in one account, one in another."""
    for name, session in (("one", ONE), ("two", TWO), ("other", OTHER)):
        assert (
            await storage.login_sessions.redeem(make_redemption(name, session=session))
        ).session == session
    return storage


async def _audit(storage: SqlStorage) -> list[str]:
    """Ids of the events since the redemptions."""
    events = await storage.audit.list_events(account_id=None, since=0, limit=1000)
    return [event.event_id for event in events if not event.event_id.startswith("redeem")]


async def _raise_revision(storage: SqlStorage) -> None:
    await storage.users.create_user(make_user("Alice"))


async def test_a_rotation_moves_one_session_by_one_generation(sessions: SqlStorage) -> None:
    assert await sessions.login_sessions.rotate(make_rotation("one")) == Rotation("rotated", ROTATED)
    assert await sessions.login_sessions.load_login_session("login-one") == ROTATED
    assert await sessions.login_sessions.load_login_session("login-two") == TWO
    assert await sessions.login_sessions.load_login_session("login-other") == OTHER
    assert await _audit(sessions) == ["rotate-one-0"]


async def test_a_generation_rotates_once(sessions: SqlStorage) -> None:
    await sessions.login_sessions.rotate(make_rotation("one"))
    again = make_rotation("one", proof=make_proof("another proof"), now=NOW + 61)
    assert await sessions.login_sessions.rotate(again) == Rotation("superseded", ROTATED)
    assert await sessions.login_sessions.load_login_session("login-one") == ROTATED
    assert await _audit(sessions) == ["rotate-one-0"]


async def test_a_generation_from_the_future_rotates_nothing(sessions: SqlStorage) -> None:
    assert await sessions.login_sessions.rotate(make_rotation("one", 7)) == Rotation("superseded", ONE)


async def test_a_repeated_rotation_request_is_told_the_state_the_first_one_made(sessions: SqlStorage) -> None:
    await sessions.login_sessions.rotate(make_rotation("one"))
    assert await sessions.login_sessions.rotate(make_rotation("one")) == Rotation("superseded", ROTATED)


async def test_a_proof_with_another_body_rotates_nothing(sessions: SqlStorage) -> None:
    await sessions.login_sessions.rotate(make_rotation("two", proof=make_proof("shared")))
    replay = make_rotation("one", proof=make_proof("shared", body="another"))
    assert await sessions.login_sessions.rotate(replay) == Rotation("proof_replayed")
    assert await sessions.login_sessions.load_login_session("login-one") == ONE
    assert await _audit(sessions) == ["rotate-two-0"]


async def test_a_replayed_proof_stays_bound_to_its_first_body(sessions: SqlStorage) -> None:
    await sessions.login_sessions.rotate(make_rotation("two", proof=make_proof("shared")))
    for body in ("another", "another"):
        replay = make_rotation("one", proof=make_proof("shared", body=body))
        assert await sessions.login_sessions.rotate(replay) == Rotation("proof_replayed")


async def test_a_moved_revision_is_stale_and_the_same_proof_may_try_again(sessions: SqlStorage) -> None:
    await _raise_revision(sessions)
    assert await sessions.login_sessions.rotate(make_rotation("one")) == Rotation("stale")
    assert await sessions.login_sessions.load_login_session("login-one") == ONE
    assert await _audit(sessions) == []
    decided_again = make_rotation("one", expected_revision=1)
    assert await sessions.login_sessions.rotate(decided_again) == Rotation("rotated", ROTATED)


async def test_a_superseded_generation_is_stale_first_when_the_revision_moved(sessions: SqlStorage) -> None:
    """An idempotent repeat must be decided under current policy, too."""
    await sessions.login_sessions.rotate(make_rotation("one"))
    await _raise_revision(sessions)
    assert await sessions.login_sessions.rotate(make_rotation("one")) == Rotation("stale")
    repeat = make_rotation("one", expected_revision=1)
    assert await sessions.login_sessions.rotate(repeat) == Rotation("superseded", ROTATED)


async def test_another_accounts_revision_does_not_matter(sessions: SqlStorage) -> None:
    await _raise_revision(sessions)
    outcome = await sessions.login_sessions.rotate(make_rotation("other"))
    assert outcome.outcome == "rotated"


@pytest.mark.parametrize("generation", [0, 1])
async def test_a_revoked_session_ends_whatever_generation_is_shown(
    sessions: SqlStorage, generation: int
) -> None:
    await sessions.login_sessions.rotate(make_rotation("one"))
    await sessions.login_sessions.revoke_login_session("login-one", now=NOW + 70)
    rotation = make_rotation("one", generation, proof=make_proof("late"))
    revoked = replace(ROTATED, revoked_at=NOW + 70)
    assert await sessions.login_sessions.rotate(rotation) == Rotation("ended", revoked)


async def test_a_session_ends_at_its_absolute_end(sessions: SqlStorage) -> None:
    late = make_rotation("one", now=ONE.ends_at)
    assert await sessions.login_sessions.rotate(late) == Rotation("ended", ONE)
    last_moment = make_rotation("one", now=ONE.ends_at - 1)
    assert (await sessions.login_sessions.rotate(last_moment)).outcome == "rotated"


async def test_an_unknown_session_has_ended(sessions: SqlStorage) -> None:
    assert await sessions.login_sessions.rotate(make_rotation("nobody")) == Rotation("ended")


async def test_a_rotation_is_at_most_four_statements(sessions: SqlStorage) -> None:
    """Proof, conditional update, audit row: and on PostgreSQL all of them are one."""
    statements: list[str] = []
    engine = sessions.engine
    if isinstance(engine, SqliteEngine):

        def record(cursor: apsw.Cursor, statement: str, bindings: object) -> bool:
            statements.append(statement)
            return True

        engine.connection.exec_trace = record
        assert (await sessions.login_sessions.rotate(make_rotation("one"))).outcome == "rotated"
        engine.connection.exec_trace = None
        assert [statement.split()[0] for statement in statements] == [
            "BEGIN",
            "INSERT",
            "UPDATE",
            "INSERT",
            "COMMIT",
        ]
    else:
        assert isinstance(engine, PostgresEngine)
        async with engine.pool.acquire() as connection:
            # The pool hands out the same connection again: there is only this one so far.
            connection.add_query_logger(lambda entry: statements.append(entry.query))
        assert (await sessions.login_sessions.rotate(make_rotation("one"))).outcome == "rotated"
        assert len(statements) == 1
        assert statements[0].split()[0] == "WITH"


async def test_a_rotation_the_database_cannot_store_fails_alone(sessions: SqlStorage) -> None:
    """Neighbours of one batch: the bad one gets its error, the others their result."""
    bad = make_rotation("two", audit=make_event(event_time=2**70))
    good, failed = await _gather(sessions, make_rotation("one"), bad)
    assert good == Rotation("rotated", ROTATED)
    assert isinstance(failed, StorageError)
    assert await sessions.login_sessions.load_login_session("login-two") == TWO
    assert await _audit(sessions) == ["rotate-one-0"]


async def test_two_rotations_of_one_batch_share_a_generation_and_one_wins(sessions: SqlStorage) -> None:
    first = make_rotation("one")
    second = make_rotation("one", proof=make_proof("second"))
    assert await _gather(sessions, first, second) == [
        Rotation("rotated", ROTATED),
        Rotation("superseded", ROTATED),
    ]
    assert await _audit(sessions) == ["rotate-one-0"]


async def test_two_rotations_of_one_batch_share_a_proof_and_one_wins(sessions: SqlStorage) -> None:
    first = make_rotation("one", proof=make_proof("shared"))
    second = make_rotation("two", proof=make_proof("shared", body="another"))
    assert await _gather(sessions, first, second) == [
        Rotation("rotated", ROTATED),
        Rotation("proof_replayed"),
    ]
    assert await sessions.login_sessions.load_login_session("login-two") == TWO


async def test_a_bad_proof_does_not_stand_in_for_a_good_one_of_the_same_batch(sessions: SqlStorage) -> None:
    await sessions.login_sessions.rotate(make_rotation("two", proof=make_proof("shared")))
    replay = make_rotation("one", proof=make_proof("shared", body="another"))
    honest = make_rotation("one", proof=make_proof("honest"))
    assert await _gather(sessions, replay, honest) == [
        Rotation("proof_replayed"),
        Rotation("rotated", ROTATED),
    ]


async def test_a_stale_rotation_does_not_stand_in_for_a_fresh_one_of_the_same_batch(
    sessions: SqlStorage,
) -> None:
    await _raise_revision(sessions)
    stale = make_rotation("one", proof=make_proof("stale"))
    fresh = make_rotation("one", expected_revision=1)
    assert await _gather(sessions, stale, fresh) == [Rotation("stale"), Rotation("rotated", ROTATED)]


async def test_every_outcome_of_a_mixed_batch_goes_to_its_own_caller(sessions: SqlStorage) -> None:
    await sessions.login_sessions.rotate(make_rotation("two"))
    await sessions.login_sessions.rotate(make_rotation("other"))
    other = replace(OTHER, generation=1, rotated_at=NOW + 60, sealed_by="key-2")
    two = replace(TWO, generation=1, rotated_at=NOW + 60, sealed_by="key-2")
    outcomes = await _gather(
        sessions,
        make_rotation("two", proof=make_proof("p1")),
        make_rotation("nobody"),
        make_rotation("one"),
        make_rotation("other", 1, proof=make_proof("rotate one 0", body="another")),
        make_rotation("one", 1),
        make_rotation("other", 1, expected_revision=9),
    )
    assert outcomes[:4] == [
        Rotation("superseded", two),
        Rotation("ended"),
        Rotation("rotated", ROTATED),
        Rotation("proof_replayed"),
    ]
    assert outcomes[4].outcome in ("rotated", "superseded")  # it asked for what its neighbour was making
    assert outcomes[5] == Rotation("stale")
    assert await sessions.login_sessions.load_login_session("login-other") == other
    assert await sessions.accounts.load_revision(ACCOUNT_ID) == 0


async def _gather(storage: SqlStorage, *rotations: RefreshRotation) -> list[Any]:
    """The results in order; a failure is its caller's result."""
    return await asyncio.gather(*map(storage.login_sessions.rotate, rotations), return_exceptions=True)
