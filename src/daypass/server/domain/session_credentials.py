"""Credentials a user makes of the user's own long-term keys: GetSessionToken and GetFederationToken.

(STS reference, operations of the same names.) What such credentials may not do, whatever policies say, stands in
`check_action_allowed`: it is a property of how they were made.
"""

from dataclasses import dataclass, field

from daypass.protocol.aws.errors import AccessDenied
from daypass.secret import Secret
from daypass.server.domain.identifiers import constraint_refusal
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.session_scope import SessionScope
from daypass.server.domain.tokens import (
    SessionClaims,
    access_key_id,
    is_long_term,
    seal_session_token,
    temporary_secret_key,
)

__all__ = [
    "MAX_DURATION",
    "SessionCredentials",
    "check_action_allowed",
    "check_long_term_caller",
    "check_session_duration",
    "federated_user_claims",
    "seal_credentials",
    "session_token_claims",
]

MIN_DURATION = 900
"""Seconds."""
MAX_DURATION = 129_600
"""Seconds: 36 hours."""
DEFAULT_DURATION = 43_200
"""Seconds."""

_ADMINISTERING = ("iam", "signin")


@dataclass(frozen=True, slots=True)
class SessionCredentials:
    """Temporary credentials that are no role's."""

    claims: SessionClaims
    secret_access_key: Secret = field(repr=False)
    session_token: Secret = field(repr=False)
    packed_percent: int | None = None
    """How full the session's room is; None when nothing was put into it."""


def check_session_duration(duration_seconds: int | None) -> int:
    """Seconds. Raises ValidationError."""
    if duration_seconds is None:
        return DEFAULT_DURATION
    if duration_seconds < MIN_DURATION:
        raise constraint_refusal(
            "durationSeconds", f"Member must have value greater than or equal to {MIN_DURATION}"
        )
    if duration_seconds > MAX_DURATION:
        raise constraint_refusal(
            "durationSeconds", f"Member must have value less than or equal to {MAX_DURATION}"
        )
    return duration_seconds


def check_long_term_caller(claims: SessionClaims, action: str) -> None:
    """Temporary credentials must not prolong themselves. Raises AccessDenied."""
    if not is_long_term(claims.access_key_id):
        raise AccessDenied(f"Cannot call {action} with session credentials")


def check_action_allowed(claims: SessionClaims, action: str) -> None:
    """`action` is `service:Operation`. Raises AccessDenied for what these credentials can never do.

    GetSessionToken without a second factor: no IAM, nobody's sessions; at STS only AssumeRole and GetCallerIdentity.
    GetFederationToken: no IAM, nobody's sessions, and at STS only GetCallerIdentity.
    """
    service, _, operation = action.partition(":")
    if claims.userid:
        is_forbidden = service in _ADMINISTERING or (service == "sts" and operation != "GetCallerIdentity")
    elif claims.is_session_token:
        is_forbidden = (service in _ADMINISTERING and not claims.mfa_at) or (
            service == "sts" and operation not in ("AssumeRole", "GetCallerIdentity")
        )
    else:
        return
    if is_forbidden:
        raise AccessDenied(f"Cannot call {operation} with these session credentials")


def session_token_claims(
    principal: PrincipalSnapshot, *, key_seed: bytes, now: int, expires_at: int, mfa_at: int
) -> SessionClaims:
    """The user itself, for a while."""
    return SessionClaims(
        access_key_id=access_key_id(principal.account_id, key_seed),
        account_id=principal.account_id,
        principal_kind=principal.kind,
        principal_arn=principal.arn,
        principal_id=principal.principal_id,
        issued_at=now,
        expires_at=expires_at,
        mfa_at=mfa_at,
        is_session_token=True,
    )


def federated_user_claims(
    principal: PrincipalSnapshot,
    *,
    name: str,
    scope: SessionScope,
    tags: Tags,
    key_seed: bytes,
    now: int,
    expires_at: int,
) -> SessionClaims:
    """Somebody the user vouches for under a name of the user's choice, within the user's own permissions."""
    account_id = principal.account_id
    return SessionClaims(
        access_key_id=access_key_id(account_id, key_seed),
        account_id=account_id,
        principal_kind=principal.kind,
        principal_arn=f"arn:aws:sts::{account_id}:federated-user/{name}",
        principal_id=principal.principal_id,
        issued_at=now,
        expires_at=expires_at,
        tags=tags,
        scope=scope,
        userid=f"{account_id}:{name}",
    )


def seal_credentials(
    ring: KeyRing, claims: SessionClaims, *, packed_percent: int | None = None
) -> SessionCredentials:
    """Secret and token for these claims, under the ring's current key."""
    key_id = ring.current.key_id
    return SessionCredentials(
        claims,
        Secret(temporary_secret_key(ring, claims, key_id=key_id)),
        Secret(seal_session_token(ring, claims, key_id=key_id)),
        packed_percent,
    )
