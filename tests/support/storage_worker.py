"""A server process as the storage sees it: opens the database of its own accord and competes for rows.

    storage_worker.py URL WORKER JOB SIZE

It prints `ready`, waits for a line on standard input, does its job, and prints one JSON line per result.

    race     SIZE parallel rotations of one token
    redeem   SIZE parallel redemptions of one code, each as another request
    once     SIZE parallel attempts to use one key, and as many to take one request
    second   SIZE parallel uses of one TOTP step, of one recovery code, and as many new access keys
    change   changes of an account without end: a policy gets versions and loses them; one line per change
    contend  SIZE rotations of each of eight sessions, all sessions at once, each worker in its own order
    crash    rotations of one session without end, one line per committed generation
"""

import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from daypass.protocol.aws.errors import LimitExceeded
from daypass.server.adapters.sql import open_storage
from daypass.server.domain.session import LoginSession
from daypass.server.ports.storage import Storage
from support.storage_records import (
    ACCOUNT_ID,
    NOW,
    make_access_key,
    make_login_session,
    make_policy,
    make_proof,
    make_redemption,
    make_rotation,
    make_user,
    make_virtual_device,
)


def _print_result(outcome: str, session: LoginSession | None) -> None:
    state = None if session is None else [session.session_id, session.generation, session.rotated_at]
    print(json.dumps([outcome, state]), flush=True)


async def race(storage: Storage, worker: str, size: int) -> None:
    rotations = (make_rotation("one", proof=make_proof(f"{worker} {index}")) for index in range(size))
    for result in await asyncio.gather(*map(storage.login_sessions.rotate, rotations)):
        _print_result(result.outcome, result.session)


async def redeem(storage: Storage, worker: str, size: int) -> None:
    redemptions = (
        make_redemption(
            proof=make_proof(f"{worker} {index}"), session=make_login_session(f"{worker}-{index}")
        )
        for index in range(size)
    )
    for result in await asyncio.gather(*map(storage.login_sessions.redeem, redemptions)):
        _print_result(result.outcome, result.session)


async def once(storage: Storage, worker: str, size: int) -> None:
    federation = storage.federation
    used = [federation.use_once(b"k" * 32, now=NOW, expires_at=NOW + 300) for _ in range(size)]
    for is_first in await asyncio.gather(*used):
        _print_result("used" if is_first else "used before", None)
    taken = [federation.take_federation_request("_one", now=NOW) for _ in range(size)]
    for request in await asyncio.gather(*taken):
        _print_result("taken" if request is not None else "taken before", None)


async def second(storage: Storage, worker: str, size: int) -> None:
    devices, user_id = storage.mfa_devices, make_user().user_id
    serial_number = make_virtual_device().serial_number
    used = [devices.use_totp_step(serial_number, 100) for _ in range(size)]
    used += [devices.use_recovery_code(ACCOUNT_ID, user_id, b"c" * 32) for _ in range(size)]
    for index, is_first in enumerate(await asyncio.gather(*used)):
        _print_result(f"{'step' if index < size else 'code'} {is_first}", None)
    for index in range(size):
        key = make_access_key(user_id, int(worker) * size + index)
        try:
            await storage.access_keys.create_access_key(key, limit=2)
            _print_result("key True", None)
        except LimitExceeded:
            _print_result("key False", None)


async def change(storage: Storage, worker: str, size: int) -> None:
    policy_arn = make_policy().arn
    for number in range(2, 10**9):
        version = await storage.policy_versions.create_policy_version(
            policy_arn, f"{{{number}}}", set_as_default=True, limit=5, now=NOW
        )
        await storage.policy_versions.delete_policy_version(policy_arn, f"v{number - 1}")
        _print_result(version.version_id, None)


async def contend(storage: Storage, worker: str, size: int) -> None:
    async def rotate(name: str) -> None:
        generation = 0
        for index in range(size):
            proof = make_proof(f"{worker} {name} {index}")
            result = await storage.login_sessions.rotate(make_rotation(name, generation, proof=proof))
            assert result.session is not None
            generation = result.session.generation
            _print_result(result.outcome, result.session)

    names = [str(index) for index in range(8)]
    turn = int(worker) % len(names)
    await asyncio.gather(*map(rotate, names[turn:] + names[:turn]))


async def crash(storage: Storage, worker: str, size: int) -> None:
    for generation in range(10**9):
        result = await storage.login_sessions.rotate(make_rotation("one", generation))
        _print_result(result.outcome, result.session)


_JOBS = {
    "race": race,
    "redeem": redeem,
    "once": once,
    "second": second,
    "change": change,
    "contend": contend,
    "crash": crash,
}


async def main(url: str, worker: str, job: str, size: int) -> None:
    storage = await open_storage(url)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await _JOBS[job](storage, worker, size)
    await storage.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
