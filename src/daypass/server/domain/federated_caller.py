"""Somebody an identity provider vouches for, and whether a role's trust policy takes them.

A `FederatedCaller` is made by `saml_claims` or `web_identity_claims` from what was verified, and from nothing
else. It has no policies of its own: the trust policy alone decides, each action asked for must be allowed
(the call itself, sts:TagSession with tags, sts:SetSourceIdentity with a source identity), and one text answers
every reason (STS reference, "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity").
"""

from collections.abc import Mapping
from dataclasses import dataclass

from daypass.policy.evaluation import evaluate_trust
from daypass.policy.request_context import ConditionValue, RequestContext
from daypass.protocol.aws.arn import parse_arn
from daypass.protocol.aws.errors import AccessDenied, ExpiredIdentityToken
from daypass.server.domain.account import Role
from daypass.server.domain.audit import Caller
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.principal import call_condition_values
from daypass.server.domain.resource_tags import resource_tag_values
from daypass.server.domain.role_session import (
    FederatedIdentity,
    RoleSession,
    federated_provider_of,
    identity_owner,
)
from daypass.server.domain.session_tags import requested_session_values, required_actions
from daypass.server.domain.trust_policy import parse_trust_policy

__all__ = [
    "ASSUME_WITH_SAML",
    "ASSUME_WITH_WEB_IDENTITY",
    "FederatedCaller",
    "check_federated_trust",
    "federation_refusal",
    "not_after_provider",
    "role_session_of",
    "session_end",
]

ASSUME_WITH_SAML = "sts:AssumeRoleWithSAML"
ASSUME_WITH_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"


@dataclass(frozen=True, slots=True, kw_only=True)
class FederatedCaller:
    """One person at one identity provider, asking to become a role."""

    action: str
    """`sts:AssumeRoleWithSAML` or `sts:AssumeRoleWithWebIdentity`."""
    provider_arn: str
    identity: FederatedIdentity
    condition_values: Mapping[str, ConditionValue]
    """The provider's keys only: `saml:sub`, `host/path:aud` …"""
    session_name: str
    source_identity: str
    """Empty when none is set."""
    tags: Tags
    transitive_tag_keys: tuple[str, ...]
    asked_duration: int | None
    """Seconds the provider asks for (SessionDuration), 900–43200."""
    session_ends_at: int | None
    """Epoch seconds: the session at the provider (SessionNotOnOrAfter)."""

    @property
    def actions(self) -> tuple[str, ...]:
        """Everything a trust policy must allow."""
        return required_actions(self.action, tags=self.tags, source_identity=self.source_identity)


def check_federated_trust(role: Role, who: FederatedCaller, *, caller: Caller, now: int, region: str) -> None:
    """The role stands in the provider's account and its trust policy allows all that is asked. Raises AccessDenied."""
    if parse_arn(who.provider_arn).account_id != role.account_id:
        raise federation_refusal(who.action, detail="the provider is another account's")
    trust_policy = parse_trust_policy(role.trust_policy, role.arn)
    values: dict[str, ConditionValue] = {
        **who.condition_values,
        **requested_session_values(
            session_name=who.session_name,
            source_identity=who.source_identity,
            tags=who.tags,
            transitive_tag_keys=who.transitive_tag_keys,
        ),
        **resource_tag_values(role.tags),
        **call_condition_values(caller, now=now, region=region),
        "aws:FederatedProvider": federated_provider_of(who.identity),
        "aws:ResourceAccount": role.account_id,
    }
    for action in who.actions:
        decision = evaluate_trust(
            trust_policy,
            RequestContext(action, role.arn, values),
            principal_arn="",
            account_id="",
            federated=who.provider_arn,
        )
        if not decision.is_allowed:
            raise federation_refusal(
                who.action, detail=f"{role.arn}: trust policy, {action}: {decision.effect}"
            )


def federation_refusal(action: str, *, detail: str) -> AccessDenied:
    """One text for every reason; the reason goes to the log."""
    return AccessDenied(f"Not authorized to perform {action}", detail=detail)


def role_session_of(role: Role, who: FederatedCaller) -> RoleSession:
    """What the session carries. `domain.role_session.check_packed_size` must be asked about it."""
    return RoleSession(
        role_arn=role.arn,
        source_identity=who.source_identity,
        tags=who.tags,
        transitive_tag_keys=who.transitive_tag_keys,
        identity=who.identity,
        owner=identity_owner(who.identity, source_identity=who.source_identity),
    )


def session_end(role: Role, who: FederatedCaller, *, now: int, limit: int) -> int:
    """Epoch seconds: the earliest of what was asked, the role's maximum, `limit` (seconds, the server's) and the
    session at the provider. Raises ExpiredIdentityToken when that one is over.
    """
    seconds = min(role.max_session_duration, limit)
    if who.asked_duration is not None:
        seconds = min(seconds, who.asked_duration)
    return not_after_provider(who, now + seconds, now=now)


def not_after_provider(who: FederatedCaller, ends_at: int, *, now: int) -> int:
    """`ends_at`, cut to the session at the provider. Raises ExpiredIdentityToken when that one is over."""
    if who.session_ends_at is None:
        return ends_at
    if who.session_ends_at <= now:
        raise ExpiredIdentityToken("The session at the identity provider has ended")
    return min(ends_at, who.session_ends_at)
