"""Laws of several kinds of policies together, over generated policies of every layer and every kind of caller."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.policy.decision import Decision, Effect, PolicyType
from daypass.policy.document import PolicyDocument, PolicyKind, parse_policy
from daypass.policy.layers import Layers, ResourcePolicy, decide, settled_layers, weigh
from daypass.policy.principals import Caller
from daypass.policy.request_context import RequestContext

laws = settings(max_examples=200, deadline=None)

ACCOUNT, OTHER = "111122223333", "444455556666"
USER, ROLE = f"arn:aws:iam::{ACCOUNT}:user/alice", f"arn:aws:iam::{ACCOUNT}:role/ops"
SESSION, GUEST = (
    f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/ann",
    f"arn:aws:sts::{ACCOUNT}:federated-user/guest",
)
OBJECTS = ["arn:aws:s3:::b/x", "arn:aws:s3:::b/y"]

_effects = st.sampled_from(["Allow", "Allow", "Deny"])
_conditions = st.sampled_from(
    [{}, {"StringEquals": {"aws:k": "a"}}, {"StringNotEquals": {"aws:k": "a"}}, {"Null": {"aws:k": "true"}}]
)
_statements = st.fixed_dictionaries(
    {
        "Effect": _effects,
        "Action": st.sampled_from(["s3:*", "s3:GetObject", "s3:PutObject"]),
        "Resource": st.sampled_from(["arn:aws:s3:::b/*", *OBJECTS, "arn:aws:s3:::b/${aws:k}"]),
        "Condition": _conditions,
    }
)
_named = st.lists(st.sampled_from([USER, ROLE, SESSION, GUEST, ACCOUNT, OTHER, "*"]), min_size=1, max_size=3)


@st.composite
def _resource_statements(draw: st.DrawFn) -> dict[str, Any]:
    statement = draw(_statements)
    named = draw(_named)
    element = "Principal"
    if statement["Effect"] == "Deny" and "*" not in named and draw(st.booleans()):
        element = "NotPrincipal"
    return {**statement, element: {"AWS": named}}


def _parse(statements: list[dict[str, Any]], kind: PolicyKind = "identity") -> PolicyDocument:
    return parse_policy(json.dumps({"Version": "2012-10-17", "Statement": statements}), name="p", kind=kind)


_documents = st.lists(_statements, min_size=1, max_size=3).map(_parse)
_sets = st.lists(_documents, max_size=2).map(tuple)
_layers = st.builds(
    Layers,
    st.none() | st.lists(_documents, max_size=3).map(tuple),
    st.none() | _documents,
    _sets,
    _sets,
)
_callers = st.sampled_from(
    [
        Caller(USER, ACCOUNT),
        Caller(ROLE, ACCOUNT, SESSION),
        Caller(USER, ACCOUNT, GUEST),
        Caller(f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT),
    ]
)
_bucket_documents = st.lists(_resource_statements(), min_size=1, max_size=3)
_resource_policies = st.none() | st.builds(
    ResourcePolicy,
    st.none() | _bucket_documents.map(lambda statements: _parse(statements, "resource")),
    _callers,
    st.sampled_from([ACCOUNT, OTHER]),
)
_contexts = st.builds(
    RequestContext,
    st.sampled_from(["s3:GetObject", "s3:PutObject"]),
    st.sampled_from(OBJECTS),
    st.sampled_from([{}, {"aws:k": "a"}, {"aws:k": "x"}]),
)
_denies = st.lists(_statements.map(lambda statement: {**statement, "Effect": "Deny"}), min_size=1, max_size=2)


def _never_widens(before: Decision, after: Decision) -> None:
    if not before.is_allowed:
        assert not after.is_allowed


@laws
@given(_layers, _documents, _resource_policies, _contexts)
def test_a_boundary_never_widens(
    layers: Layers, boundary: PolicyDocument, resource_policy: ResourcePolicy | None, context: RequestContext
) -> None:
    without = decide(replace(layers, boundary=None), context, resource_policy)
    _never_widens(without, decide(replace(layers, boundary=boundary), context, resource_policy))


@laws
@given(_layers, _sets, _resource_policies, _contexts)
def test_session_policies_never_widen(
    layers: Layers,
    session: tuple[PolicyDocument, ...],
    resource_policy: ResourcePolicy | None,
    context: RequestContext,
) -> None:
    without = decide(replace(layers, session=()), context, resource_policy)
    _never_widens(without, decide(replace(layers, session=session), context, resource_policy))


@laws
@given(_layers, _sets, _resource_policies, _contexts)
def test_service_control_policies_never_widen(
    layers: Layers,
    ceiling: tuple[PolicyDocument, ...],
    resource_policy: ResourcePolicy | None,
    context: RequestContext,
) -> None:
    without = decide(replace(layers, service_control=()), context, resource_policy)
    _never_widens(without, decide(replace(layers, service_control=ceiling), context, resource_policy))


@laws
@given(_layers, _denies, st.sampled_from(list(PolicyType)), _resource_policies, _contexts)
def test_adding_a_deny_to_any_layer_never_widens(
    layers: Layers,
    denies: list[dict[str, Any]],
    policy_type: PolicyType,
    resource_policy: ResourcePolicy | None,
    context: RequestContext,
) -> None:
    """To a layer that is there: making one where none was, is narrowing besides."""
    before = decide(layers, context, resource_policy)
    added = _parse(denies)
    match policy_type:
        case PolicyType.IDENTITY if layers.identity is not None:
            layers = replace(layers, identity=(*layers.identity, added))
        case PolicyType.SESSION:
            layers = replace(layers, session=(*layers.session, added))
        case PolicyType.SERVICE_CONTROL:
            layers = replace(layers, service_control=(*layers.service_control, added))
        case PolicyType.RESOURCE if resource_policy is not None and resource_policy.document is None:
            named = [{**deny, "Principal": "*"} for deny in denies]
            resource_policy = replace(resource_policy, document=_parse(named, "resource"))
        case _:
            layers = replace(layers, boundary=layers.boundary or added)
    _never_widens(before, decide(layers, context, resource_policy))


@laws
@given(_layers, _resource_policies, _contexts)
def test_a_deny_in_any_layer_always_wins(
    layers: Layers, resource_policy: ResourcePolicy | None, context: RequestContext
) -> None:
    effects = [verdict.decision.effect for verdict in weigh(layers, context, resource_policy)]
    decision = decide(layers, context, resource_policy)
    assert (decision.effect is Effect.EXPLICIT_DENY) is (Effect.EXPLICIT_DENY in effects)


@laws
@given(
    st.lists(_statements, min_size=1, max_size=4),
    st.lists(_resource_statements(), min_size=1, max_size=4),
    _callers,
    st.sampled_from([ACCOUNT, OTHER]),
    _contexts,
    st.randoms(use_true_random=False),
)
def test_the_order_of_statements_and_policies_never_matters_in_any_layer(
    statements: list[dict[str, Any]],
    named: list[dict[str, Any]],
    caller: Caller,
    owner: str,
    context: RequestContext,
    random: Any,
) -> None:
    def ask(statements: list[dict[str, Any]], named: list[dict[str, Any]]) -> tuple[Effect, PolicyType]:
        document = _parse(statements)
        single = tuple(_parse([statement]) for statement in statements)
        layers = Layers(single, document, single, single)
        decision = decide(layers, context, ResourcePolicy(_parse(named, "resource"), caller, owner))
        return decision.effect, decision.policy_type

    shuffled = random.sample(statements, len(statements)), random.sample(named, len(named))
    assert ask(statements, named) == ask(*shuffled)


@laws
@given(_layers, st.lists(_contexts, min_size=1, max_size=4))
def test_what_is_settled_is_what_is_decided(layers: Layers, contexts: list[RequestContext]) -> None:
    for context in contexts:
        settled = settled_layers(layers, context.action, context.resource)
        assert settled in (None, decide(layers, context))


@laws
@given(_layers, _bucket_documents, _callers, _contexts)
def test_across_accounts_an_allow_needs_both_sides(
    layers: Layers, statements: list[dict[str, Any]], caller: Caller, context: RequestContext
) -> None:
    resource_policy = ResourcePolicy(_parse(statements, "resource"), caller, OTHER)
    both = decide(layers, context, resource_policy)
    if both.is_allowed:
        assert decide(layers, context).is_allowed
        silent = replace(resource_policy, document=None)
        assert not decide(layers, context, silent).is_allowed
