"""The IAM policy language, sentence by sentence, from the vectors in `tests/vectors/policy`."""

import json
from pathlib import Path
from typing import Any

import pytest

from daypass.policy.decision import Decision, Effect, PolicyType, StatementRef
from daypass.policy.document import PolicyDocument, parse_policy
from daypass.policy.evaluation import evaluate, evaluate_resource, evaluate_trust
from daypass.policy.layers import Layers, ResourcePolicy, decide
from daypass.policy.principals import Caller, Grant
from daypass.policy.request_context import ConditionValue, FoldedValues, RequestContext
from daypass.protocol.aws.errors import MalformedPolicyDocument

VECTORS = Path(__file__).parent.parent / "vectors" / "policy"
ROLE_ARN = "arn:aws:iam::123456789012:role/target"


def _load(name: str) -> list[Any]:
    cases = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    return [pytest.param(case, id=f"{name}: {case['name']}") for case in cases]


_IDENTITY_FILES = sorted(
    path.stem for path in VECTORS.glob("*.json") if path.stem not in ("trust", "malformed", "layers")
)


def _values(case: dict[str, Any]) -> dict[str, ConditionValue]:
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in case["condition_values"].items()
    }


def test_the_corpus_covers_every_element_and_operator_family() -> None:
    assert _IDENTITY_FILES == [
        "action",
        "arn_operators",
        "bool_binary_null",
        "conjunction",
        "date_operators",
        "effect",
        "if_exists",
        "ip_operators",
        "multivalued",
        "numeric_operators",
        "resource",
        "string_operators",
        "variables",
    ]


@pytest.mark.parametrize("case", [case for name in _IDENTITY_FILES for case in _load(name)])
def test_identity_policies_decide_as_the_reference_says(case: dict[str, Any]) -> None:
    policies = [
        parse_policy(json.dumps(policy), name=f"policy {at}") for at, policy in enumerate(case["policies"])
    ]
    decided_by = None
    if case["decided_by"] is not None:
        policy, statement = case["decided_by"]
        decided_by = StatementRef(f"policy {policy}", statement, "")

    decision = evaluate(policies, RequestContext(case["action"], case["resource"], _values(case)))

    assert decision == Decision(Effect(case["effect"]), case["action"], case["resource"], decided_by)


@pytest.mark.parametrize("case", _load("trust"))
def test_trust_policies_decide_as_the_reference_says(case: dict[str, Any]) -> None:
    policy = parse_policy(json.dumps(case["policy"]), name="trust", kind="trust")
    context = RequestContext(case["action"], ROLE_ARN, _values(case))
    decided_by = None if case["decided_by"] is None else StatementRef("trust", case["decided_by"], "")

    decision = evaluate_trust(policy, context, **case["caller"])

    effect = Effect(case["effect"])
    assert decision == Decision(effect, case["action"], ROLE_ARN, decided_by, PolicyType.RESOURCE)
    if not {"service", "federated"} & case["caller"].keys():
        values = FoldedValues(context.condition_values)
        _, grant = evaluate_resource(policy, context, Caller(**case["caller"]), values)
        assert (grant >= Grant.ROLE) is case["named_directly"]


@pytest.mark.parametrize("case", _load("malformed"))
def test_a_malformed_policy_is_refused_where_the_mistake_stands(case: dict[str, Any]) -> None:
    with pytest.raises(MalformedPolicyDocument) as refusal:
        parse_policy(case["text"], name="p", kind=case["kind"])

    message = refusal.value.message
    assert message.startswith(f"{case['path']}: ")
    assert message.endswith(f"(line {case['line']}, column {case['column']})")
    assert message.isprintable()


_STATEMENTS = {
    "allow": {"Effect": "Allow", "Action": "*"},
    "deny": {"Effect": "Deny", "Action": "*"},
    "silent": {"Effect": "Allow", "Action": "sqs:SendMessage"},
}


def _one_policy(word: str | None) -> tuple[PolicyDocument, ...]:
    """The policies of one layer of a case: one that allows, denies or is silent; none for null."""
    if word is None:
        return ()
    text = json.dumps({"Version": "2012-10-17", "Statement": {**_STATEMENTS[word], "Resource": "*"}})
    return (parse_policy(text, name=word),)


def _resource_policy(case: dict[str, Any]) -> ResourcePolicy:
    given = case["resource_policy"]
    caller = Caller(**case["caller"])
    if given is None:
        return ResourcePolicy(None, caller, case["owner"])
    service, kind = ("sts", "trust") if given["kind"] == "trust" else ("s3", "resource")
    statement = dict(
        _STATEMENTS[given["effect"]], Action=f"{service}:*", Principal={"AWS": given["principal"]}
    )
    if given["effect"] == "silent":
        statement["Action"] = f"{service}:Nothing"
    if kind == "resource":
        statement["Resource"] = "arn:aws:s3:::photos/*"
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    return ResourcePolicy(parse_policy(text, name="resource", kind=kind), caller, case["owner"])


@pytest.mark.parametrize("case", _load("layers"))
def test_all_layers_decide_as_the_user_guide_says(case: dict[str, Any]) -> None:
    is_trust = (case["resource_policy"] or {}).get("kind") == "trust"
    action, resource = (
        ("sts:AssumeRole", ROLE_ARN) if is_trust else ("s3:GetObject", "arn:aws:s3:::photos/cat")
    )
    layers = Layers(
        None if case["identity"] is None else _one_policy(case["identity"]),
        next(iter(_one_policy(case["boundary"])), None),
        _one_policy(case["session"]),
        _one_policy(case["service_control"]),
    )

    decision = decide(layers, RequestContext(action, resource), _resource_policy(case))

    assert (decision.effect, decision.policy_type) == (case["effect"], case["policy_type"])
