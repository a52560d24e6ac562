"""Laws of the policy engine over generated policies, texts and requests."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from daypass.policy.decision import Effect
from daypass.policy.document import parse_policy
from daypass.policy.evaluation import evaluate, evaluate_trust
from daypass.policy.json_source import JsonElement
from daypass.policy.matching import Glob
from daypass.policy.request_context import FoldedValues, RequestContext
from daypass.policy.variables import Wildcard, parse_template
from daypass.protocol.aws.errors import MalformedPolicyDocument

laws = settings(max_examples=200, deadline=None)

# --- texts ----------------------------------------------------------------------------------------

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_WORDS = (
    *("Version", "2012-10-17", "2008-10-17", "Id", "Statement", "Sid", "Effect", "Allow", "Deny", "Action"),
    *("NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "AWS", "Service", "*", "s3:*"),
    *("sts:AssumeRole", "arn:aws:s3:::b/${aws:username}", "arn:aws", "Condition", "StringEquals", "Null"),
    *("ForAllValues:StringLike", "DateLessThan", "IpAddress", "ArnLike", "BinaryEquals", "NumericEquals"),
    *("aws:SourceIp", "${", "true", "10.0.0.0/8", "2026-01-01", "123456789012", "Bool", ""),
)
_word = st.sampled_from(_WORDS)
_nearly_policies = st.recursive(
    _word | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_word, inner, max_size=5),
    max_leaves=16,
)
_statement_like = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": _nearly_policies},
    optional={"Resource": _nearly_policies, "Principal": _nearly_policies, "Condition": _nearly_policies},
)


def _only_refuses(text: str) -> None:
    for kind in ("identity", "trust", "resource"):
        refusal = None
        try:
            document = parse_policy(text, name="p", kind=kind)
        except MalformedPolicyDocument as raised:
            refusal = raised
        else:
            evaluate([document], RequestContext("s3:GetObject", "*", {"aws:SourceIp": "x"}))
        assert refusal is None or refusal.message.isprintable()


@laws
@given(st.text(max_size=60))
@example("{" * 5000)
@example('{"a":' * 5000)
@example('{"Version":"2012-10-17","Statement":[' + "1" * 6000)
def test_no_text_makes_the_parser_raise_anything_but_its_refusal(text: str) -> None:
    _only_refuses(text)


@laws
@given(_json)
def test_no_json_makes_the_parser_raise_anything_but_its_refusal(value: Any) -> None:
    _only_refuses(json.dumps(value))


@laws
@given(_nearly_policies | st.fixed_dictionaries({"Version": _word, "Statement": _statement_like}))
def test_nothing_like_a_policy_makes_the_parser_raise_anything_but_its_refusal(value: Any) -> None:
    _only_refuses(json.dumps(value))


@laws
@given(st.data())
def test_a_policy_cut_or_altered_anywhere_is_parsed_or_refused(data: st.DataObject) -> None:
    text = json.dumps(data.draw(_policies), indent=data.draw(st.sampled_from([None, 1])))
    at = data.draw(st.integers(0, len(text)))
    _only_refuses(text[:at] + data.draw(st.text(max_size=2)) + text[at + data.draw(st.integers(0, 3)) :])


# --- wildcards ------------------------------------------------------------------------------------

_parts = st.lists(st.sampled_from(["a", "b", "ab", Wildcard.ANY, Wildcard.ONE]), max_size=8)


def _matches_naively(parts: list[str | Wildcard], text: str) -> bool:
    """The definition, with all its backtracking."""
    if not parts:
        return not text
    first, rest = parts[0], parts[1:]
    if first is Wildcard.ANY:
        return any(_matches_naively(rest, text[at:]) for at in range(len(text) + 1))
    if first is Wildcard.ONE:
        return bool(text) and _matches_naively(rest, text[1:])
    assert isinstance(first, str)
    return text.startswith(first) and _matches_naively(rest, text[len(first) :])


@laws
@given(_parts, st.text("ab", max_size=10))
@example(["a", Wildcard.ANY, "a"], "a")
@example([Wildcard.ANY, "ab", Wildcard.ANY, "b"], "ab")
@example([Wildcard.ONE, Wildcard.ANY, Wildcard.ONE], "a")
def test_the_matcher_agrees_with_the_definition(parts: list[str | Wildcard], text: str) -> None:
    assert Glob(parts).matches(text) is _matches_naively(parts, text)


@laws
@given(st.text("a*?${}", max_size=8), st.text("ab*?", max_size=5))
def test_a_resolved_variable_is_only_text(before: str, value: str) -> None:
    while "${" in before:
        before = before.replace("${", "")
    element = JsonElement("", "", "", 0)
    template = parse_template(element, before + "${aws:username}", has_variables=True, has_wildcards=True)
    plain = parse_template(element, before, has_variables=True, has_wildcards=True)

    resolved = template.resolve(FoldedValues({"aws:username": value}))

    literal_end = plain.resolve(FoldedValues({}))
    assert resolved is not None
    assert literal_end is not None
    for text in (value, "a" + value, before + value, "aab", "ab"):
        assert Glob(resolved).matches(text) is _matches_naively([*literal_end, value], text)


# --- decisions ------------------------------------------------------------------------------------

_ACTIONS = ["s3:GetObject", "s3:PutObject", "sqs:SendMessage"]
_RESOURCES = ["arn:aws:s3:::a/x", "arn:aws:s3:::a/y", "arn:aws:s3:::b/x", "arn:aws:sqs:us-east-1:1:q"]
_one_or_more = lambda values: st.lists(st.sampled_from(values), min_size=1, max_size=3)  # noqa: E731  a strategy
_action_patterns = _one_or_more([*_ACTIONS, "*", "s3:*", "S3:get*", "s3:?etO*"])
_resource_patterns = _one_or_more(
    [
        *_RESOURCES,
        "*",
        "arn:aws:s3:::a/*",
        "arn:aws:s3:::*/x",
        "arn:aws:*",
        "arn:aws:s3:::${aws:k}/x",
        "arn:aws:s3:::?/y",
    ]
)
_conditions = st.dictionaries(
    st.sampled_from(["StringEquals", "StringNotLike", "ForAllValues:StringLike", "ForAnyValue:StringEquals", "StringEqualsIfExists"]),
    st.dictionaries(st.sampled_from(["aws:k", "aws:K", "aws:m"]), _one_or_more(["a", "b", "*", "${aws:m}"]), min_size=1, max_size=2),
    max_size=2,
)  # fmt: skip


def _statement(effect: str, negated_action: bool, negated_resource: bool, *elements: Any) -> dict[str, Any]:
    actions, resources, conditions = elements
    return {
        "Effect": effect,
        "NotAction" if negated_action else "Action": actions,
        "NotResource" if negated_resource else "Resource": resources,
        "Condition": conditions,
    }


_statements = st.builds(
    _statement,
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.booleans(),
    st.booleans(),
    _action_patterns,
    _resource_patterns,
    _conditions,
)
_policies = st.builds(
    lambda statements: {"Version": "2012-10-17", "Statement": statements},
    st.lists(_statements, min_size=1, max_size=4),
)
_values = st.dictionaries(
    st.sampled_from(["aws:k", "aws:m"]), st.sampled_from(["a", "b", "*"]) | st.just(("a", "b")) | st.just(())
)
_questions = (st.sampled_from(_ACTIONS), st.sampled_from(_RESOURCES))
_contexts = st.builds(RequestContext, *_questions, _values)


def _effect(policies: list[dict[str, Any]], context: RequestContext) -> Effect:
    parsed = [parse_policy(json.dumps(policy), name=str(at)) for at, policy in enumerate(policies)]
    return evaluate(parsed, context).effect


@laws
@given(st.lists(_policies, max_size=4), _contexts)
def test_deny_wins_then_allow_then_the_implicit_deny(policies: list[Any], context: RequestContext) -> None:
    alone = [
        _effect([{**policy, "Statement": [statement]}], context)
        for policy in policies
        for statement in policy["Statement"]
    ]
    expected = next(
        (effect for effect in (Effect.EXPLICIT_DENY, Effect.ALLOWED) if effect in alone), Effect.IMPLICIT_DENY
    )

    assert _effect(policies, context) is expected


@laws
@given(st.lists(_policies, max_size=3), _contexts)
def test_the_deciding_statement_is_the_first_of_its_effect_in_order(
    policies: list[Any], context: RequestContext
) -> None:
    parsed = [parse_policy(json.dumps(policy), name=str(at)) for at, policy in enumerate(policies)]
    decision = evaluate(parsed, context)

    first = None
    for at, policy in enumerate(policies):
        for index, statement in enumerate(policy["Statement"]):
            alone = _effect([{**policy, "Statement": [statement]}], context)
            if first is None and alone is decision.effect is not Effect.IMPLICIT_DENY:
                first = (str(at), index)

    assert (decision.decided_by and (decision.decided_by.policy, decision.decided_by.index)) == first


@laws
@given(st.lists(_policies, max_size=3), _policies, _contexts)
def test_adding_a_deny_never_widens(policies: list[Any], added: Any, context: RequestContext) -> None:
    denies = {**added, "Statement": [{**statement, "Effect": "Deny"} for statement in added["Statement"]]}

    if _effect(policies, context) is not Effect.ALLOWED:
        assert _effect([*policies, denies], context) is not Effect.ALLOWED


@laws
@given(st.lists(_policies, min_size=1, max_size=3), _contexts, st.randoms(use_true_random=False))
def test_the_order_of_policies_and_statements_never_changes_the_effect(
    policies: list[Any], context: RequestContext, random: Any
) -> None:
    shuffled = [
        {**policy, "Statement": random.sample(policy["Statement"], len(policy["Statement"]))}
        for policy in policies
    ]
    random.shuffle(shuffled)

    assert _effect(shuffled, context) is _effect(policies, context)


@laws
@given(_action_patterns, _resource_patterns, st.builds(RequestContext, *_questions, st.just({"aws:k": "a"})))
def test_not_elements_are_complements_where_every_variable_has_a_value(
    actions: list[str], resources: list[str], context: RequestContext
) -> None:
    def is_allowed(
        negated_action: bool, negated_resource: bool, actions: list[str], resources: list[str]
    ) -> bool:
        statement = _statement("Allow", negated_action, negated_resource, actions, resources, {})
        return _effect([{"Version": "2012-10-17", "Statement": statement}], context) is Effect.ALLOWED

    assert is_allowed(True, False, actions, ["*"]) is not is_allowed(False, False, actions, ["*"])
    assert is_allowed(False, True, ["*"], resources) is not is_allowed(False, False, ["*"], resources)


_OPPOSITES = [
    ("StringEquals", "StringNotEquals"),
    ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    ("StringLike", "StringNotLike"),
    ("NumericEquals", "NumericNotEquals"),
    ("DateEquals", "DateNotEquals"),
    ("IpAddress", "NotIpAddress"),
    ("ArnEquals", "ArnNotEquals"),
    ("ArnLike", "ArnNotLike"),
]
_LITERALS = {
    "String": "a*",
    "Numeri": "5",
    "DateEq": "2026-01-01",
    "IpAddr": "10.0.0.0/8",
    "ArnEqu": "arn:aws:iam::*:*",
    "ArnLik": "*",
}


@laws
@given(
    st.sampled_from(_OPPOSITES),
    st.none()
    | st.sampled_from(
        ["a", "a*", "5", "6", "2026-01-01", "10.1.1.1", "::1", "arn:aws:iam::1:role/x", "", "ü"]
    ),
)
def test_negated_operators_are_complements_on_every_value(pair: tuple[str, str], value: str | None) -> None:
    def holds(operator: str) -> bool:
        condition = {operator: {"aws:k": _LITERALS[pair[0][:6]]}}
        policy = {
            "Version": "2012-10-17",
            "Statement": _statement("Allow", False, False, "*", "*", condition),
        }
        values = {} if value is None else {"aws:k": value}
        return _effect([policy], RequestContext("s3:GetObject", "*", values)) is Effect.ALLOWED

    assert holds(pair[0]) is not holds(pair[1])


@laws
@given(st.sampled_from(["Allow", "Deny"]), st.sampled_from(["123456789012", "210987654321", "*"]))
def test_a_trust_policy_speaks_only_of_whom_it_names(effect: str, named: str) -> None:
    statement = {"Effect": effect, "Action": "sts:AssumeRole", "Principal": {"AWS": named}}
    policy = parse_policy(json.dumps({"Statement": statement}), name="t", kind="trust")

    decision = evaluate_trust(
        policy,
        RequestContext("sts:AssumeRole", "arn:aws:iam::123456789012:role/r"),
        principal_arn="arn:aws:iam::123456789012:user/alice",
        account_id="123456789012",
    )

    assert (decision.effect is Effect.IMPLICIT_DENY) is (named == "210987654321")
