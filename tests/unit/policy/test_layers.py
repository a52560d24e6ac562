"""Several kinds of policies make one decision: the documented tables, and which reason is named."""

import json
from dataclasses import replace
from typing import Any

import pytest

from daypass.policy.decision import Decision, Effect, PolicyType
from daypass.policy.document import PolicyDocument, PolicyKind, parse_policy
from daypass.policy.layers import Layers, ResourcePolicy, decide, settled_layers
from daypass.policy.principals import Caller
from daypass.policy.request_context import RequestContext

ACCOUNT, OTHER = "111122223333", "444455556666"
USER = f"arn:aws:iam::{ACCOUNT}:user/div/alice"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ops"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/ann"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/guest"
OBJECT = "arn:aws:s3:::photos/cat"
CONTEXT = RequestContext("s3:GetObject", OBJECT)


def _policy(
    effect: str = "Allow", kind: PolicyKind = "identity", action: str = "s3:*", **elements: Any
) -> PolicyDocument:
    statement = {"Effect": effect, "Action": action, **elements}
    if kind != "trust":
        statement.setdefault("Resource", "*" if kind == "identity" else ["arn:aws:s3:::photos/*"])
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    return parse_policy(text, name=f"{effect} {kind}", kind=kind)


ALLOW, DENY = _policy(), _policy("Deny")
SILENT = _policy(action="sqs:*")
EVERY_LAYER = Layers((ALLOW,), ALLOW, (ALLOW,), (ALLOW,))


def _set(layers: Layers, policy_type: PolicyType, policy: PolicyDocument) -> Layers:
    match policy_type:
        case PolicyType.IDENTITY:
            return replace(layers, identity=(policy,))
        case PolicyType.BOUNDARY:
            return replace(layers, boundary=policy)
        case PolicyType.SESSION:
            return replace(layers, session=(policy,))
        case _:
            return replace(layers, service_control=(policy,))


CALLERS_TYPES = [
    PolicyType.SERVICE_CONTROL,
    PolicyType.IDENTITY,
    PolicyType.BOUNDARY,
    PolicyType.SESSION,
]


def _bucket_policy(
    caller: Caller, named: object, *, owner: str = ACCOUNT, effect: str = "Allow"
) -> ResourcePolicy:
    principal = named if named == "*" else {"AWS": named}
    return ResourcePolicy(_policy(effect, "resource", Principal=principal), caller, owner)


def test_what_every_layer_allows_is_allowed_and_the_identity_policy_is_named() -> None:
    decision = decide(EVERY_LAYER, CONTEXT)
    assert decision == Decision(Effect.ALLOWED, "s3:GetObject", OBJECT, ALLOW.statements[0].ref)


@pytest.mark.parametrize("policy_type", CALLERS_TYPES)
def test_silence_of_any_layer_refuses_and_is_named(policy_type: PolicyType) -> None:
    decision = decide(_set(EVERY_LAYER, policy_type, SILENT), CONTEXT)
    assert decision == Decision(Effect.IMPLICIT_DENY, "s3:GetObject", OBJECT, None, policy_type)


@pytest.mark.parametrize("policy_type", CALLERS_TYPES)
def test_a_deny_of_any_layer_refuses_whatever_the_resource_allows(policy_type: PolicyType) -> None:
    caller = Caller(ROLE, ACCOUNT, SESSION)
    for resource_policy in (None, _bucket_policy(caller, [ROLE, SESSION, ACCOUNT])):
        decision = decide(_set(EVERY_LAYER, policy_type, DENY), CONTEXT, resource_policy)
        ref = DENY.statements[0].ref
        assert decision == Decision(Effect.EXPLICIT_DENY, "s3:GetObject", OBJECT, ref, policy_type)


def test_a_deny_of_the_resource_policy_wins_and_is_named() -> None:
    resource_policy = _bucket_policy(Caller(USER, ACCOUNT), USER, effect="Deny")
    decision = decide(EVERY_LAYER, CONTEXT, resource_policy)
    assert (decision.effect, decision.policy_type) == (Effect.EXPLICIT_DENY, PolicyType.RESOURCE)
    assert decision.decided_by is not None


def test_root_needs_no_identity_policy_but_what_stands_over_the_account() -> None:
    assert decide(Layers(None), CONTEXT) == Decision(Effect.ALLOWED, "s3:GetObject", OBJECT, None)
    over = Layers(None, service_control=(SILENT,))
    assert decide(over, CONTEXT).policy_type is PolicyType.SERVICE_CONTROL
    assert not decide(over, CONTEXT).is_allowed
    assert not decide(Layers(None, session=(SILENT,)), CONTEXT).is_allowed


def test_of_several_service_control_or_session_policies_any_may_allow_and_any_may_deny() -> None:
    for policy_type in ("service_control", "session"):
        assert decide(replace(EVERY_LAYER, **{policy_type: (SILENT, ALLOW)}), CONTEXT).is_allowed
        assert not decide(replace(EVERY_LAYER, **{policy_type: (ALLOW, DENY)}), CONTEXT).is_allowed


_USER, _ROLE = Caller(USER, ACCOUNT), Caller(ROLE, ACCOUNT, SESSION)
_GUEST = Caller(USER, ACCOUNT, FEDERATED)
_ROOT = Caller(f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
_IDENTITY, _BOUNDARY, _SESSION = PolicyType.IDENTITY, PolicyType.BOUNDARY, PolicyType.SESSION

SAME_ACCOUNT = [
    pytest.param(_USER, USER, {_IDENTITY, _BOUNDARY}, id="a user by its ARN"),
    pytest.param(_USER, ACCOUNT, set(), id="a user by its account"),
    pytest.param(_USER, f"arn:aws:iam::{ACCOUNT}:root", set(), id="a user by its account's root ARN"),
    pytest.param(_USER, "*", {_IDENTITY}, id="a user by a star"),
    pytest.param(_ROLE, SESSION, {_IDENTITY, _BOUNDARY, _SESSION}, id="a role session by its own ARN"),
    pytest.param(_ROLE, ROLE, {_IDENTITY}, id="a role session by its role's ARN"),
    pytest.param(_ROLE, ACCOUNT, set(), id="a role session by its account"),
    pytest.param(_ROLE, "*", {_IDENTITY}, id="a role session by a star"),
    pytest.param(_ROLE, [ROLE, SESSION], {_IDENTITY, _BOUNDARY, _SESSION}, id="the most direct name counts"),
    pytest.param(_GUEST, FEDERATED, {_IDENTITY, _BOUNDARY, _SESSION}, id="a federated user by its own ARN"),
    pytest.param(_GUEST, USER, {_IDENTITY}, id="a federated user by its user's ARN"),
    pytest.param(_USER, f"{USER}s", set(), id="somebody else"),
]
"""AWS IAM user guide, "Policy evaluation logic", the table of principals under "Resource-based policies"."""


@pytest.mark.parametrize("caller, named, withheld", SAME_ACCOUNT)
def test_within_one_account_a_bucket_policy_makes_up_for_silence_as_documented(
    caller: Caller, named: object, withheld: set[PolicyType]
) -> None:
    resource_policy = _bucket_policy(caller, named)
    for policy_type in (_IDENTITY, _BOUNDARY, _SESSION):
        decision = decide(_set(EVERY_LAYER, policy_type, SILENT), CONTEXT, resource_policy)
        assert decision.is_allowed is (policy_type in withheld), policy_type
    over = _set(EVERY_LAYER, PolicyType.SERVICE_CONTROL, SILENT)
    assert decide(over, CONTEXT, resource_policy).policy_type is PolicyType.SERVICE_CONTROL
    assert decide(EVERY_LAYER, CONTEXT, resource_policy).is_allowed


@pytest.mark.parametrize(
    "caller, named",
    [(_USER, USER), (_USER, ACCOUNT), (_USER, "*"), (_ROLE, SESSION), (_ROLE, ROLE), (_GUEST, FEDERATED)],
)
def test_across_accounts_both_sides_must_allow(caller: Caller, named: object) -> None:
    resource_policy = _bucket_policy(caller, named, owner=OTHER)
    assert decide(EVERY_LAYER, CONTEXT, resource_policy).is_allowed
    for policy_type in CALLERS_TYPES:
        decision = decide(_set(EVERY_LAYER, policy_type, SILENT), CONTEXT, resource_policy)
        assert (decision.effect, decision.policy_type) == (Effect.IMPLICIT_DENY, policy_type)
    assert decide(Layers(None), CONTEXT, replace(resource_policy, caller=_ROOT)).is_allowed is (
        named in (ACCOUNT, "*")
    )


def test_across_accounts_silence_of_the_resource_refuses() -> None:
    for document in (None, _policy("Allow", "resource", Principal={"AWS": OTHER})):
        decision = decide(EVERY_LAYER, CONTEXT, ResourcePolicy(document, _USER, OTHER))
        assert (decision.effect, decision.policy_type) == (Effect.IMPLICIT_DENY, PolicyType.RESOURCE)
        assert decide(EVERY_LAYER, CONTEXT, ResourcePolicy(document, _USER, ACCOUNT)).is_allowed
        assert not decide(Layers(None), CONTEXT, ResourcePolicy(document, _ROOT, OTHER)).is_allowed


@pytest.mark.parametrize(
    "caller, named, needs_identity",
    [
        (_USER, USER, False),
        (_USER, ACCOUNT, True),
        (_USER, "*", True),
        (_ROLE, ROLE, False),
        (_ROLE, SESSION, False),
    ],
)
def test_a_trust_policy_must_allow_and_never_lifts_boundary_or_session(
    caller: Caller, named: object, needs_identity: bool
) -> None:
    principal = named if named == "*" else {"AWS": named}
    document = _policy("Allow", "trust", "sts:AssumeRole", Principal=principal)
    context = RequestContext("sts:AssumeRole", ROLE)
    allow, silent = _policy(action="sts:*"), SILENT
    layers = Layers((allow,), allow, (allow,), (allow,))
    trust = ResourcePolicy(document, caller, ACCOUNT)
    assert decide(layers, context, trust).is_allowed
    assert decide(replace(layers, identity=(silent,)), context, trust).is_allowed is not needs_identity
    for policy_type in (_BOUNDARY, _SESSION, PolicyType.SERVICE_CONTROL):
        assert not decide(_set(layers, policy_type, silent), context, trust).is_allowed
    distrust = replace(trust, document=_policy("Allow", "trust", "sts:TagSession", Principal=principal))
    assert decide(layers, context, distrust).policy_type is PolicyType.RESOURCE
    assert not decide(layers, context, distrust).is_allowed


def test_an_allow_of_the_resource_alone_is_named() -> None:
    resource_policy = _bucket_policy(_USER, USER)
    decision = decide(Layers((SILENT,)), CONTEXT, resource_policy)
    assert resource_policy.document is not None
    ref = resource_policy.document.statements[0].ref
    assert decision == Decision(Effect.ALLOWED, "s3:GetObject", OBJECT, ref, PolicyType.RESOURCE)


def test_layers_are_settled_when_each_of_them_is() -> None:
    layers = Layers((_policy(),), _policy(action="sqs:*"))
    assert settled_layers(layers, "s3:GetObject", OBJECT) is None
    decision = decide(layers, CONTEXT)
    assert settled_layers(layers, "s3:GetObject", OBJECT) == decision
    conditional = _policy(Condition={"Bool": {"aws:SecureTransport": "true"}})
    layers = Layers((conditional,), ALLOW)
    decide(layers, CONTEXT)
    assert settled_layers(layers, "s3:GetObject", OBJECT) is None


def test_one_policy_in_two_places_is_settled_under_each_of_its_types() -> None:
    both = Layers((SILENT,), SILENT)
    assert decide(both, CONTEXT).policy_type is PolicyType.IDENTITY
    only_boundary = Layers((ALLOW,), SILENT)
    decide(only_boundary, CONTEXT)
    settled = settled_layers(only_boundary, "s3:GetObject", OBJECT)
    assert settled is not None
    assert settled.policy_type is PolicyType.BOUNDARY


def test_a_caller_with_a_boundary_is_spared_by_no_notprincipal() -> None:
    """IAM reference, "NotPrincipal element": with Deny it always denies a principal that has a boundary."""
    document = _policy("Deny", "resource", NotPrincipal={"AWS": [USER, ACCOUNT]})
    resource_policy = ResourcePolicy(document, _USER, ACCOUNT)
    assert decide(Layers((ALLOW,)), CONTEXT, resource_policy).is_allowed
    decision = decide(Layers((ALLOW,), ALLOW), CONTEXT, resource_policy)
    assert (decision.effect, decision.policy_type) == (Effect.EXPLICIT_DENY, PolicyType.RESOURCE)
