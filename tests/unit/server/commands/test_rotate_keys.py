"""`daypass server rotate-keys --drop-old-keys`: nothing opens with the old keys any more, and nothing that lasts is lost."""

import asyncio
from pathlib import Path

import apsw
import pytest

from daypass.errors import ConfigError, StorageError
from daypass.server.adapters.key_ring_file import read_key_ring_file, write_key_ring_file
from daypass.server.adapters.sql import open_storage
from daypass.server.commands import rotate_keys
from daypass.server.domain.access_key import AccessKey
from daypass.server.domain.account import Account, User
from daypass.server.domain.key_ring import KeyRing, MasterKey, SealBroken
from daypass.server.domain.mfa_device import MfaDevice

OLD = KeyRing([MasterKey("0a0b0c0d", 1, b"k" * 32), MasterKey("0a0b0c0e", 2, b"l" * 32)])
ACCOUNT, USER = "111122223333", "AIDAEXAMPLEEXAMPLEEX"
SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/phone"


@pytest.fixture
def ring_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The old ring, and a database with an access key and an authenticator app under it."""
    path = tmp_path / "ring.json"
    monkeypatch.setenv("DAYPASS_KEY_RING_FILE", str(path))
    monkeypatch.setenv("DAYPASS_DATABASE_URL", f"sqlite://{tmp_path / 'daypass.db'}")
    write_key_ring_file(path, OLD)
    asyncio.run(_fill(f"sqlite://{tmp_path / 'daypass.db'}"))
    return path


async def _fill(database_url: str) -> None:
    storage = await open_storage(database_url)
    await storage.migrate()
    await storage.accounts.create_account(Account(ACCOUNT, None, "root@example.com", "", 0, 1))
    await storage.users.create_user(User(ACCOUNT, USER, "alice", "/", 1))
    secret = OLD.seal("access-key", b"secret")
    key = AccessKey("AKIAEXAMPLEEXAMPLEEX", ACCOUNT, USER, secret, "Active", 1)
    await storage.access_keys.create_access_key(key, limit=2)
    seed = OLD.seal("mfa-seed", b"seed", key_id="0a0b0c0d")
    device = MfaDevice(SERIAL, ACCOUNT, USER, "totp", 1, 1, sealed_seed=seed)
    await storage.mfa_devices.create_mfa_device(device, limit=8)
    await storage.close()


def _sealed(ring_file: Path) -> tuple[str, str]:
    with_file = apsw.Connection(str(ring_file.with_name("daypass.db")))
    [(secret,)] = with_file.execute("SELECT sealed_secret FROM access_keys").fetchall()
    [(seed,)] = with_file.execute("SELECT sealed_seed FROM mfa_devices").fetchall()
    with_file.close()
    return str(secret), str(seed)


def test_what_lasts_is_under_the_new_key_and_the_old_ones_are_gone(
    ring_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = OLD.seal("session-token", b"of a thief")
    assert rotate_keys.run(["--drop-old-keys"]) == 0
    assert "start the server" in capsys.readouterr().err
    ring = read_key_ring_file(ring_file)
    [key] = ring.keys
    assert key.key_id not in {old.key_id for old in OLD.keys}
    secret, seed = _sealed(ring_file)
    assert ring.open("access-key", secret) == (b"secret", key.key_id)
    assert ring.open("mfa-seed", seed) == (b"seed", key.key_id)
    with pytest.raises(SealBroken):
        ring.open("session-token", token)


def test_while_a_server_has_the_database_open_nothing_is_changed(ring_file: Path) -> None:
    running = apsw.Connection(str(ring_file.with_name("daypass.db")))
    running.execute("BEGIN")
    running.execute("SELECT count(*) FROM accounts").fetchall()
    before = _sealed(ring_file)
    with pytest.raises(ConfigError, match="open"):
        rotate_keys.run(["--drop-old-keys"])
    running.close()
    assert read_key_ring_file(ring_file).keys == OLD.keys
    assert _sealed(ring_file) == before


def test_after_a_failure_half_way_the_ring_opens_everything(
    ring_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> frozenset[str]:
        raise StorageError("gone")

    monkeypatch.setattr(rotate_keys, "_reseal", fails)
    with pytest.raises(StorageError):
        rotate_keys.run(["--drop-old-keys"])
    assert len(read_key_ring_file(ring_file).keys) == 3


def test_what_another_host_sealed_meanwhile_keeps_the_old_keys(
    ring_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def in_use(*_: object) -> frozenset[str]:
        return frozenset({"0a0b0c0e"})

    monkeypatch.setattr(rotate_keys, "_reseal", in_use)
    with pytest.raises(ConfigError, match="old key"):
        rotate_keys.run(["--drop-old-keys"])
    assert {key.key_id for key in OLD.keys} < {key.key_id for key in read_key_ring_file(ring_file).keys}


def test_two_rotations_within_a_second_seal_with_the_second_key(
    ring_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotate_keys, "system_clock", lambda: 1_900_000_000)
    for _ in range(8):
        before = set(read_key_ring_file(ring_file).keys)
        assert rotate_keys.run([]) == 0
        ring = read_key_ring_file(ring_file)
        assert ring.current not in before
