"""GetFederationToken: a user vouches for somebody, who may do what both the user and the passed policies allow.

(STS reference, "GetFederationToken".) Without a passed policy nothing is allowed but what resource policies give.
"""

from dataclasses import dataclass

from daypass.server.domain.assumed_role import KEY_SEED_BYTES
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.resource_tags import request_tag_values
from daypass.server.domain.role_session import RoleSession, check_packed_size, packed_percent
from daypass.server.domain.session_credentials import (
    SessionCredentials,
    check_long_term_caller,
    check_session_duration,
    federated_user_claims,
    seal_credentials,
)
from daypass.server.domain.session_scope import SessionScope, build_scope, scope_packed_percent
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.clock import Randomness
from daypass.server.ports.session_policies import SessionPolicyCheck

__all__ = ["FederationTokens"]

_NOTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:GetCallerIdentity","Resource":"*"}]}'
"""What a federated user without a passed policy may do: what nobody can be denied anyway."""


@dataclass(frozen=True, slots=True)
class FederationTokens:
    """The story, over the ports it needs."""

    ring: KeyRing
    randomness: Randomness
    session_policies: SessionPolicyCheck

    async def get_federation_token(
        self,
        call: VerifiedCall,
        *,
        name: str,
        policy: str | None = None,
        policy_arns: tuple[str, ...] = (),
        duration_seconds: int | None = None,
        tags: Tags = (),
    ) -> SessionCredentials:
        """`tags` are checked. Raises AccessDenied, ValidationError, MalformedPolicyDocument, PackedPolicyTooLarge."""
        check_long_term_caller(call.claims, "GetFederationToken")
        duration = check_session_duration(duration_seconds)
        resource = f"arn:aws:sts::{call.account_id}:federated-user/{name}"
        values = request_tag_values(tags)
        call.check_allowed("sts:GetFederationToken", resource, values)
        if tags:
            call.check_allowed("sts:TagSession", resource, values)
        asked = build_scope(policy=policy, policy_arns=policy_arns)
        await self.session_policies.check_exist(call.account_id, policy_arns)
        carried = RoleSession("", tags=tags)
        check_packed_size(carried)
        claims = federated_user_claims(
            call.principal,
            name=name,
            scope=asked or _nothing(),
            tags=tags,
            key_seed=self.randomness.token_bytes(KEY_SEED_BYTES),
            now=call.now,
            expires_at=call.now + duration,
        )
        return seal_credentials(self.ring, claims, packed_percent=_percent(asked, carried))


def _nothing() -> SessionScope:
    scope = build_scope(policy=_NOTHING, policy_arns=())
    assert scope is not None
    return scope


def _percent(asked: SessionScope | None, carried: RoleSession) -> int | None:
    """The fuller of the two rooms; None when nothing was put into either."""
    if asked is None and not carried.tags:
        return None
    return max(0 if asked is None else scope_packed_percent(asked), packed_percent(carried))
