"""The story of renewing: lock, read again, ask once, keep.

    valid ──────────────────────────────> serve it
    near its end ──> lock ──> read again ──> valid now (another process asked) ──> serve it
                                        └──> ask the server ──> keep, serve
                                                  ├── network or server fault ──> serve what still lives
                                                  └── refused ──> serve what still lives, else say why

One process refreshes, all others wait for the lock and find its answer (aws/aws-cli #10628 is what happens
otherwise). A fault never deletes anything: only `logout` does.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from daypass.client.credential_cache import MANDATORY_REFRESH_SECONDS
from daypass.client.dpop_key import key_from_pem
from daypass.client.session_cache import CacheEntry, SessionCache
from daypass.client.token_endpoint import TokenEndpoint
from daypass.client.transport import Send
from daypass.errors import CacheError, DaypassError, LoginRequired, NetworkError
from daypass.protocol.oauth.errors import (
    InsufficientPermissions,
    InvalidRequest,
    SignInError,
    TokenExpired,
    UserCredentialsChanged,
)

__all__ = ["Renewal", "fresh_entry"]


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a renewal needs from outside."""

    cache: SessionCache
    endpoint_for: Callable[[CacheEntry], str]
    """The sign-in service's base URL for an entry (its own region, never the workload's)."""
    send: Send
    clock: Callable[[], int]
    """Epoch seconds."""
    profile: str
    """Only for the texts."""


def fresh_entry(login_session: str, renewal: Renewal) -> CacheEntry:
    """Credentials with life left, refreshed when they near their end.

    Raises LoginRequired when only a person can help, NetworkError when nothing valid is left and the
    service cannot be reached, CacheError for a damaged or foreign file.
    """
    entry = _load(login_session, renewal)
    if _has_time(entry, renewal.clock()):
        return entry
    with renewal.cache.locked(login_session):
        entry = _load(login_session, renewal)
        if _has_time(entry, renewal.clock()):
            return entry
        try:
            renewed = _refresh(entry, renewal)
        except DaypassError as problem:
            if entry.expires_at > renewal.clock():
                return entry
            raise _explain(problem, renewal.profile) from problem
        renewal.cache.save(login_session, _with_news(_latest(login_session, renewal, entry), renewed))
        return renewed


def _load(login_session: str, renewal: Renewal) -> CacheEntry:
    entry = renewal.cache.load(login_session)
    if entry is None:
        raise LoginRequired(
            f'profile "{renewal.profile}" has no saved session',
            hint=f"daypass login --profile {renewal.profile}",
        )
    return entry


def _has_time(entry: CacheEntry, now: int) -> bool:
    return entry.expires_at - now > MANDATORY_REFRESH_SECONDS


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
    )


def _latest(login_session: str, renewal: Renewal, fallback: CacheEntry) -> CacheEntry:
    """A foreign writer holds no lock: take its unknown members along as they are now.

    Whatever state the file is in, the successor token we just received must reach it.
    """
    try:
        return renewal.cache.load(login_session) or fallback
    except CacheError:
        return fallback


def _with_news(latest: CacheEntry, renewed: CacheEntry) -> CacheEntry:
    return replace(renewed, unknown=latest.unknown, id_token=renewed.id_token or latest.id_token)


def _explain(problem: DaypassError, profile: str) -> DaypassError:
    """The refusal in the person's words, with the one command that helps."""
    again = f"daypass login --profile {profile}"
    match problem:
        case NetworkError():
            return problem
        case TokenExpired():
            return LoginRequired(
                f'the session of profile "{profile}" has ended', hint=again, detail=problem.message
            )
        case UserCredentialsChanged():
            return LoginRequired("the password changed since this login", hint=again, detail=problem.message)
        case InsufficientPermissions():
            return LoginRequired(
                "this identity may no longer use terminal credentials (signin:CreateOAuth2Token)",
                hint="ask an administrator to attach the policy SignInLocalDevelopmentAccess",
                detail=problem.message,
            )
        case InvalidRequest():
            return LoginRequired(
                "the sign-in service does not know this session (another region, or revoked)",
                hint=again,
                detail=problem.message,
            )
        case SignInError():
            return NetworkError("the sign-in service could not answer", hint=again, detail=problem.message)
        case _:
            return problem
