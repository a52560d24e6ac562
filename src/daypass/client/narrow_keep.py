"""A narrowed login gets its place, and what stood there before is handed back to be ended. No order of events loses one.

    save the new entry ──> point the profile at it ──> take away the one it pointed at before

Under the lock of the entry's place, so that of several that replace one another each takes away exactly one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from daypass.client.aws_config import Profile, load_config
from daypass.client.role_store import forget_roles
from daypass.client.session_cache import CacheEntry
from daypass.client.session_store import SessionStore
from daypass.client.storage_move import profiles_at
from daypass.errors import CacheError, KeyringError

__all__ = ["FormerLogin", "Replaced", "keep_narrowed"]


@dataclass(frozen=True, slots=True)
class FormerLogin:
    """The narrowed login that the profile has so far."""

    profile: Profile
    store: SessionStore

    @property
    def login_session(self) -> str:
        """What names it."""
        return self.profile.text("login_session") or ""


@dataclass(frozen=True, slots=True)
class Replaced:
    """What was taken away."""

    entry: CacheEntry | None = None
    """To be revoked; None when there was none that could be read."""
    doubt: str = ""
    """Why one that was there could not be read."""


def keep_narrowed(
    login_session: str,
    entry: CacheEntry,
    *,
    store: SessionStore,
    former: FormerLogin | None,
    environ: Mapping[str, str],
    point: Callable[[], None],
) -> list[Replaced]:
    """Keep the entry; `point` writes the profile's lines. Raises KeyringError, OSError, ConfigError: then nothing changed."""
    with store.locked(login_session):
        replaced = [_peek(store, login_session)]
        store.save(login_session, entry)
        try:
            point()
        except BaseException:
            _put_back(store, login_session, replaced[0].entry)
            raise
    if former is not None and store.path(login_session) != former.store.path(former.login_session):
        replaced.append(_take_away(former, environ))
    for session in {login_session, former.login_session if former is not None else login_session}:
        forget_roles(session, environ)
    return [each for each in replaced if each != Replaced()]


def _take_away(former: FormerLogin, environ: Mapping[str, str]) -> Replaced:
    with former.store.locked(former.login_session):
        if profiles_at(load_config(environ), former.login_session, former.store.storage):
            return Replaced()  # a copy of the profile still uses it
        found = _peek(former.store, former.login_session)
        former.store.remove(former.login_session)
    return found


def _put_back(store: SessionStore, login_session: str, entry: CacheEntry | None) -> None:
    if entry is None:
        store.remove(login_session)
    else:
        store.save(login_session, entry)


def _peek(store: SessionStore, login_session: str) -> Replaced:
    try:
        return Replaced(store.load(login_session))
    except (CacheError, KeyringError) as problem:
        return Replaced(doubt=problem.message)
