"""One contract, two storages: whoever keeps a login in AWS's file or in a vault keeps all of it, privately, alone."""

import os
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from daypass.client.session_cache import CacheEntry, SessionCache, SessionSummary
from daypass.client.session_store import SessionStore
from daypass.client.vault_store import VaultStore
from daypass.errors import CacheError
from daypass.secret import Secret

SESSION = "arn:aws:iam::111122223333:user/dev"
OTHER = "arn:aws:iam::111122223333:user/ops"
# The ID token's claims: {"session_ends_at": 1800043200}
ENTRY = CacheEntry(
    access_key_id="ASIAEXAMPLE000000001",
    secret_access_key=Secret("a-secret"),
    session_token=Secret("a-token"),
    account_id="111122223333",
    expires_at=1_800_000_000,
    client_id="arn:aws:signin:::devtools/same-device",
    refresh_token=Secret("r" * 2048),
    dpop_key_pem=Secret("a-key"),
    token_type="urn:aws:params:oauth:token-type:access_token_sigv4",
    id_token=Secret("a.eyJzZXNzaW9uX2VuZHNfYXQiOjE4MDAwNDMyMDB9.c"),
    sign_in_region="us-east-1",
    unknown={"future": {"a": [1]}, "accessToken": {"hint": "x"}},
)


class DictKeyring:
    """A keyring in memory."""

    def __init__(self) -> None:
        self.keys: dict[str, Secret] = {}

    def read(self, key_id: str) -> Secret | None:
        return self.keys.get(key_id)

    def write(self, key_id: str, key: Secret) -> None:
        self.keys[key_id] = key

    def forget(self, key_id: str) -> None:
        self.keys.pop(key_id, None)

    def check(self) -> None:
        """It works."""


@pytest.fixture(params=["file", "vault"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> SessionStore:
    environ = {"AWS_LOGIN_CACHE_DIRECTORY": str(tmp_path / "cache")}
    return SessionCache(environ) if request.param == "file" else VaultStore(environ, DictKeyring())


def test_a_login_is_given_back_whole(store: SessionStore) -> None:
    """Every member, the unknown ones at both levels, and the longest refresh token there is."""
    assert store.load(SESSION) is None
    store.save(SESSION, ENTRY)
    assert store.load(SESSION) == ENTRY
    assert store.load(OTHER) is None


def test_a_later_save_replaces_it(store: SessionStore) -> None:
    """A refresh."""
    store.save(SESSION, ENTRY)
    store.save(SESSION, replace(ENTRY, refresh_token=Secret("next")))
    entry = store.load(SESSION)
    assert entry is not None
    assert entry.refresh_token == Secret("next")
    assert len(store.login_files()) == 1


def test_what_may_be_shown_is_the_entry_s(store: SessionStore) -> None:
    """And nothing for a session that tells no end."""
    assert store.summary(SESSION) is None
    store.save(SESSION, ENTRY)
    assert store.summary(SESSION) == SessionSummary("111122223333", 1_800_000_000, 1_800_043_200)
    store.save(SESSION, replace(ENTRY, id_token=Secret("")))
    assert store.summary(SESSION) == SessionSummary("111122223333", 1_800_000_000, None)


def test_a_login_is_removed_once(store: SessionStore) -> None:
    """By its session or by its file; other logins stay."""
    store.save(SESSION, ENTRY)
    store.save(OTHER, ENTRY)
    assert store.remove(SESSION)
    assert not store.remove(SESSION)
    assert store.load(SESSION) is None
    assert store.login_files() == [store.path(OTHER)]
    assert store.remove_file(store.path(OTHER))
    assert not store.remove_file(store.path(OTHER))
    assert store.login_files() == []


def test_files_are_ours_alone(store: SessionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """0600 in 0700 whatever the umask; a wrong mode is repaired; another user's file is refused."""
    previous = os.umask(0)
    try:
        store.save(SESSION, ENTRY)
    finally:
        os.umask(previous)
    path = store.path(SESSION)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700
    path.chmod(0o644)
    assert store.load(SESSION) == ENTRY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    monkeypatch.setattr(os, "getuid", lambda: 4_242_424)
    with pytest.raises(CacheError, match="another user"):
        store.load(SESSION)


def test_one_holder_at_a_time(store: SessionStore) -> None:
    """The lock of one session does not hold up another's."""
    held, seen = threading.Event(), []

    def second() -> None:
        with store.locked(OTHER):
            seen.append("other")
        with store.locked(SESSION):
            seen.append("same")

    with store.locked(SESSION):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        assert seen == ["other"]
        held.set()
    thread.join(10)
    assert seen == ["other", "same"]


def test_a_failed_write_leaves_the_login_as_it_was(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk in the middle of a refresh."""
    store.save(SESSION, ENTRY)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            store.save(SESSION, replace(ENTRY, refresh_token=Secret("next")))
    assert store.load(SESSION) == ENTRY
    assert [path for path in store.directory.iterdir() if path.suffix == ".tmp"] == []


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", "{}", '{"accessToken": 1}', "\x00" * 40])
def test_damage_is_a_cache_error_that_says_what_to_type(store: SessionStore, damage: str) -> None:
    """Never a traceback, whichever storage."""
    store.save(SESSION, ENTRY)
    store.path(SESSION).write_text(damage)
    with pytest.raises(CacheError) as caught:
        store.load(SESSION)
    assert caught.value.hint == "daypass login"
    with pytest.raises(CacheError):
        store.summary(SESSION)


def test_a_directory_in_the_entry_s_place_is_named(store: SessionStore) -> None:
    """Not a traceback."""
    store.path(SESSION).mkdir(parents=True)
    with pytest.raises(CacheError) as caught:
        store.load(SESSION)
    assert caught.value.hint == f"ls -l {store.path(SESSION)}"
