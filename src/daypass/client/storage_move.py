"""A login changes its storage: nothing is lost and nothing stays behind, wherever the process is killed.

    mark ──> seal or write the entry anew ──> point the profiles at it (one rename) ──> remove the old entry
         ──> forget the roles over it ──> unmark

The profiles' lines are the truth at every moment: before they change the old entry is the login, after it the new one.
A mark that is still there means that a process died on the way; the next one that needs this login removes whichever
entry no profile points at. All profiles that share the login move together, because two copies of one refresh token
would part at the first refresh, and one of them would die.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shlex import quote

from daypass.client.atomic_file import hold_lock, write_private
from daypass.client.aws_config import AwsConfig, Profile, load_config
from daypass.client.ini_text import Setting, profile_section
from daypass.client.role_store import forget_roles
from daypass.client.session_cache import CacheEntry, SessionCache
from daypass.client.session_store import SessionStore
from daypass.client.storage_choice import FILE, STORAGES, is_own_process, login_form
from daypass.client.vault_keyring import SystemKeyring, patience_of
from daypass.client.vault_store import VaultStore, vault_path
from daypass.errors import ConfigError, LoginRequired

__all__ = ["check_movable", "finish_move", "move_login", "place_login", "profiles_at"]


def profiles_at(config: AwsConfig, login_session: str, storage: str) -> list[Profile]:
    """The profiles whose login this is, in this storage."""
    return [
        profile
        for profile in map(config.profile, config.profile_names())
        if profile.text("login_session") == login_session and profile.storage == storage
    ]


def move_login(
    login_session: str,
    *,
    source: SessionStore,
    target: SessionStore,
    environ: Mapping[str, str],
    process_for: Callable[[str], str],
) -> list[str]:
    """Move it, and return the names of the profiles that moved along. `process_for` makes a profile's process line.

    Raises LoginRequired when it is gone, ConfigError when a profile's lines cannot be changed, CacheError, KeyringError,
    OSError; whatever is raised, the login is where it was.
    """
    target.check()
    with _both_locked(login_session, environ):
        config = load_config(environ)
        profiles = profiles_at(config, login_session, source.storage)
        if not profiles:
            raise LoginRequired("no profile points at this login any more", hint="daypass status")
        changes: dict[str, dict[str, Setting | None]] = {}
        for profile in profiles:
            check_movable(config, profile)
            changes[profile_section(profile.name)] = login_form(
                target.storage, login_session, process_for(profile.name)
            )
        entry = source.load(login_session)
        if entry is None:
            raise LoginRequired(
                f'profile "{profiles[0].name}" has no saved session',
                hint=f"daypass login --profile {quote(profiles[0].name)}",
            )
        _mark(login_session, config, environ)
        target.save(login_session, entry)
        config.write(changes)
        source.remove(login_session)
    _forget_roles(login_session, environ)
    return [profile.name for profile in profiles]


def place_login(
    login_session: str,
    entry: CacheEntry,
    *,
    target: SessionStore,
    former: Profile,
    environ: Mapping[str, str],
    point: Callable[[], None],
) -> None:
    """Keep a new login where its profile had another storage. `former` is the profile as it was, `point` writes its lines.

    The former entry goes when no profile points at it any more. Raises KeyringError, OSError, ConfigError.
    """
    left = former.text("login_session")
    if left is None or left != login_session:
        with target.locked(login_session):
            target.save(login_session, entry)
        if left is None:
            point()
            return
    with _both_locked(left, environ):
        _mark(left, load_config(environ), environ)
        if left == login_session:
            target.save(login_session, entry)
        point()
        _remove_abandoned(left, load_config(environ), environ)
    _forget_roles(left, environ)


def finish_move(login_session: str | None, environ: Mapping[str, str]) -> None:
    """Bring to its end what a killed process began. Call it without a lock. Raises OSError, ConfigError."""
    if login_session is None or not _marker(login_session, environ).exists():
        return
    with _both_locked(login_session, environ):
        marker = _marker(login_session, environ)
        config = load_config(environ)
        try:
            told = json.loads(marker.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return  # the move came to its end while we waited
        if told != {"config": str(config.config_path)}:
            return  # the profiles of another config file decide
        _remove_abandoned(login_session, config, environ)
    _forget_roles(login_session, environ)


def _remove_abandoned(login_session: str, config: AwsConfig, environ: Mapping[str, str]) -> None:
    """Under both locks: the entries that no profile points at."""
    for storage in STORAGES:
        if not profiles_at(config, login_session, storage):
            _silent_store(storage, environ).remove(login_session)


def _forget_roles(login_session: str, environ: Mapping[str, str]) -> None:
    """The last step, without a lock: credentials of roles over the login lie in the storage it left; they are got again."""
    forget_roles(login_session, environ)
    _marker(login_session, environ).unlink(missing_ok=True)


def check_movable(config: AwsConfig, profile: Profile) -> None:
    """Raises ConfigError where something of the person's own stands in the way of the lines that say where a login is."""
    if "login_session" in config.keys_file_sections.get(profile.name, {}):
        raise ConfigError(
            f'the login of profile "{profile.name}" stands in the credentials file; move its login_session line to'
            f" {config.config_path} first"
        )
    process = profile.settings.get("credential_process")
    if process is not None and not is_own_process(process):
        raise ConfigError(
            f'profile "{profile.name}" has a credential_process of its own; nothing was changed',
            hint=f"daypass doctor --profile {quote(profile.name)}",
        )


def _silent_store(storage: str, environ: Mapping[str, str]) -> SessionStore:
    """For removals, which need nobody's permission: a keyring that is locked keeps a key that opens nothing."""
    if storage == FILE:
        return SessionCache(environ)
    keyring = SystemKeyring("", may_prompt=False, patience=patience_of(environ, may_prompt=False))
    return VaultStore(environ, keyring)


@contextmanager
def _both_locked(login_session: str, environ: Mapping[str, str]) -> Iterator[None]:
    """Always in this order."""
    with ExitStack() as locks:
        locks.enter_context(hold_lock(SessionCache(environ).path(login_session)))
        locks.enter_context(hold_lock(vault_path(environ, login_session)))
        yield


def _mark(login_session: str, config: AwsConfig, environ: Mapping[str, str]) -> None:
    write_private(_marker(login_session, environ), json.dumps({"config": str(config.config_path)}))


def _marker(login_session: str, environ: Mapping[str, str]) -> Path:
    path = SessionCache(environ).path(login_session)
    return path.with_name(f".{path.name}.move")
