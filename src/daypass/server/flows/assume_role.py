"""AssumeRole: a principal becomes a role for a while (STS reference, "AssumeRole").

Who may is said by the role's trust policy. When it names only the caller's account, or the role stands
in another account, the caller's identity policies must allow it too; a deny anywhere wins. A role that
does not exist, does not trust, or may not be used is refused in the same words.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from daypass.policy.decision import Effect
from daypass.policy.document import PolicyDocument, parse_policy
from daypass.policy.evaluation import evaluate_trust, names_caller_directly
from daypass.policy.request_context import ConditionValue, RequestContext
from daypass.protocol.aws.arn import parse_arn
from daypass.protocol.aws.errors import AccessDenied, ValidationError
from daypass.secret import Secret
from daypass.server.domain.account import Role
from daypass.server.domain.identifiers import constraint_refusal
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.tokens import (
    SessionClaims,
    access_key_id,
    seal_session_token,
    temporary_secret_key,
)
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.clock import Randomness
from daypass.server.ports.storage import Storage

__all__ = ["AssumedRole", "RoleAssumption"]

MIN_DURATION = 900
"""Seconds."""
MAX_DURATION = 43_200
"""Seconds; the role's own maximum is at most this."""
MAX_CHAINED_DURATION = 3600
"""Seconds, when the caller is itself a role session."""
DEFAULT_DURATION = 3600
"""Seconds."""
_KEY_SEED_BYTES = 8


@dataclass(frozen=True, slots=True)
class AssumedRole:
    """Credentials of a role session."""

    claims: SessionClaims
    secret_access_key: Secret = field(repr=False)
    session_token: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class RoleAssumption:
    """The story of AssumeRole, over the ports it needs."""

    storage: Storage
    ring: KeyRing
    randomness: Randomness

    async def assume_role(
        self,
        call: VerifiedCall,
        *,
        role_arn: str,
        role_session_name: str,
        duration_seconds: int | None = None,
        external_id: str | None = None,
        source_identity: str | None = None,
    ) -> AssumedRole:
        """Raises AccessDenied, ValidationError."""
        if call.principal.kind == "root":
            raise AccessDenied("Roles may not be assumed by root accounts.")
        duration = check_duration(call, duration_seconds)
        source_identity = check_source_identity(call, source_identity)
        role = await self._load_role(call, role_arn)
        values = call.condition_values()
        values |= {"sts:RoleSessionName": role_session_name, "aws:ResourceAccount": role.account_id}
        if external_id is not None:
            values["sts:ExternalId"] = external_id
        if source_identity:
            values["sts:SourceIdentity"] = source_identity
            check_trusted(call, role, action="sts:SetSourceIdentity", values=values)
        check_trusted(call, role, action="sts:AssumeRole", values=values)
        if duration > role.max_session_duration:
            raise ValidationError(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            )
        return self._issue(
            call,
            role,
            role_session_name=role_session_name,
            duration=duration,
            source_identity=source_identity,
        )

    async def _load_role(self, call: VerifiedCall, role_arn: str) -> Role:
        arn = parse_arn(role_arn)
        if arn.service != "iam" or not arn.resource.startswith("role/"):
            raise ValidationError("The role ARN is not valid")
        role = await self.storage.roles.load_role(arn.account_id, arn.resource.rpartition("/")[2])
        if role is None or role.arn != role_arn:
            raise refusal(call, "sts:AssumeRole", role_arn=role_arn, detail="no such role")
        return role

    def _issue(
        self, call: VerifiedCall, role: Role, *, role_session_name: str, duration: int, source_identity: str
    ) -> AssumedRole:
        key_id = self.ring.current.key_id
        claims = SessionClaims(
            access_key_id=access_key_id(role.account_id, self.randomness.token_bytes(_KEY_SEED_BYTES)),
            account_id=role.account_id,
            principal_kind="role",
            principal_arn=f"arn:aws:sts::{role.account_id}:assumed-role/{role.role_name}/{role_session_name}",
            principal_id=f"{role.role_id}:{role_session_name}",
            issued_at=call.now,
            expires_at=call.now + duration,
            role_arn=role.arn,
            source_identity=source_identity,
        )
        return AssumedRole(
            claims,
            Secret(temporary_secret_key(self.ring, claims, key_id=key_id)),
            Secret(seal_session_token(self.ring, claims, key_id=key_id)),
        )


def check_duration(call: VerifiedCall, duration_seconds: int | None) -> int:
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
    if call.principal.kind == "role" and duration_seconds > MAX_CHAINED_DURATION:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    return duration_seconds


def check_source_identity(call: VerifiedCall, source_identity: str | None) -> str:
    """The identity the session will carry: once set it stays through every chain. Raises AccessDenied."""
    carried = call.claims.source_identity
    if source_identity is not None and carried and source_identity != carried:
        raise AccessDenied("The source identity of this session is set and cannot be changed.")
    return source_identity or carried


def check_trusted(call: VerifiedCall, role: Role, *, action: str, values: dict[str, ConditionValue]) -> None:
    """Both sides agree (IAM user guide, "Policy evaluation logic", role trust policies). Raises AccessDenied."""
    trust_policy = parse_trust_policy(role.trust_policy, role.arn)
    context = RequestContext(action, role.arn, values)
    session_arn = call.claims.principal_arn if call.principal.kind == "role" else None
    trust = evaluate_trust(
        trust_policy,
        context,
        principal_arn=call.principal.arn,
        account_id=call.account_id,
        session_arn=session_arn,
    )
    if not trust.is_allowed:
        raise refusal(call, action, role_arn=role.arn, detail=f"trust policy: {trust.effect}")
    identity = call.decide(action, role.arn, values)
    if identity.is_allowed:
        return
    is_named_at_home = call.account_id == role.account_id and names_caller_directly(
        trust_policy,
        context,
        principal_arn=call.principal.arn,
        account_id=call.account_id,
        session_arn=session_arn,
    )
    if identity.effect is Effect.EXPLICIT_DENY or not is_named_at_home:
        raise refusal(call, action, role_arn=role.arn, detail=f"identity policies: {identity.effect}")


def refusal(call: VerifiedCall, action: str, *, role_arn: str, detail: str) -> AccessDenied:
    """One text for every reason; the reason goes to the log."""
    return AccessDenied(
        f"User: {call.claims.principal_arn} is not authorized to perform: {action} on resource: {role_arn}",
        detail=detail,
    )


@lru_cache(maxsize=1024)
def parse_trust_policy(text: str, role_arn: str) -> PolicyDocument:
    """The stored trust policy, compiled once: the evaluator remembers what it learns about the object."""
    return parse_policy(text, name=f"trust policy of {role_arn}", kind="trust")
