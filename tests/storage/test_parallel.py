"""Many callers want one thing: in one process, from several processes, and when one of them is killed."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.sql.postgres_engine import PostgresEngine
from daypass.server.adapters.sql.sql_storage import SqlStorage
from daypass.server.ports.storage import Rotation
from support import storage_worker
from support.storage_records import (
    ACCOUNT_ID,
    NOW,
    make_federation_request,
    make_login_session,
    make_policy,
    make_proof,
    make_redemption,
    make_rotation,
    make_user,
    make_virtual_device,
)

ONE = make_login_session("one")
ROTATED = replace(ONE, generation=1, rotated_at=NOW + 60, sealed_by="key-2")
WORKERS = 4


async def test_of_many_parallel_rotations_of_one_token_one_wins_and_all_learn_its_state(
    storage: SqlStorage,
) -> None:
    await storage.login_sessions.redeem(make_redemption())
    rotations = [make_rotation(proof=make_proof(f"proof {index}")) for index in range(64)]
    results = await asyncio.gather(*map(storage.login_sessions.rotate, rotations))
    assert results.count(Rotation("rotated", ROTATED)) == 1
    assert results.count(Rotation("superseded", ROTATED)) == 63


async def test_rotations_that_arrive_one_by_one_while_others_commit_still_have_one_winner(
    storage: SqlStorage,
) -> None:
    await storage.login_sessions.redeem(make_redemption())

    async def rotate_later(turns: int) -> Rotation:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await storage.login_sessions.rotate(make_rotation(proof=make_proof(f"proof {turns}")))

    results = await asyncio.gather(*map(rotate_later, range(64)))
    assert Counter(result.outcome for result in results) == {"rotated": 1, "superseded": 63}
    assert {result.session for result in results} == {ROTATED}


async def test_two_storages_on_one_database_have_one_winner(
    shared_storage: SqlStorage, shared_url: str
) -> None:
    await shared_storage.login_sessions.redeem(make_redemption())
    other = await open_storage(shared_url)
    results = await asyncio.gather(
        *(
            storage.login_sessions.rotate(make_rotation(proof=make_proof(f"proof {index}")))
            for index, storage in enumerate([shared_storage, other] * 32)
        )
    )
    await other.close()
    assert Counter(result.outcome for result in results) == {"rotated": 1, "superseded": 63}
    assert {result.session for result in results} == {ROTATED}


async def test_of_two_parallel_redemptions_of_one_code_one_begins_a_session(storage: SqlStorage) -> None:
    first, second = (
        make_redemption(),
        make_redemption(proof=make_proof("second"), session=replace(ONE, session_id="x")),
    )
    results = await asyncio.gather(*map(storage.login_sessions.redeem, (first, second)))
    assert Counter(result.outcome for result in results) == {"redeemed": 1, "replayed": 1}


@pytest.mark.processes
async def test_of_rotations_from_many_processes_one_wins(shared_storage: SqlStorage, shared_url: str) -> None:
    await shared_storage.login_sessions.redeem(make_redemption())
    results = _compete(shared_url, "race", size=32)
    assert Counter(outcome for outcome, _ in results) == {"rotated": 1, "superseded": 32 * WORKERS - 1}
    assert {tuple(state) for _, state in results} == {("login-one", 1, NOW + 60)}
    assert await shared_storage.login_sessions.load_login_session("login-one") == ROTATED


@pytest.mark.processes
async def test_of_redemptions_from_many_processes_one_begins_a_session(
    shared_storage: SqlStorage, shared_url: str
) -> None:
    results = _compete(shared_url, "redeem", size=16)
    assert Counter(outcome for outcome, _ in results) == {"redeemed": 1, "replayed": 16 * WORKERS - 1}
    rows = await shared_storage.engine.fetch_all("SELECT session_id, revoked_at FROM login_sessions")
    winner = next(state[0] for _, state in results if state is not None)
    assert [tuple(row) for row in rows] == [(winner, NOW)], "the replays revoked what the first one began"


@pytest.mark.processes
async def test_what_many_processes_would_use_once_is_used_once(
    shared_storage: SqlStorage, shared_url: str
) -> None:
    await shared_storage.federation.begin_federation(make_federation_request())
    outcomes = Counter(outcome for outcome, _ in _compete(shared_url, "once", size=16))
    others = 16 * WORKERS - 1
    assert outcomes == {"used": 1, "used before": others, "taken": 1, "taken before": others}


@pytest.mark.processes
async def test_second_factors_and_limits_hold_over_many_processes(
    shared_storage: SqlStorage, shared_url: str
) -> None:
    user, phone = make_user(), make_virtual_device()
    await shared_storage.users.create_user(user)
    devices = shared_storage.mfa_devices
    await devices.create_mfa_device(phone, limit=8)
    await devices.enable_mfa_device(phone.serial_number, user.user_id, last_step=1, limit=8, now=NOW)
    await devices.replace_recovery_codes(ACCOUNT_ID, user.user_id, [b"c" * 32])
    outcomes = Counter(outcome for outcome, _ in _compete(shared_url, "second", size=16))
    others = 16 * WORKERS - 1
    assert outcomes == {
        "step True": 1,
        "step False": others,
        "code True": 1,
        "code False": others,
        "key True": 2,
        "key False": others - 1,
    }


@pytest.mark.processes
async def test_a_process_killed_amid_changes_leaves_none_half_done(
    shared_storage: SqlStorage, shared_url: str
) -> None:
    policy = make_policy()
    await shared_storage.policies.create_policy(policy)
    with _worker(shared_url, "0", "change", 0) as process:
        assert process.stdout is not None
        _begin(process)
        lines = [process.stdout.readline() for _ in range(50)]
        process.kill()
        lines += process.stdout.readlines()
    last_answered = int(json.loads([line for line in lines if line.endswith("]\n")][-1])[0][1:])
    versions = await shared_storage.policy_versions.list_policy_versions(policy.arn)
    stored = await shared_storage.policies.load_policy(policy.arn)
    assert stored is not None
    newest = versions[0]
    assert newest.is_default
    assert (stored.default_version_id, stored.document) == (newest.version_id, newest.document)
    number = int(newest.version_id[1:])
    assert last_answered <= number <= last_answered + 1
    assert [version.version_id for version in versions] in ([f"v{number}"], [f"v{number}", f"v{number - 1}"])
    changes = 2 * (number - 1) - (len(versions) - 1)
    assert await shared_storage.accounts.load_revision(ACCOUNT_ID) == 1 + changes


@pytest.mark.processes
async def test_processes_that_contend_for_the_same_sessions_lose_no_rotation_and_never_deadlock(
    shared_storage: SqlStorage, shared_url: str
) -> None:
    names = [str(index) for index in range(8)]
    for name in names:
        await shared_storage.login_sessions.redeem(make_redemption(name))
    results = _compete(shared_url, "contend", size=40)
    outcomes = Counter(outcome for outcome, _ in results)
    assert set(outcomes) == {"rotated", "superseded"}
    generations = [await _generation(shared_storage, name) for name in names]
    assert outcomes["rotated"] == sum(generations)
    assert await _rotations_in_audit(shared_storage) == sum(generations)
    won = [tuple(state[:2]) for outcome, state in results if outcome == "rotated"]
    assert len(won) == len(set(won)), "no generation was given out twice"
    if isinstance(shared_storage.engine, PostgresEngine):
        row = await shared_storage.engine.fetch_one(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        assert row is not None
        assert row[0] == 0


@pytest.mark.processes
async def test_a_killed_process_leaves_a_state_that_goes_on(
    shared_storage: SqlStorage, shared_url: str
) -> None:
    await shared_storage.login_sessions.redeem(make_redemption())
    with _worker(shared_url, "0", "crash", 0) as process:
        assert process.stdout is not None
        _begin(process)
        lines = [process.stdout.readline() for _ in range(200)]
        process.kill()
        lines += process.stdout.readlines()
    last_answered = json.loads([line for line in lines if line.endswith("]\n")][-1])[1][1]
    generation = await _generation(shared_storage, "one")
    assert last_answered <= generation <= last_answered + 1
    assert await _rotations_in_audit(shared_storage) == generation
    next_one = make_rotation("one", generation, proof=make_proof("after the crash"))
    assert (await shared_storage.login_sessions.rotate(next_one)).outcome == "rotated"
    if not isinstance(shared_storage.engine, PostgresEngine):
        row = await shared_storage.engine.fetch_one("PRAGMA integrity_check")
        assert row is not None
        assert row[0] == "ok"


async def _generation(storage: SqlStorage, name: str) -> int:
    session = await storage.login_sessions.load_login_session(f"login-{name}")
    assert session is not None
    return session.generation


async def _rotations_in_audit(storage: SqlStorage) -> int:
    events = await storage.audit.list_events(account_id=None, since=0, limit=100_000)
    return sum(event.event_id.startswith("rotate") for event in events)


def _compete(url: str, job: str, *, size: int) -> list[tuple[str, list[object]]]:
    """Run one job in several processes that start together; everything they printed."""
    with ExitStack() as stack:
        processes = [stack.enter_context(_worker(url, str(index), job, size)) for index in range(WORKERS)]
        for process in processes:
            _begin(process)
        outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * WORKERS
    return [tuple(json.loads(line)) for output in outputs for line in output.splitlines()]


@contextmanager
def _worker(url: str, worker: str, job: str, size: int) -> Iterator[subprocess.Popen[str]]:
    """A worker that is connected and waits to begin."""
    command = [sys.executable, str(Path(storage_worker.__file__)), url, worker, job, str(size)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def _begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
