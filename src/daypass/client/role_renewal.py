"""The story of a role's credentials: serve, or lock, read again, assume once, keep.

The same story as `client/refresh.py`, with a login beneath instead of a refresh token: one process assumes the role, all
others wait for the lock and find its answer. Each role of a chain has its own entry, so two profiles over one role share
it. What lives is served when the login, STS or the network fails; nothing is served, and nothing is kept, once the login
is signed out, whoever signed it out.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from daypass.client.back_off import BackOff
from daypass.client.credential_cache import MANDATORY_REFRESH_SECONDS
from daypass.client.narrow_profile import arn_of_session, way_back
from daypass.client.role_assume import Source, assume_role, choose_service
from daypass.client.role_profile import RoleChain, RoleStep
from daypass.client.role_store import entry_of_role
from daypass.client.session_cache import CacheEntry
from daypass.client.session_store import SessionStore
from daypass.client.storage_choice import FILE
from daypass.client.transport import Send
from daypass.errors import CacheError, DaypassError, LoginRequired

__all__ = ["RoleRenewal", "fresh_role"]


@dataclass(frozen=True, slots=True)
class RoleRenewal:
    """What assuming the roles of a chain needs from outside."""

    chain: RoleChain
    store: SessionStore
    """Of the roles (`role_store.open_role_store`)."""
    login_store: SessionStore
    supply_login: Callable[[], CacheEntry]
    """The login's credentials, renewed."""
    environ: Mapping[str, str]
    send: Send
    clock: Callable[[], int]
    """Epoch seconds."""
    ask_code: Callable[[RoleStep], str]
    """The code of the step's device. Raises LoginRequired where nobody can be asked."""
    tell: Callable[[str], None]


def fresh_role(renewal: RoleRenewal) -> CacheEntry:
    """Credentials of the chain's role with life left.

    Raises LoginRequired when only a person can help, RoleDenied, ConfigError, NetworkError, CacheError, KeyringError.
    """
    chain = renewal.chain
    if not renewal.login_store.path(chain.login_session).exists():
        raise _signed_out(chain)
    return _with_latest_end(_fresh(renewal, len(chain.steps) - 1), renewal)


def _fresh(renewal: RoleRenewal, at: int) -> CacheEntry:
    step = renewal.chain.steps[at]
    entry = _load(step, renewal)
    if entry is not None and _may_serve(step, entry, renewal):
        return entry
    try:
        with renewal.store.locked(step.cache_text):
            return _renew(renewal, at)
    except OSError as problem:
        # Where the lock or the file cannot be written, what lives is still good.
        if entry is not None and entry.expires_at > renewal.clock():
            return entry
        raise CacheError(
            "the role's credentials cannot be kept: their directory cannot be written",
            hint=f"ls -ld {renewal.store.directory}",
            detail=str(problem),
        ) from problem


def _renew(renewal: RoleRenewal, at: int) -> CacheEntry:
    """Under the lock: another process may have asked meanwhile, so read again before asking."""
    step = renewal.chain.steps[at]
    entry = _load(step, renewal)
    if entry is not None and _may_serve(step, entry, renewal):
        return entry
    pause = BackOff(renewal.store.path(step.cache_text))
    try:
        fresh = _assume(renewal, at)
    except DaypassError as problem:
        if entry is not None and entry.expires_at > renewal.clock():
            pause.note_failure(renewal.clock(), asked=problem.retry_after)
            return entry
        raise
    if renewal.login_store.path(renewal.chain.login_session).exists():
        renewal.store.save(step.cache_text, fresh)  # else somebody signed out meanwhile
    pause.note_success()
    return fresh


def _assume(renewal: RoleRenewal, at: int) -> CacheEntry:
    step, chain = renewal.chain.steps[at], renewal.chain
    beneath = _fresh(renewal, at - 1) if at else renewal.supply_login()
    if step.duration_seconds < step.wanted_seconds:
        renewal.tell(
            f'a role over a role lasts one hour at most, so profile "{step.profile.name}" gets '
            f"{step.duration_seconds} seconds instead of {step.wanted_seconds}"
        )
    code = renewal.ask_code(step) if step.mfa_serial else ""
    source = Source(
        beneath, chain.steps[at - 1].role_arn if at else arn_of_session(chain.login_session), chain.login.name
    )
    service = choose_service(step, beneath.sign_in_region, renewal.environ)
    keys = assume_role(step, source, service, code=code, now=renewal.clock(), send=renewal.send)
    return entry_of_role(step, keys, beneath)


def _load(step: RoleStep, renewal: RoleRenewal) -> CacheEntry | None:
    """A damaged entry, or one whose key is gone, is no entry: the role is assumed again and replaces it."""
    try:
        return renewal.store.load(step.cache_text)
    except CacheError as problem:
        if problem.hint == "daypass login":
            return None
        raise


def _may_serve(step: RoleStep, entry: CacheEntry, renewal: RoleRenewal) -> bool:
    now = renewal.clock()
    if entry.expires_at - now > MANDATORY_REFRESH_SECONDS:
        return True
    return entry.expires_at > now and BackOff(renewal.store.path(step.cache_text)).is_resting(now)


def _with_latest_end(entry: CacheEntry, renewal: RoleRenewal) -> CacheEntry:
    """The entry, saying when the login ends that is there now; a new login may have followed the one it came from."""
    if not entry.id_token or renewal.login_store.storage != FILE:
        return entry
    with contextlib.suppress(CacheError):
        login = renewal.login_store.load(renewal.chain.login_session)
        if login is not None:
            return replace(entry, id_token=login.id_token)
    return entry


def _signed_out(chain: RoleChain) -> LoginRequired:
    return LoginRequired(
        f'profile "{chain.role.profile.name}" is a role over "{chain.login.name}", which is not signed in',
        hint=way_back(chain.login),
    )
