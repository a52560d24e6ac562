"""Tags on IAM resources: characters, the whole set, and what policies see of them."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.aws.errors import AwsError, InvalidInput, LimitExceeded, ValidationError
from daypass.server.domain.resource_tags import (
    check_tag_key,
    check_tag_value,
    collect_tags,
    merge_tags,
    remove_tags,
    request_tag_values,
    resource_tag_values,
    tag_key_values,
)


@pytest.mark.parametrize("key", ["a", "Cost Center", "äöü/1.2:3=4+5-6@7_8", "名前", "x" * 128])
def test_letters_separators_digits_and_signs_make_a_tag_key(key: str) -> None:
    assert check_tag_key("tags.1.member.key", key) == key


@pytest.mark.parametrize(
    "key", ["", "x" * 129, "a\n", "a\x00", "a*", "a;b", "a<b", "a,b", "\u202eab", "é\u0301"]
)
def test_other_characters_and_lengths_make_no_tag_key(key: str) -> None:
    with pytest.raises(ValidationError):
        check_tag_key("tags.1.member.key", key)


def test_a_tag_value_may_be_empty_and_has_256_characters_at_most() -> None:
    assert check_tag_value("v", "") == ""
    assert check_tag_value("v", "x" * 256)
    for value in ("x" * 257, "*", "a\x00"):
        with pytest.raises(ValidationError):
            check_tag_value("v", value)


@pytest.mark.parametrize("keys", [("a", "a"), ("Team", "team"), ("aws:a",), ("AWS:a",)])
def test_repeated_and_reserved_tag_keys_are_refused(keys: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput):
        collect_tags((key, "v") for key in keys)


def test_tags_are_kept_in_order_of_key() -> None:
    assert collect_tags([("b", "1"), ("A", "2"), ("c", "3")]) == (("A", "2"), ("b", "1"), ("c", "3"))


def test_an_added_tag_replaces_the_one_that_differs_only_in_case() -> None:
    assert merge_tags((("Team", "a"), ("x", "1")), (("team", "b"),)) == (("team", "b"), ("x", "1"))


def test_a_resource_has_fifty_tags_and_no_more() -> None:
    fifty = tuple((f"k{number:02}", "v") for number in range(50))
    assert merge_tags(fifty, (("K00", "w"),))[0] == ("K00", "w")
    with pytest.raises(LimitExceeded):
        merge_tags(fifty, (("one more", "v"),))


def test_removing_a_tag_ignores_case_and_absence() -> None:
    assert remove_tags((("Team", "a"), ("x", "1")), ["TEAM", "none"]) == (("x", "1"),)


def test_policies_see_what_is_asked_for_and_what_is_there() -> None:
    tags = (("Team", "a"),)
    assert request_tag_values(tags) == {"aws:RequestTag/Team": "a", "aws:TagKeys": ("Team",)}
    assert resource_tag_values(tags) == {"aws:ResourceTag/Team": "a", "iam:ResourceTag/Team": "a"}
    assert request_tag_values(()) == {} == tag_key_values(()), "a key without values is absent"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.text(), st.text())))
def test_no_tags_raise_anything_but_our_refusals(pairs: list[tuple[str, str]]) -> None:
    with contextlib.suppress(AwsError):
        collect_tags((check_tag_key("k", key), check_tag_value("v", value)) for key, value in pairs)
