"""Strict JSON with positions (RFC 8259)."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.policy.json_source import MAX_DEPTH, JsonElement, JsonNumber, parse_json
from daypass.protocol.aws.errors import MalformedPolicyDocument


def _plain(element: JsonElement) -> Any:
    if isinstance(element.value, dict):
        return {name: _plain(member) for name, member in element.value.items()}
    if isinstance(element.value, list):
        return [_plain(item) for item in element.value]
    if isinstance(element.value, JsonNumber):
        return json.loads(element.value)
    return element.value


_text = st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
        max_leaves=6,  # shallower than MAX_DEPTH
    ),
    st.booleans(),
)
def test_what_the_standard_encoder_writes_is_read_back(value: Any, is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii, indent=1)
    assert _plain(parse_json(text)) == value


def test_a_member_stands_where_its_name_stands_and_an_item_where_it_begins() -> None:
    document = parse_json('{"a":\r\n  ["x",\n "y"]}')
    assert isinstance(document.value, dict)
    member = document.value["a"]
    assert isinstance(member.value, list)

    assert member.malformed("m").message == "a: m (line 1, column 2)"
    assert member.value[1].malformed("m").message == "a[1]: m (line 3, column 2)"


def test_nesting_ends_at_the_limit() -> None:
    parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    with pytest.raises(MalformedPolicyDocument, match="nested deeper"):
        parse_json("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "-Infinity",
        "+1",
        ".5",
        "1.",
        "tru",
        "nul",
        "'a'",
        '"a',
        '"\\u12"',
        "[1,]",
        "{,}",
        '{"a"}',
        "[1 2]",
    ],
)
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(MalformedPolicyDocument):
        parse_json(text)


def test_a_long_strange_name_is_shortened_in_the_path() -> None:
    with pytest.raises(MalformedPolicyDocument) as refusal:
        parse_json('{"' + "é" * 500 + '": ?}')
    assert len(refusal.value.message) < 500
