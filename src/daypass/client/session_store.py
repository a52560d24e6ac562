"""The one place that knows where a profile's login is: everything that reads, renews, keeps or removes one comes here.

    file    client/session_cache.py   AWS's shared file
    vault   client/vault_store.py     a sealed file, its key in the system keyring

A profile's login is looked for in its own storage only. Whoever cannot open a vault gets the vault's error, never the
other storage's file.
"""

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from daypass.client.environment_hints import forbids_input, is_ci
from daypass.client.session_cache import CacheEntry, SessionCache, SessionSummary
from daypass.client.storage_choice import FILE
from daypass.client.vault_keyring import SystemKeyring, patience_of
from daypass.client.vault_store import VaultStore

__all__ = ["SessionStore", "is_attended", "open_store"]


class SessionStore(Protocol):
    """Saved logins, by their login session (an ARN)."""

    @property
    def storage(self) -> str:
        """FILE or VAULT."""
        ...

    @property
    def directory(self) -> Path:
        """Where files and locks lie."""
        ...

    def path(self, login_session: str) -> Path:
        """The entry's file."""
        ...

    def locked(self, login_session: str) -> AbstractContextManager[None]:
        """Be the only one of our processes to refresh or write this session."""
        ...

    def check(self) -> None:
        """Whether a login could be kept. Raises KeyringError."""
        ...

    def load(self, login_session: str) -> CacheEntry | None:
        """The entry, or None. Raises CacheError, KeyringError."""
        ...

    def summary(self, login_session: str) -> SessionSummary | None:
        """What may be shown of it without asking anybody. Raises CacheError."""
        ...

    def save(self, login_session: str, entry: CacheEntry) -> None:
        """Replace the entry. Call it under `locked`. Raises KeyringError, OSError."""
        ...

    def remove(self, login_session: str) -> bool:
        """Delete the entry; False when there was none."""
        ...

    def remove_file(self, path: Path) -> bool:
        """Delete one of `login_files`; False when it is gone already."""
        ...

    def login_files(self) -> list[Path]:
        """The files of all entries."""
        ...


def open_store(
    storage: str,
    environ: Mapping[str, str],
    *,
    profile: str,
    may_prompt: bool,
    tell: Callable[[str], None] = lambda _text: None,
) -> SessionStore:
    """The storage. `profile` is for texts; `may_prompt` says whether the keyring may ask somebody, `tell` that it may be.

    Raises ConfigError for a bad DAYPASS_KEYRING_TIMEOUT.
    """
    if storage == FILE:
        return SessionCache(environ)
    patience = patience_of(environ, may_prompt=may_prompt)
    return VaultStore(environ, SystemKeyring(profile, may_prompt, patience, tell))


def is_attended(environ: Mapping[str, str]) -> bool:
    """Whether somebody sits at this terminal who could unlock a keyring."""
    if forbids_input(environ) or is_ci(environ):
        return False
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty())
