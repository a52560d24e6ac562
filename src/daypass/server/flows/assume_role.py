"""AssumeRole: a principal becomes a role for a while (STS reference, "AssumeRole").

Who may is said by the role's trust policy. When it names only the caller's account, or the role stands
in another account, the caller's identity policies must allow it too; boundary, session policies and what stands
over the account always must; a deny anywhere wins. A role that does not exist, does not trust, or may not be used
is refused in the same words.
"""

from dataclasses import dataclass

from daypass.policy.layers import ResourcePolicy
from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import AccessDenied, ValidationError
from daypass.server.domain.access_refusal import statement_words
from daypass.server.domain.account import Role
from daypass.server.domain.assumed_role import (
    KEY_SEED_BYTES,
    AssumedRole,
    check_duration,
    check_role_maximum,
    issue_assumed_role,
    parse_role_arn,
)
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.resource_tags import resource_tag_values
from daypass.server.domain.role_session import RoleSession
from daypass.server.domain.session_lineage import owner_of, parent_login_of
from daypass.server.domain.session_scope import build_scope
from daypass.server.domain.session_tags import (
    check_transitive_keys,
    inherit_tags,
    requested_session_values,
    required_actions,
)
from daypass.server.domain.session_values import presence_values
from daypass.server.domain.totp import check_code_parameters
from daypass.server.domain.trust_policy import parse_trust_policy
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.clock import Randomness
from daypass.server.ports.second_factor import SecondFactor
from daypass.server.ports.session_policies import SessionPolicyCheck
from daypass.server.ports.storage import Storage

__all__ = ["RoleAssumption"]

MAX_CHAINED_DURATION = 3600
"""Seconds, when the caller is itself a role session."""


@dataclass(frozen=True, slots=True)
class RoleAssumption:
    """The story of AssumeRole, over the ports it needs."""

    storage: Storage
    ring: KeyRing
    randomness: Randomness
    second_factor: SecondFactor
    session_policies: SessionPolicyCheck

    async def assume_role(
        self,
        call: VerifiedCall,
        *,
        role_arn: str,
        role_session_name: str,
        duration_seconds: int | None = None,
        external_id: str | None = None,
        source_identity: str | None = None,
        tags: Tags = (),
        transitive_tag_keys: tuple[str, ...] = (),
        policy: str | None = None,
        policy_arns: tuple[str, ...] = (),
        serial_number: str | None = None,
        token_code: str | None = None,
    ) -> AssumedRole:
        """`tags` are checked (`session_tags.check_session_tags`).

        A device and code prove presence for this call's trust policy; the role session itself is one without a second
        factor, as in AWS. Raises AccessDenied, ValidationError, MalformedPolicyDocument, PackedPolicyTooLarge, Throttling.
        """
        if call.principal.kind == "root":
            raise AccessDenied("Roles may not be assumed by root accounts.")
        duration = check_duration(duration_seconds)
        check_chained_duration(call, duration)
        tags, transitive_tag_keys = check_tags(call, tags, transitive_tag_keys)
        session = RoleSession(
            role_arn,
            check_source_identity(call, source_identity),
            tags,
            transitive_tag_keys,
            owner=owner_of(call.claims),
        )
        scope = build_scope(policy=policy, policy_arns=policy_arns)
        device = check_code_parameters(serial_number, token_code)
        role = await self._load_role(call, role_arn)
        values = question_values(call, role, session, session_name=role_session_name, external_id=external_id)
        if device is not None:
            await self._prove_presence(call, *device)
            values |= presence_values(call.now, now=call.now)
        for action in required_actions(
            "sts:AssumeRole", tags=session.tags, source_identity=session.source_identity
        ):
            check_trusted(call, role, action=action, values=values)
        check_role_maximum(role, duration)
        await self.session_policies.check_exist(role.account_id, policy_arns)
        return issue_assumed_role(
            self.ring,
            role,
            session,
            session_name=role_session_name,
            key_seed=self.randomness.token_bytes(KEY_SEED_BYTES),
            now=call.now,
            expires_at=call.now + duration,
            is_chained=call.principal.kind == "role",
            scope=scope,
            parent_login=parent_login_of(call.claims),
        )

    async def _prove_presence(self, call: VerifiedCall, serial_number: str, code: str) -> None:
        await self.second_factor.prove(
            call.account_id, call.principal.principal_id, serial_number=serial_number, code=code, now=call.now
        )

    async def _load_role(self, call: VerifiedCall, role_arn: str) -> Role:
        role = await self.storage.roles.load_role(*parse_role_arn(role_arn))
        if role is None or role.arn != role_arn:
            raise refusal(call, "sts:AssumeRole", role_arn=role_arn, detail="no such role")
        return role


def check_chained_duration(call: VerifiedCall, duration: int) -> None:
    """Raises ValidationError."""
    if call.principal.kind == "role" and duration > MAX_CHAINED_DURATION:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )


def check_tags(
    call: VerifiedCall, tags: Tags, transitive_tag_keys: tuple[str, ...]
) -> tuple[Tags, tuple[str, ...]]:
    """The session's tags, inherited ones among them, and which of them go on. Raises ValidationError."""
    return inherit_tags(
        tags,
        check_transitive_keys(transitive_tag_keys, tags),
        carried=call.claims.tags,
        carried_keys=call.claims.transitive_tag_keys,
    )


def question_values(
    call: VerifiedCall, role: Role, session: RoleSession, *, session_name: str, external_id: str | None
) -> dict[str, ConditionValue]:
    """What both sides' policies see of the session asked for, the caller's own keys included."""
    values = call.condition_values()
    values |= requested_session_values(
        session_name=session_name,
        source_identity=session.source_identity,
        tags=session.tags,
        transitive_tag_keys=session.transitive_tag_keys,
    )
    values |= resource_tag_values(role.tags)
    values["aws:ResourceAccount"] = role.account_id
    if external_id is not None:
        values["sts:ExternalId"] = external_id
    return values


def check_source_identity(call: VerifiedCall, source_identity: str | None) -> str:
    """The identity the session will carry: once set it stays through every chain. Raises AccessDenied."""
    carried = call.claims.source_identity
    if source_identity is not None and carried and source_identity != carried:
        raise AccessDenied("The source identity of this session is set and cannot be changed.")
    return source_identity or carried


def check_trusted(call: VerifiedCall, role: Role, *, action: str, values: dict[str, ConditionValue]) -> None:
    """The trust policy and every policy over the caller agree (IAM user guide, "Policy evaluation logic").

    Raises AccessDenied.
    """
    trust = ResourcePolicy(
        parse_trust_policy(role.trust_policy, role.arn), call.resource_caller(), role.account_id
    )
    decision = call.decide(action, role.arn, values, resource_policy=trust)
    if not decision.is_allowed:
        reason = f"{decision.policy_type}: {decision.effect} {statement_words(decision)}".rstrip()
        raise refusal(call, action, role_arn=role.arn, detail=reason)


def refusal(call: VerifiedCall, action: str, *, role_arn: str, detail: str) -> AccessDenied:
    """One text for every reason; the reason goes to the log."""
    return AccessDenied(
        f"User: {call.claims.principal_arn} is not authorized to perform: {action} on resource: {role_arn}",
        detail=detail,
    )
