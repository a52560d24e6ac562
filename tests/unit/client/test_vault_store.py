"""The vault: what it asks of the keyring and when, and what each loss is called."""

from collections.abc import Callable
from pathlib import Path

import pytest

from daypass.client.session_cache import CacheEntry, SessionCache
from daypass.client.vault_store import VaultStore
from daypass.errors import KeyringLocked, VaultDamaged, VaultKeyMissing
from daypass.secret import Secret

SESSION = "arn:aws:iam::111122223333:user/dev"
ENTRY = CacheEntry(
    access_key_id="ASIAEXAMPLE000000001",
    secret_access_key=Secret("a-secret"),
    session_token=Secret("a-token"),
    account_id="111122223333",
    expires_at=1_800_000_000,
    client_id="arn:aws:signin:::devtools/same-device",
    refresh_token=Secret("a-refresh-token"),
    dpop_key_pem=Secret("a-key"),
)


class ToldKeyring:
    """A keyring in memory that remembers what was asked, and fails on demand."""

    def __init__(self) -> None:
        self.keys: dict[str, Secret] = {}
        self.asked: list[str] = []
        self.is_locked = False
        self.on_write: Callable[[], None] = lambda: None

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.is_locked:
            raise KeyringLocked("locked")

    def read(self, key_id: str) -> Secret | None:
        self._ask("read")
        return self.keys.get(key_id)

    def write(self, key_id: str, key: Secret) -> None:
        self._ask("write")
        self.on_write()
        self.keys[key_id] = key

    def forget(self, key_id: str) -> None:
        self._ask("forget")
        self.keys.pop(key_id, None)

    def check(self) -> None:
        self._ask("check")


@pytest.fixture
def keyring() -> ToldKeyring:
    return ToldKeyring()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"AWS_LOGIN_CACHE_DIRECTORY": str(tmp_path / "cache")}


@pytest.fixture
def store(environ: dict[str, str], keyring: ToldKeyring) -> VaultStore:
    return VaultStore(environ, keyring)


def test_no_secret_reaches_the_disk(store: VaultStore, keyring: ToldKeyring) -> None:
    """Neither the login's nor the key."""
    store.save(SESSION, ENTRY)
    written = b"".join(path.read_bytes() for path in store.directory.iterdir())
    (key,) = keyring.keys.values()
    for secret in (b"a-secret", b"a-token", b"a-refresh-token", b"a-key", key.reveal().encode()):
        assert secret not in written


def test_the_shared_file_is_neither_read_nor_written(store: VaultStore, environ: dict[str, str]) -> None:
    """No fall-back to plain text, in either direction."""
    SessionCache(environ).save(SESSION, ENTRY)
    assert store.load(SESSION) is None
    SessionCache(environ).remove(SESSION)
    store.save(SESSION, ENTRY)
    assert SessionCache(environ).load(SESSION) is None
    assert SessionCache(environ).login_files() == []


def test_the_key_is_asked_for_once_and_stays_the_same(
    store: VaultStore, keyring: ToldKeyring, environ: dict[str, str]
) -> None:
    """A run of hours does not depend on the keyring after its first look, and refreshes litter nothing."""
    store.save(SESSION, ENTRY)
    later = VaultStore(environ, keyring)
    keyring.asked.clear()
    later.load(SESSION)
    keyring.is_locked = True
    for _ in range(3):
        assert later.load(SESSION) == ENTRY
        later.save(SESSION, ENTRY)
    assert keyring.asked == ["read"]
    assert len(keyring.keys) == 1


def test_what_may_be_shown_asks_nobody(store: VaultStore, keyring: ToldKeyring) -> None:
    """`status` and prompts must not make a keyring pop up."""
    store.save(SESSION, ENTRY)
    keyring.asked.clear()
    assert store.summary(SESSION) is not None
    assert store.login_files() == [store.path(SESSION)]
    assert keyring.asked == []


def test_the_key_is_kept_before_the_file_is_written(store: VaultStore, keyring: ToldKeyring) -> None:
    """A process killed between the two leaves a key that opens nothing, never a file that nothing opens."""
    seen: list[bool] = []
    keyring.on_write = lambda: seen.append(store.path(SESSION).exists())
    store.save(SESSION, ENTRY)
    assert seen == [False]


def test_a_keyring_that_fails_is_not_a_lost_session(
    store: VaultStore, keyring: ToldKeyring, environ: dict[str, str]
) -> None:
    """Its error comes through as it is; nothing is written."""
    store.save(SESSION, ENTRY)
    before = store.path(SESSION).read_text()
    keyring.is_locked = True
    later = VaultStore(environ, keyring)
    with pytest.raises(KeyringLocked):
        later.load(SESSION)
    with pytest.raises(KeyringLocked):
        later.save(SESSION, ENTRY)
    assert store.path(SESSION).read_text() == before


def test_a_key_that_is_gone_is_told_from_damage(
    store: VaultStore, keyring: ToldKeyring, environ: dict[str, str]
) -> None:
    """Somebody cleaned the keyring; a new login draws a new key."""
    store.save(SESSION, ENTRY)
    keyring.keys.clear()
    later = VaultStore(environ, keyring)
    with pytest.raises(VaultKeyMissing):
        later.load(SESSION)
    later.save(SESSION, ENTRY)
    assert later.load(SESSION) == ENTRY


def test_another_key_under_the_name_is_damage(
    store: VaultStore, keyring: ToldKeyring, environ: dict[str, str]
) -> None:
    """It cannot be told from an altered file."""
    store.save(SESSION, ENTRY)
    keyring.keys = dict.fromkeys(keyring.keys, Secret("QUJD"))
    with pytest.raises(VaultDamaged):
        VaultStore(environ, keyring).load(SESSION)


def test_another_session_s_file_is_damage(store: VaultStore, keyring: ToldKeyring) -> None:
    """Whoever can write the folder must not make one profile act as another."""
    other = SESSION.replace("dev", "admin")
    store.save(other, ENTRY)
    store.path(SESSION).write_bytes(store.path(other).read_bytes())
    with pytest.raises(VaultDamaged):
        store.load(SESSION)


def test_what_is_removed_takes_its_key_along(store: VaultStore, keyring: ToldKeyring) -> None:
    """A copy of the file, from a backup, opens no more."""
    store.save(SESSION, ENTRY)
    copy = store.path(SESSION).read_bytes()
    assert store.remove(SESSION)
    assert keyring.keys == {}
    store.path(SESSION).write_bytes(copy)
    with pytest.raises(VaultKeyMissing):
        store.load(SESSION)


def test_a_locked_keyring_does_not_keep_a_login_from_going(store: VaultStore, keyring: ToldKeyring) -> None:
    """Signing out must always be possible here."""
    store.save(SESSION, ENTRY)
    keyring.is_locked = True
    assert store.remove(SESSION)
    assert store.login_files() == []


def test_a_damaged_file_can_be_removed_and_replaced(store: VaultStore) -> None:
    """The login that follows."""
    store.save(SESSION, ENTRY)
    store.path(SESSION).write_text("{")
    store.save(SESSION, ENTRY)
    assert store.load(SESSION) == ENTRY
    store.path(SESSION).write_text("{")
    assert store.remove(SESSION)
