"""What the server does with access keys and one-time seeds when it starts with a new key ring."""

from collections.abc import AsyncIterator

import pytest

from daypass.server.adapters.sql import open_storage
from daypass.server.domain.access_key import AccessKey
from daypass.server.domain.account import Account, User
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.flows.reseal_held_secrets import find_held_sealing_keys, reseal_held_secrets
from daypass.server.ports.storage import Storage

ACCOUNT = "111122223333"
OLD = MasterKey("00000001", 1, b"1" * 32)
NEW = MasterKey("00000002", 2, b"2" * 32)
LOST = KeyRing([MasterKey("00000009", 0, b"9" * 32)])


@pytest.fixture
async def storage() -> AsyncIterator[Storage]:
    storage = await open_storage("sqlite://")
    await storage.migrate()
    await storage.accounts.create_account(Account(ACCOUNT, None, "root@x.example", "", 0, 0))
    await storage.users.create_user(User(ACCOUNT, "AIDA" + "A" * 17, "ada", "/", 0))
    yield storage
    await storage.close()


async def _hold(storage: Storage, number: int, ring: KeyRing) -> None:
    sealed = ring.seal("access-key", b"secret %d" % number)
    key = AccessKey(f"AKIA{number:016}", ACCOUNT, "AIDA" + "A" * 17, sealed, "Active", 0)
    await storage.access_keys.create_access_key(key, limit=9999)
    seed = ring.seal("mfa-seed", b"SEED %d" % number)
    serial = f"arn:aws:iam::{ACCOUNT}:mfa/{number:05}"
    device = MfaDevice(serial, ACCOUNT, "", "totp", 0, sealed_seed=seed)
    await storage.mfa_devices.create_mfa_device(device, limit=9999)


async def test_a_start_moves_every_secret_once_and_the_next_start_has_nothing_to_do(storage: Storage) -> None:
    for number in range(501):
        await _hold(storage, number, KeyRing([OLD]))
    both = KeyRing([OLD, NEW])
    assert await find_held_sealing_keys(storage) == {OLD.key_id}
    assert await reseal_held_secrets(storage, both) == 1002
    assert await reseal_held_secrets(storage, both) == 0
    assert await find_held_sealing_keys(storage) == {NEW.key_id}
    alone = KeyRing([NEW])
    key = await storage.access_keys.load_access_key(f"AKIA{500:016}")
    device = await storage.mfa_devices.load_mfa_device(f"arn:aws:iam::{ACCOUNT}:mfa/00500")
    assert key is not None
    assert device is not None
    assert alone.open("access-key", key.sealed_secret)[0] == b"secret 500"
    assert alone.open("mfa-seed", device.sealed_seed)[0] == b"SEED 500"


async def test_what_no_longer_opens_is_left_and_named(storage: Storage) -> None:
    await _hold(storage, 1, LOST)
    assert await reseal_held_secrets(storage, KeyRing([NEW])) == 0
    assert await find_held_sealing_keys(storage) == {"00000009"}
