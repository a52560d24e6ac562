"""Who a principal is at one account revision, and the one question asked about it: may it do this?

`authorize` is the single place where a server request meets the policy engine: identity policies, boundary,
session policies, service control policies and the resource's own make one decision (`policy.layers`). It builds
the global condition keys (IAM reference, "AWS global condition context keys") from the snapshot, the caller and
`now`. Root needs no identity policy. The answer is a `Decision`, never a bool.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from daypass.policy.decision import Decision, Effect
from daypass.policy.document import PolicyDocument
from daypass.policy.evaluation import evaluate, settled_decision
from daypass.policy.layers import Layers, ResourcePolicy, decide, settled_layers
from daypass.policy.request_context import ConditionValue, RequestContext
from daypass.server.domain.audit import Caller
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.role_session import assumed_role_arn
from daypass.server.domain.session import PrincipalKind

__all__ = [
    "PrincipalSnapshot",
    "authorize",
    "call_condition_values",
    "global_condition_values",
    "layers_of",
    "login_arn",
]

_PRINCIPAL_TYPES: Mapping[PrincipalKind, str] = {"root": "Account", "user": "User", "role": "AssumedRole"}


@dataclass(frozen=True, slots=True)
class PrincipalSnapshot:
    """One principal at one revision of its account."""

    account_id: str
    kind: PrincipalKind
    principal_id: str
    """Account id for root, `AIDA…`, or the role's `AROA…` (without session name)."""
    arn: str
    """Root, user or role ARN (for a role session: the role's, not the assumed-role ARN)."""
    name: str
    """User name (aws:username) or role name; empty for root."""
    credentials_epoch: int
    """Root's or the user's; 0 for roles."""
    revision: int
    policies: tuple[PolicyDocument, ...]
    """Parsed identity policies; empty for root."""
    tags: Tags = ()
    """Of the user or role; a session's own tags come on top."""
    boundary: PolicyDocument | None = None
    """The permissions boundary: what it does not allow, no identity policy gives."""
    service_control_policies: tuple[PolicyDocument, ...] = ()
    """The account's ceiling; empty means none. It binds root too."""
    ended_login_ids: frozenset[str] = frozenset()
    """Logins of this principal revoked so lately that their credentials could still be alive."""


def login_arn(snapshot: PrincipalSnapshot, principal_id: str) -> str:
    """The ARN a login goes by (`sub` of its ID token): for a role the assumed-role ARN of the session."""
    if snapshot.kind != "role":
        return snapshot.arn
    return assumed_role_arn(snapshot.account_id, snapshot.name, principal_id.partition(":")[2])


def authorize(
    snapshot: PrincipalSnapshot,
    *,
    action: str,
    resource: str,
    caller: Caller,
    now: int,
    region: str,
    userid: str | None = None,
    condition_values: Mapping[str, ConditionValue] | None = None,
    session_policies: tuple[PolicyDocument, ...] = (),
    resource_policy: ResourcePolicy | None = None,
) -> Decision:
    """Decide one request. `userid` is aws:userid where it differs (`AROA…:session`)."""
    is_plain = resource_policy is None and not _is_narrowed(snapshot, session_policies)
    if is_plain and snapshot.kind == "root":
        return Decision(Effect.ALLOWED, action, resource, None)
    layers = None if is_plain else layers_of(snapshot, session_policies)
    if layers is None:
        settled = settled_decision(snapshot.policies, action, resource)
    else:
        settled = settled_layers(layers, action, resource) if resource_policy is None else None
    if settled is not None:
        return settled
    values = global_condition_values(snapshot, caller=caller, now=now, region=region, userid=userid)
    if condition_values:
        values.update(condition_values)
    context = RequestContext(action, resource, values)
    return (
        evaluate(snapshot.policies, context) if layers is None else decide(layers, context, resource_policy)
    )


def _is_narrowed(snapshot: PrincipalSnapshot, session_policies: tuple[PolicyDocument, ...]) -> bool:
    """Whether more than identity policies decide: not so for most, and they are asked on every refresh."""
    return bool(snapshot.boundary or session_policies or snapshot.service_control_policies)


def layers_of(snapshot: PrincipalSnapshot, session_policies: tuple[PolicyDocument, ...]) -> Layers:
    """Every policy on this principal's side."""
    return Layers(
        None if snapshot.kind == "root" else snapshot.policies,
        snapshot.boundary,
        session_policies,
        snapshot.service_control_policies,
    )


def global_condition_values(
    snapshot: PrincipalSnapshot, *, caller: Caller, now: int, region: str, userid: str | None = None
) -> dict[str, ConditionValue]:
    """The condition keys that exist on every request."""
    values = call_condition_values(caller, now=now, region=region)
    values["aws:PrincipalArn"] = snapshot.arn
    values["aws:PrincipalAccount"] = snapshot.account_id
    values["aws:PrincipalType"] = _PRINCIPAL_TYPES[snapshot.kind]
    values["aws:userid"] = userid or snapshot.principal_id
    if snapshot.kind == "user" and values["aws:userid"] == snapshot.principal_id:
        values["aws:username"] = snapshot.name  # a federated user (GetFederationToken) is somebody else
    return values


def call_condition_values(caller: Caller, *, now: int, region: str) -> dict[str, ConditionValue]:
    """Those of them that need no principal."""
    return {
        "aws:SourceIp": caller.source_ip,
        "aws:UserAgent": caller.user_agent,
        "aws:SecureTransport": "true" if caller.is_secure else "false",
        "aws:CurrentTime": _iso_time(now),
        "aws:EpochTime": str(now),
        "aws:RequestedRegion": region,
    }


@lru_cache(maxsize=16)
def _iso_time(now: int) -> str:
    """Many requests share a second."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
