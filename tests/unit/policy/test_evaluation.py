"""What the evaluator remembers, and what it must not."""

import json

import pytest

from daypass.policy.decision import Effect
from daypass.policy.document import PolicyDocument, parse_policy
from daypass.policy.evaluation import evaluate
from daypass.policy.request_context import RequestContext


def _policy(effect: str, **elements: object) -> PolicyDocument:
    statement = {"Effect": effect, "Action": "s3:*", "Resource": "*", **elements}
    return parse_policy(json.dumps({"Version": "2012-10-17", "Statement": statement}), name=effect)


def test_another_set_of_policies_is_another_question() -> None:
    allow, deny = _policy("Allow"), _policy("Deny")
    question = RequestContext("s3:GetObject", "arn:aws:s3:::b/k")

    assert evaluate((allow,), question).effect is Effect.ALLOWED
    assert evaluate((allow, deny), question).effect is Effect.EXPLICIT_DENY
    assert evaluate([allow], question).effect is Effect.ALLOWED


def test_thousands_of_invented_actions_do_not_confuse_the_memory() -> None:
    allow = _policy("Allow")
    for number in range(3000):
        assert evaluate((allow,), RequestContext(f"s3:A{number}", "*")).effect is Effect.ALLOWED
        assert evaluate((allow,), RequestContext(f"s4:A{number}", "*")).effect is Effect.IMPLICIT_DENY


def test_values_of_one_request_never_reach_the_next() -> None:
    policy = _policy("Allow", Resource="arn:aws:s3:::home/${aws:username}/*")
    resource = "arn:aws:s3:::home/alice/x"

    for name, expected in (
        ("alice", Effect.ALLOWED),
        ("bob", Effect.IMPLICIT_DENY),
        ("alice", Effect.ALLOWED),
    ):
        assert (
            evaluate((policy,), RequestContext("s3:GetObject", resource, {"aws:username": name})).effect
            is expected
        )


MANY = [_policy("Allow", Resource=f"arn:aws:s3:::unasked-{number}/*") for number in range(12)]
"""So many that they are looked up by landmark and not asked in turn."""


@pytest.mark.parametrize("others", [[], MANY], ids=["few", "many"])
def test_of_many_statements_the_first_in_order_is_named_whatever_its_landmarks(
    others: list[PolicyDocument],
) -> None:
    documents = [
        _policy("Allow", Resource="arn:aws:s3:::b/other*"),
        _policy("Allow", Resource=["arn:aws:s3:::b/*", "arn:aws:s3:::b/k*"]),
        _policy("Allow", Resource="*"),
    ]
    statement = [json.loads('{"Effect":"Allow","Action":"*","Resource":"*"}')]
    first = parse_policy(json.dumps({"Statement": statement}), name="first")

    by_prefix = evaluate([*documents, *others], RequestContext("s3:GetObject", "arn:aws:s3:::b/key"))
    by_star = evaluate([first, *documents, *others], RequestContext("s3:GetObject", "arn:aws:s3:::b/key"))

    assert by_prefix.decided_by == documents[1].statements[0].ref
    assert by_star.decided_by == first.statements[0].ref


@pytest.mark.parametrize("others", [[], MANY], ids=["few", "many"])
def test_the_order_of_the_policies_counts_not_the_order_of_the_lookup(others: list[PolicyDocument]) -> None:
    documents = [
        _policy("Allow", Resource="arn:aws:s3:::b/x*"),
        _policy("Allow", Resource="*"),
        _policy("Allow", Resource="arn:aws:s3:::b/k*"),
    ]

    decision = evaluate([*documents, *others], RequestContext("s3:GetObject", "arn:aws:s3:::b/key"))

    assert decision.decided_by is documents[1].statements[0].ref
