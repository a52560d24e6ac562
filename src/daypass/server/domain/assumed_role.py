"""The credentials of a role session, and the lengths it may have. One maker for every way into a role.

(STS reference, "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity".) Nothing is decided here: whoever
calls `issue_assumed_role` has asked the trust policy.
"""

from dataclasses import dataclass, field

from daypass.protocol.aws.arn import parse_arn
from daypass.protocol.aws.errors import ValidationError
from daypass.secret import Secret
from daypass.server.domain.account import Role
from daypass.server.domain.identifiers import constraint_refusal
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.role_owner import ParentLogin
from daypass.server.domain.role_session import (
    RoleSession,
    assumed_role_arn,
    check_packed_size,
    federated_provider_of,
    packed_percent,
)
from daypass.server.domain.session_scope import SessionScope, scope_packed_percent
from daypass.server.domain.tokens import (
    SessionClaims,
    access_key_id,
    seal_session_token,
    temporary_secret_key,
)

__all__ = [
    "DEFAULT_DURATION",
    "KEY_SEED_BYTES",
    "MAX_DURATION",
    "MIN_DURATION",
    "AssumedRole",
    "check_duration",
    "check_role_maximum",
    "issue_assumed_role",
    "parse_role_arn",
]

MIN_DURATION = 900
"""Seconds."""
MAX_DURATION = 43_200
"""Seconds; the role's own maximum is at most this."""
DEFAULT_DURATION = 3600
"""Seconds."""
KEY_SEED_BYTES = 8


@dataclass(frozen=True, slots=True)
class AssumedRole:
    """Credentials of a role session."""

    claims: SessionClaims
    packed_percent: int | None
    """How full the session's room is; None when nothing was put into it."""
    secret_access_key: Secret = field(repr=False)
    session_token: Secret = field(repr=False)


def parse_role_arn(role_arn: str) -> tuple[str, str]:
    """Account and name of the role an ARN speaks of. Raises ValidationError."""
    arn = parse_arn(role_arn)
    if arn.service != "iam" or not arn.resource.startswith("role/") or len(arn.account_id) != 12:
        raise ValidationError("The role ARN is not valid")
    return arn.account_id, arn.resource.rpartition("/")[2]


def check_duration(duration_seconds: int | None) -> int:
    """The session's length as far as it can be judged without the role. Raises ValidationError."""
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


def check_role_maximum(role: Role, duration: int) -> None:
    """Ask only after the role's trust policy: its maximum is nobody else's business. Raises ValidationError."""
    if duration > role.max_session_duration:
        raise ValidationError(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )


def issue_assumed_role(
    ring: KeyRing,
    role: Role,
    role_session: RoleSession,
    *,
    session_name: str,
    key_seed: bytes,
    now: int,
    expires_at: int,
    is_chained: bool = False,
    scope: SessionScope | None = None,
    parent_login: ParentLogin | None = None,
) -> AssumedRole:
    """`key_seed` is KEY_SEED_BYTES random bytes. Raises PackedPolicyTooLarge."""
    check_packed_size(role_session)
    key_id = ring.current.key_id
    claims = SessionClaims(
        access_key_id=access_key_id(role.account_id, key_seed),
        account_id=role.account_id,
        principal_kind="role",
        principal_arn=assumed_role_arn(role.account_id, role.role_name, session_name),
        principal_id=f"{role.role_id}:{session_name}",
        issued_at=now,
        expires_at=expires_at,
        role_arn=role.arn,
        source_identity=role_session.source_identity,
        tags=role_session.tags,
        transitive_tag_keys=role_session.transitive_tag_keys,
        federated_provider=federated_provider_of(role_session.identity),
        is_chained=is_chained,
        identity=role_session.identity,
        scope=scope,
        owner=role_session.owner,
        parent_login=parent_login,
    )
    return AssumedRole(
        claims,
        _percent(role_session, scope),
        Secret(temporary_secret_key(ring, claims, key_id=key_id)),
        Secret(seal_session_token(ring, claims, key_id=key_id)),
    )


def _percent(role_session: RoleSession, scope: SessionScope | None) -> int | None:
    """The fuller of the two rooms; None when nothing was put into either."""
    if scope is None and not role_session.tags:
        return None
    return max(packed_percent(role_session), 0 if scope is None else scope_packed_percent(scope))
