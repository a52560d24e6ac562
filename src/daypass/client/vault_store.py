"""Logins at rest in a vault: a sealed file in the cache directory, its key in the system keyring.

The same story as `session_cache.py`: one file per login session, replaced in one rename under the lock beside it, private
and ours. The files end in `.vault`, so that programs which read the cache directory leave them alone. The key is drawn at
the first save and stays until the session is removed; it is asked for once per store, so that a long-running command
does not depend on the keyring again. A key is kept before its file is, and removed after it: what a killed process leaves
behind is at worst a key that opens nothing.
"""

import contextlib
import json
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from daypass.client.atomic_file import hold_lock, write_private
from daypass.client.session_cache import (
    CacheEntry,
    SessionCache,
    SessionSummary,
    dump_entry,
    parse_entry,
    read_own_file,
    summarize,
)
from daypass.client.storage_choice import VAULT
from daypass.client.vault_seal import Damaged, SealedEntry, draw_key, parse_sealed, seal, unseal
from daypass.errors import CacheError, KeyringError, VaultDamaged, VaultKeyMissing
from daypass.secret import Secret

__all__ = ["Keyring", "VaultStore", "vault_path"]

_SUFFIX = ".vault"


class Keyring(Protocol):
    """Where keys are. Everything raises KeyringError."""

    def read(self, key_id: str) -> Secret | None:
        """The key, or None when there is none of that name."""
        ...

    def write(self, key_id: str, key: Secret) -> None:
        """Keep it."""
        ...

    def forget(self, key_id: str) -> None:
        """Remove it, if it is there."""
        ...

    def check(self) -> None:
        """Whether all of that works."""
        ...


def vault_path(environ: Mapping[str, str], login_session: str) -> Path:
    """Where the session's sealed entry lies."""
    return SessionCache(environ).path(login_session).with_suffix(_SUFFIX)


class VaultStore:
    """The sealed entries of the cache directory. Methods mean what they mean for `SessionCache`."""

    storage = VAULT

    def __init__(self, environ: Mapping[str, str], keyring: Keyring) -> None:
        self._environ = environ
        self._keyring = keyring
        self._keys: dict[str, Secret] = {}
        self.directory = SessionCache(environ).directory

    def path(self, login_session: str) -> Path:
        """Where the session's entry lies."""
        return vault_path(self._environ, login_session)

    @contextlib.contextmanager
    def locked(self, login_session: str) -> Iterator[None]:
        """Be the only one of our processes to refresh or write this session."""
        with hold_lock(self.path(login_session)):
            yield

    def check(self) -> None:
        """Before a person is sent to a browser: could a login be kept? Raises KeyringError."""
        self._keyring.check()

    def load(self, login_session: str) -> CacheEntry | None:
        """The entry, or None when there is no file. Raises VaultDamaged, VaultKeyMissing, CacheError, KeyringError."""
        path = self.path(login_session)
        sealed = self._read(path)
        if sealed is None:
            return None
        key = self._key(sealed.key_id)
        if key is None:
            raise VaultKeyMissing(
                "the key of the saved session is no longer in the system keyring", hint="daypass login"
            )
        try:
            return parse_entry(json.loads(unseal(sealed, key, file_name=path.name)))
        except (Damaged, ValueError, KeyError, TypeError):
            raise _damaged(path) from None

    def summary(self, login_session: str) -> SessionSummary | None:
        """What the file says in clear; the keyring is not asked, so it is not proven. Raises VaultDamaged, CacheError."""
        sealed = self._read(self.path(login_session))
        if sealed is None:
            return None
        return SessionSummary(sealed.account_id, sealed.expires_at, sealed.session_ends_at or None)

    def save(self, login_session: str, entry: CacheEntry) -> None:
        """Replace the entry. Call it under `locked`. Raises KeyringError."""
        path = self.path(login_session)
        key_id, key = self._key_to_seal_with(path)
        told = summarize(entry)
        header = SealedEntry(key_id, told.account_id, told.expires_at, told.session_ends_at or 0)
        sealed = seal(header, dump_entry(entry).encode(), key, file_name=path.name)
        write_private(path, sealed.text())

    def remove(self, login_session: str) -> bool:
        """Delete the entry and its key; False when there was none."""
        return self.remove_file(self.path(login_session))

    def remove_file(self, path: Path) -> bool:
        """The file goes in any case. A keyring that cannot be used keeps a key that opens nothing any more."""
        sealed = None
        with contextlib.suppress(CacheError):
            sealed = self._read(path)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        if sealed is not None:
            self._keys.pop(sealed.key_id, None)
            with contextlib.suppress(KeyringError):
                self._keyring.forget(sealed.key_id)
        return True

    def login_files(self) -> list[Path]:
        """Every sealed entry of the directory."""
        return sorted(self.directory.glob(f"*{_SUFFIX}")) if self.directory.is_dir() else []

    def _read(self, path: Path) -> SealedEntry | None:
        try:
            text = read_own_file(path)
            return None if text is None else parse_sealed(text)
        except ValueError:
            raise _damaged(path) from None

    def _key(self, key_id: str) -> Secret | None:
        if key_id not in self._keys:
            key = self._keyring.read(key_id)
            if key is None:
                return None
            self._keys[key_id] = key
        return self._keys[key_id]

    def _key_to_seal_with(self, path: Path) -> tuple[str, Secret]:
        """The key the file has already, if it is still there; else a fresh one, kept before it is used."""
        with contextlib.suppress(CacheError):
            present = self._read(path)
            key = None if present is None else self._key(present.key_id)
            if present is not None and key is not None:
                return present.key_id, key
        key_id, key = f"login-{uuid.uuid4().hex}", draw_key()
        self._keyring.write(key_id, key)
        self._keys[key_id] = key
        return key_id, key


def _damaged(path: Path) -> VaultDamaged:
    return VaultDamaged(
        "the sealed session is damaged, or was altered", hint="daypass login", detail=path.name
    )
