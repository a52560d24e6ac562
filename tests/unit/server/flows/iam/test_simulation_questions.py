"""What a simulation is asked, read from texts that anybody may write."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.aws.errors import AwsError, InvalidInput
from daypass.server.flows.iam.simulation import Questions
from support.query_world import policy_text

ACCOUNT = "111122223333"
BUCKET = policy_text(
    {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}
)


def _questions(**more: object) -> Questions:
    members: dict[str, object] = {
        "action_names": ["s3:GetObject"],
        "resource_arns": [],
        "resource_policy": None,
        "resource_owner": None,
        "caller_arn": None,
        "context_entries": [],
    }
    return Questions(**(members | more))  # type: ignore[arg-type]  # as the rows fill it


def _pairs(questions: Questions) -> list[tuple[str, str]]:
    return [questions.pair(number) for number in range(len(questions))]


def test_every_action_is_asked_of_every_resource_or_of_all() -> None:
    assert _pairs(_questions(action_names=["a:b", "c:d"])) == [("a:b", "*"), ("c:d", "*")]
    both = _questions(action_names=["a:b", "c:d"], resource_arns=["x", "y"])
    assert _pairs(both) == [("a:b", "x"), ("a:b", "y"), ("c:d", "x"), ("c:d", "y")]


def test_a_context_entry_has_one_value_unless_it_is_a_list() -> None:
    one = {"ContextKeyName": "a", "ContextKeyValues": ["x"], "ContextKeyType": "string"}
    some = {"ContextKeyName": "b", "ContextKeyValues": ["x", "y"], "ContextKeyType": "stringList"}
    assert _questions(context_entries=[one, some]).values() == {"a": "x", "b": ("x", "y")}
    for texts in ([], ["x", "y"]):
        with pytest.raises(InvalidInput):
            _questions(context_entries=[{**one, "ContextKeyValues": texts}]).values()
    with pytest.raises(InvalidInput):
        _questions(context_entries=[{"ContextKeyValues": ["x"]}]).values()


def test_a_resource_policy_needs_a_caller_and_knows_its_owner() -> None:
    caller = f"arn:aws:iam::{ACCOUNT}:user/ada"
    asked = _questions(resource_policy=BUCKET)
    with pytest.raises(InvalidInput):
        asked.resource_side(ACCOUNT, None)
    side = asked.resource_side(ACCOUNT, caller)
    assert side is not None
    assert not side[1].is_cross_account
    owner = "arn:aws:iam::444455556666:root"
    other = _questions(resource_policy=BUCKET, resource_owner=owner, caller_arn=caller)
    side = other.resource_side(ACCOUNT, None)
    assert side is not None
    assert side[1].is_cross_account


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=60) | st.from_regex(r"arn:aws:iam::[0-9]{0,12}:(user/|root)?[a-z:]*", fullmatch=True),
    st.text(max_size=40) | st.from_regex(r"[0-9:a]{0,16}", fullmatch=True),
)
def test_no_caller_and_no_owner_raise_anything_but_our_refusals(caller: str, owner: str) -> None:
    try:
        _questions(resource_policy=BUCKET, resource_owner=owner, caller_arn=caller).resource_side(
            ACCOUNT, None
        )
    except AwsError:
        return


def test_of_a_million_questions_none_is_made_before_it_is_asked() -> None:
    many = _questions(action_names=["s3:GetObject"] * 1000, resource_arns=["arn:aws:s3:::a"] * 1000)
    tracemalloc.start()
    try:
        assert len(many) == 1_000_000
        assert many.pair(999_999) == ("s3:GetObject", "arn:aws:s3:::a")
        assert tracemalloc.get_traced_memory()[1] < 10_000
    finally:
        tracemalloc.stop()
