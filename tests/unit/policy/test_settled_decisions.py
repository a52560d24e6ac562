"""A decision is remembered only when no condition value was looked at on the way to it, so none can change it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.policy.decision import Effect
from daypass.policy.document import PolicyDocument, parse_policy
from daypass.policy.evaluation import evaluate, settled_decision
from daypass.policy.request_context import ConditionValue, RequestContext

ACTION = "s3:GetObject"
OBJECT = "arn:aws:s3:::bucket/dev/file"


def _policies(*statements: dict[str, Any]) -> tuple[PolicyDocument, ...]:
    return (parse_policy(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), name="p"),)


def _statement(effect: str = "Allow", resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "s3:*", "Resource": resource, **more}


def _ask(policies: tuple[PolicyDocument, ...], values: dict[str, ConditionValue]) -> Effect:
    return evaluate(policies, RequestContext(ACTION, OBJECT, values)).effect


def test_nothing_is_settled_before_it_was_asked() -> None:
    assert settled_decision(_policies(_statement()), ACTION, OBJECT) is None


def test_what_stands_without_conditions_is_settled_with_its_reason() -> None:
    policies = _policies(_statement("Deny", "arn:aws:s3:::other/*"), _statement(Sid="All"))
    decision = evaluate(policies, RequestContext(ACTION, OBJECT, {}))
    assert settled_decision(policies, ACTION, OBJECT) == decision
    assert decision.decided_by is not None
    assert decision.decided_by.sid == "All"
    assert settled_decision(policies, ACTION, "arn:aws:s3:::other/file") is None
    assert settled_decision(policies, "s3:PutObject", OBJECT) is None


@pytest.mark.parametrize(
    "statements",
    [
        (_statement(Condition={"StringEquals": {"aws:username": "dev"}}),),
        (_statement(), _statement("Deny", Condition={"Bool": {"aws:SecureTransport": "false"}})),
        (_statement(Condition={"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}),),
        (_statement(Condition={"Null": {"aws:PrincipalTag/team": "true"}}),),
        (_statement(resource="arn:aws:s3:::bucket/${aws:username}/*"),),
    ],
    ids=["a condition", "a condition of a deny", "the time", "an absent value", "a variable"],
)
def test_what_depends_on_a_value_is_never_settled(statements: tuple[dict[str, Any], ...]) -> None:
    policies = _policies(*statements)
    for values in ({}, {"aws:username": "dev", "aws:SecureTransport": "false"}):
        _ask(policies, values)
        assert settled_decision(policies, ACTION, OBJECT) is None


_conditions = st.sampled_from(
    [
        None,
        {"StringEquals": {"aws:username": "dev"}},
        {"StringNotEqualsIfExists": {"aws:username": "dev"}},
        {"Null": {"aws:username": "true"}},
        {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    ]
)
_resources = st.sampled_from(
    ["*", OBJECT, "arn:aws:s3:::other/*", "arn:aws:s3:::bucket/${aws:username}/*", "arn:aws:s3:::*/dev/?ile"]
)


@st.composite
def _statements(draw: st.DrawFn) -> dict[str, Any]:
    statement = {
        "Effect": draw(st.sampled_from(["Allow", "Deny"])),
        "Action": draw(st.sampled_from(["*", ACTION, "iam:*"])),
        draw(st.sampled_from(["Resource", "NotResource"])): draw(_resources),
    }
    condition = draw(_conditions)
    return statement if condition is None else {**statement, "Condition": condition}


_values = st.fixed_dictionaries(
    {},
    optional={
        "aws:username": st.sampled_from(["dev", "other"]),
        "aws:SourceIp": st.sampled_from(["10.1.2.3", "192.0.2.1"]),
    },
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_statements(), min_size=1, max_size=4), st.lists(_values, min_size=1, max_size=4))
def test_no_values_decide_otherwise_than_what_is_settled(
    statements: list[dict[str, Any]], asked: list[dict[str, ConditionValue]]
) -> None:
    policies = _policies(*statements)
    for values in asked:
        settled = settled_decision(policies, ACTION, OBJECT)
        decision = evaluate(policies, RequestContext(ACTION, OBJECT, values))
        assert settled in (None, decision)
