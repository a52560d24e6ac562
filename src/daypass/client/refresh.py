"""The story of renewing: lock, read again, ask once, keep.

    valid ──────────────────────────────> serve it
    near its end ──> lock ──> read again ──> valid now (another process asked) ──> serve it
                                        └──> ask the server ──> keep, serve
                                                  └── fault or refusal ──> serve what still lives, and pause;
                                                                           else say why

One process refreshes, all others wait for the lock and find its answer (aws/aws-cli #10628 is what happens
otherwise). A fault never deletes anything: only `logout` does.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from shlex import quote

from daypass.client.back_off import BackOff
from daypass.client.credential_cache import MANDATORY_REFRESH_SECONDS
from daypass.client.dpop_key import key_from_pem, key_to_pem
from daypass.client.session_cache import CacheEntry
from daypass.client.session_store import SessionStore
from daypass.client.token_endpoint import TokenEndpoint
from daypass.client.transport import Send
from daypass.errors import (
    CacheError,
    DaypassError,
    LoginDenied,
    LoginRequired,
    NetworkError,
    WrongRegion,
)
from daypass.protocol.oauth.errors import (
    InsufficientPermissions,
    InvalidRequest,
    ServerError,
    SignInError,
    TokenExpired,
    TooManyRequests,
    UserCredentialsChanged,
)

__all__ = ["Renewal", "explain_refusal", "fresh_entry", "renew_now"]


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a renewal needs from outside."""

    cache: SessionStore
    endpoint_for: Callable[[CacheEntry], str]
    """The sign-in service's base URL for an entry (its own region, never the workload's)."""
    send: Send
    clock: Callable[[], int]
    """Epoch seconds."""
    profile: str
    """Only for the texts."""
    again: str = ""
    """The command that gives the profile a session again; without it, a login."""
    is_region_guessed: Callable[[CacheEntry], bool] = lambda _entry: False
    """Whether the endpoint is AWS's in a region that neither the session nor the person named."""


def fresh_entry(login_session: str, renewal: Renewal) -> CacheEntry:
    """Credentials with life left, refreshed when they near their end.

    Raises LoginRequired when only a person can help, LoginDenied when policy says no, NetworkError when
    nothing valid is left and the service cannot be reached, CacheError for a damaged or foreign file or a
    directory that cannot be written, KeyringError where a vault's keyring does not give the key.
    """
    entry = _load(login_session, renewal)
    if _has_time(entry, renewal.clock()) or _may_rest(login_session, entry, renewal):
        return entry
    try:
        with renewal.cache.locked(login_session):
            return _renew(login_session, renewal)
    except OSError as problem:
        # Where the lock or the file cannot be written (a read-only mount), what lives is still good.
        if entry.expires_at > renewal.clock():
            return entry
        raise CacheError(
            "the saved session cannot be renewed: its directory cannot be written",
            hint=f"ls -ld {renewal.cache.directory}",
            detail=str(problem),
        ) from problem


def renew_now(login_session: str, renewal: Renewal) -> CacheEntry:
    """Ask the server whatever time is left: the proof that the session still lives.

    Raises as `fresh_entry`, and OSError where the directory cannot be written.
    """
    with renewal.cache.locked(login_session):
        entry = _load(login_session, renewal)
        try:
            return _ask_and_keep(login_session, entry, renewal)
        except DaypassError as problem:
            raise explain_refusal(problem, entry, renewal) from problem


def _renew(login_session: str, renewal: Renewal) -> CacheEntry:
    """Under the lock: another process may have asked meanwhile, so read again before asking."""
    entry = _load(login_session, renewal)
    if _has_time(entry, renewal.clock()) or _may_rest(login_session, entry, renewal):
        return entry
    try:
        return _ask_and_keep(login_session, entry, renewal)
    except DaypassError as problem:
        if entry.expires_at > renewal.clock():
            _back_off(login_session, renewal).note_failure(renewal.clock(), asked=problem.retry_after)
            return entry
        raise explain_refusal(problem, entry, renewal) from problem


def _ask_and_keep(login_session: str, entry: CacheEntry, renewal: Renewal) -> CacheEntry:
    """Under the lock."""
    renewed = _refresh(entry, renewal)
    latest = _latest(login_session, renewal, entry)
    if latest is not None:
        renewal.cache.save(login_session, _with_news(latest, renewed))
    _back_off(login_session, renewal).note_success()
    return renewed


def _load(login_session: str, renewal: Renewal) -> CacheEntry:
    try:
        entry = renewal.cache.load(login_session)
    except CacheError as problem:
        raise _with_way_back(problem, renewal) from problem
    if entry is None:
        raise LoginRequired(
            f'profile "{renewal.profile}" has no saved session',
            hint=_again(renewal),
        )
    return entry


def _has_time(entry: CacheEntry, now: int) -> bool:
    return entry.expires_at - now > MANDATORY_REFRESH_SECONDS


def _may_rest(login_session: str, entry: CacheEntry, renewal: Renewal) -> bool:
    """What lives is served at once while a service that just failed is left in peace."""
    now = renewal.clock()
    return entry.expires_at > now and _back_off(login_session, renewal).is_resting(now)


def _back_off(login_session: str, renewal: Renewal) -> BackOff:
    return BackOff(renewal.cache.path(login_session))


def _refresh(entry: CacheEntry, renewal: Renewal) -> CacheEntry:
    endpoint = TokenEndpoint(renewal.endpoint_for(entry), renewal.send)
    key = key_from_pem(entry.dpop_key_pem)
    now = renewal.clock()
    tokens = endpoint.refresh(
        client_id=entry.client_id, refresh_token=entry.refresh_token, key=key, now=now, jti=str(uuid.uuid4())
    )
    return replace(
        entry,
        access_key_id=tokens.access_key_id,
        secret_access_key=tokens.secret_access_key,
        session_token=tokens.session_token,
        expires_at=now + tokens.expires_in,
        refresh_token=tokens.refresh_token,
        token_type=tokens.token_type or entry.token_type,
        dpop_key_pem=key_to_pem(key),
    )


def _latest(login_session: str, renewal: Renewal, fallback: CacheEntry) -> CacheEntry | None:
    """A foreign writer holds no lock: take its unknown members along as they are now.

    Torn or damaged, the successor token we just received must reach the file. Only when the file is gone
    (None) was it somebody's sign-out, which a refresh must not undo.
    """
    try:
        return renewal.cache.load(login_session)
    except CacheError:
        return fallback


def _with_news(latest: CacheEntry, renewed: CacheEntry) -> CacheEntry:
    return replace(renewed, unknown=latest.unknown, id_token=renewed.id_token or latest.id_token)


def explain_refusal(problem: DaypassError, entry: CacheEntry, renewal: Renewal) -> DaypassError:
    """The refusal in the person's words, with the one command that helps."""
    profile = renewal.profile
    again = _again(renewal)
    match problem:
        case TokenExpired():
            return LoginRequired(
                f'the session of profile "{profile}" has ended', hint=again, detail=problem.message
            )
        case UserCredentialsChanged():
            return LoginRequired("the password changed since this login", hint=again, detail=problem.message)
        case InsufficientPermissions():
            return LoginDenied(
                "this identity may no longer use terminal credentials (signin:CreateOAuth2Token)",
                hint="ask an administrator to attach the policy SignInLocalDevelopmentAccess",
                detail=problem.message,
            )
        case TooManyRequests():
            return NetworkError(
                "the sign-in service gets too many requests",
                hint=_later(problem, "a minute"),
                detail=problem.message,
            )
        case ServerError():
            return NetworkError(
                "the sign-in service failed", hint=_later(problem, "a moment"), detail=problem.message
            )
        case NetworkError() if problem.retry_after:
            return NetworkError(problem.message, hint=_later(problem, ""), detail=problem.detail)
        case InvalidRequest() if renewal.is_region_guessed(entry):
            # A refresh token is known only where it was issued (AWS CLI guide, "Sign in for AWS local development").
            return WrongRegion(
                f'the session of profile "{profile}" does not say in which region it began, and the one tried'
                " does not know it",
                hint=f"{again} --region REGION",
                detail=problem.message,
            )
        case SignInError():
            return LoginRequired(
                f"the sign-in service refused to renew this session: {problem.message}",
                hint=again,
                detail=problem.detail,
            )
        case CacheError():
            return _with_way_back(problem, renewal)
        case _:
            return problem


def _later(problem: DaypassError, otherwise: str) -> str:
    return f"try again in {f'{problem.retry_after} seconds' if problem.retry_after else otherwise}"


def _again(renewal: Renewal) -> str:
    return renewal.again or f"daypass login --profile {quote(renewal.profile)}"


def _with_way_back(problem: CacheError, renewal: Renewal) -> CacheError:
    if problem.hint != "daypass login":
        return problem
    return type(problem)(problem.message, hint=_again(renewal), detail=problem.detail)
