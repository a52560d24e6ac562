"""Where credentials of roles are kept: beside the login they came from, in the same storage, and gone when it is.

    <login cache>/.daypass-roles/<hash of the login session>/<hash of the role's words>.json   or .vault

One folder for each login session, so that a sign-out finds all of them and another identity finds none. The entries are
those of `client/session_store.py`, with its locks, modes and patience; members a role has no use for hold a dash.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from daypass.client import credential_cache
from daypass.client.atomic_file import hold_lock
from daypass.client.role_answer import FOLDER, role_directory
from daypass.client.role_assume import RoleKeys
from daypass.client.role_profile import RoleChain, RoleStep
from daypass.client.session_cache import CacheEntry, parse_time
from daypass.client.session_store import SessionStore, open_store
from daypass.client.storage_choice import STORAGES
from daypass.secret import Secret

__all__ = ["entry_of_role", "forget_all_roles", "forget_roles", "open_role_store"]

_NONE = "-"


def open_role_store(
    chain: RoleChain,
    environ: Mapping[str, str],
    *,
    may_prompt: bool,
    tell: Callable[[str], None] = lambda _text: None,
) -> SessionStore:
    """The folder of the chain's login, in the login's storage; entries go by `RoleStep.cache_text`."""
    return _open(
        chain.login.storage,
        role_directory(environ, chain.login_session),
        environ,
        profile=chain.login.name,
        may_prompt=may_prompt,
        tell=tell,
    )


def _open(
    storage: str,
    directory: str,
    environ: Mapping[str, str],
    *,
    profile: str = "",
    may_prompt: bool = False,
    tell: Callable[[str], None] = lambda _text: None,
) -> SessionStore:
    below = {**environ, "AWS_LOGIN_CACHE_DIRECTORY": directory}
    return open_store(storage, below, profile=profile, may_prompt=may_prompt, tell=tell)


def entry_of_role(step: RoleStep, keys: RoleKeys, source: CacheEntry) -> CacheEntry:
    """What is kept. The login's ID token goes along because it says when renewing ends; behind a device's code nothing
    renews by itself, so there it does not."""
    return CacheEntry(
        access_key_id=keys.access_key_id,
        secret_access_key=keys.secret_access_key,
        session_token=keys.session_token,
        account_id=step.role_arn.split(":")[4],
        expires_at=keys.expires_at,
        client_id="daypass",
        refresh_token=Secret(_NONE),
        dpop_key_pem=Secret(_NONE),
        id_token=Secret("") if step.mfa_serial else source.id_token,
        sign_in_region=source.sign_in_region,
        unknown={"roleArn": step.role_arn},
    )


def forget_roles(login_session: str, environ: Mapping[str, str]) -> tuple[int, int]:
    """Remove the credentials of every role over this login. Call it without the login's lock.

    Returns how many there were, and until when the longest of them lives (epoch seconds). An assumption on its way ends
    first and finds its login gone, or is forgotten here.
    """
    return _forget(Path(role_directory(environ, login_session)), environ)


def forget_all_roles(environ: Mapping[str, str]) -> tuple[int, int]:
    """The same for every login, whatever its profile says now."""
    root = Path(credential_cache.cache_directory(environ)) / FOLDER
    found = [_forget(folder, environ) for folder in sorted(root.iterdir())] if root.is_dir() else []
    return sum(count for count, _ in found), max((until for _, until in found), default=0)


def _forget(folder: Path, environ: Mapping[str, str]) -> tuple[int, int]:
    count, until = 0, 0
    for storage in STORAGES:
        store = _open(storage, str(folder), environ)
        for path in _entries(folder, store):
            with hold_lock(path):
                until = max(until, _end(path))
                count += store.remove_file(path)
    return count, until


def _entries(folder: Path, store: SessionStore) -> list[Path]:
    """Every entry there is, and every one that somebody holds the lock for and may be about to write."""
    if not folder.is_dir():
        return []
    suffix = store.path("").suffix
    locks = [path.name[1 : -len(".lock")] for path in folder.glob(f".*{suffix}.lock")]
    names = {path.name for path in folder.glob(f"*{suffix}")} | set(locks)
    return [folder / name for name in sorted(names)]


def _end(path: Path) -> int:
    """When the credentials in a file end, as far as it says so in clear; else 0."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        token = content.get("accessToken", content)
        told = token["expiresAt"]
        return told if isinstance(told, int) else parse_time(str(told))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0
