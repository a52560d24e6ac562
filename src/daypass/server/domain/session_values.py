"""What policies may ask about a session: the condition keys that come from its claims. One maker for every verifier.

(IAM reference, "AWS global condition context keys", "Properties of a role session".) Which keys are *absent* matters
as much as their values: a request signed with a long-term key has no aws:TokenIssueTime and no
aws:MultiFactorAuthPresent, which is why deny-unless-MFA policies are written with BoolIfExists.
"""

from datetime import UTC, datetime
from functools import lru_cache

from daypass.policy.request_context import ConditionValue
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.role_session import session_values
from daypass.server.domain.tokens import SessionClaims, is_long_term

__all__ = ["claims_values", "presence_values"]


def claims_values(claims: SessionClaims, *, principal_tags: Tags, now: int) -> dict[str, ConditionValue]:
    """`principal_tags` are the user's or role's own; a session's tags win over them. `now` in epoch seconds."""
    values = session_values(
        source_identity=claims.source_identity,
        federated_provider=claims.federated_provider,
        tags=claims.tags,
        role_tags=principal_tags,
    )
    if claims.userid:
        values["aws:PrincipalArn"] = claims.principal_arn
        values["aws:PrincipalType"] = "FederatedUser"
    if not is_long_term(claims.access_key_id):
        values["aws:TokenIssueTime"] = _iso_time(claims.issued_at)
        values |= presence_values(claims.mfa_at, now=now)
    return values


def presence_values(mfa_at: int, *, now: int) -> dict[str, ConditionValue]:
    """aws:MultiFactorAuthPresent, and where it is true aws:MultiFactorAuthAge in seconds. `mfa_at` 0 is never."""
    if not mfa_at:
        return {"aws:MultiFactorAuthPresent": "false"}
    return {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": str(max(0, now - mfa_at))}


@lru_cache(maxsize=4096)
def _iso_time(moment: int) -> str:
    """One session asks many times."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
