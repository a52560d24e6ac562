"""What was pasted, as text: lines, corrections, and which of the lines are the answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.cli.login_paste import PastedText, find_answer
from daypass.client.login_answer import LoginAnswer
from daypass.protocol.oauth.verification_code import build_verification_code

STATE = "3f0d6d1e-8c39-4a86-9c35-0b2a7b1f7a10"
CODE = build_verification_code(state=STATE, code="c" * 200)
ADDRESS = f"http://127.0.0.1:8401/oauth/callback?code={'c' * 200}&state={STATE}"


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        (["ab", "c\n"], ["abc"]),
        (["ab\r", "c\n"], ["ab", "c"]),
        (["abx\x7fc\b\bbc\n"], ["abc"]),
        (["\x7f\x7fa\n\x7fb\n"], ["a", "b"]),
        (["\x1b[200~a\x1b[201~\n"], ["a"]),
        (["  \n\na\n"], ["a"]),
    ],
)
def test_keys_become_lines(pieces: list[str], lines: list[str]) -> None:
    pasted = PastedText()
    assert all(pasted.add(piece) for piece in pieces)
    assert pasted.lines == lines
    assert not pasted.is_amid_a_line


def test_ctrl_d_ends_an_empty_line_only() -> None:
    pasted = PastedText()
    assert pasted.add("a\x04")
    assert pasted.is_amid_a_line
    assert pasted.add("\n")
    assert not pasted.add("\x04")


@pytest.mark.parametrize("answer", [CODE, ADDRESS])
@pytest.mark.parametrize("width", [7, 40, 76, 10_000])
@pytest.mark.parametrize(
    "before", [[], ["ls -l"], ["c3RhdGU9eA=="], ["https://elsewhere.example/?code=c&state=x"]]
)
def test_the_answer_is_found_behind_whatever_else_was_typed(
    answer: str, width: int, before: list[str]
) -> None:
    broken = [answer[start : start + width] for start in range(0, len(answer), width)]
    box = LoginAnswer(STATE)
    assert find_answer([*before, *broken], box.accept)
    raw_query = box.wait(0)
    assert raw_query is not None
    assert "c" * 200 in raw_query


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=6))
def test_no_paste_raises_and_none_of_a_strangers_is_taken(pieces: list[str]) -> None:
    pasted, box = PastedText(), LoginAnswer(STATE)
    for piece in pieces:
        pasted.add(piece)
    assert not find_answer(pasted.lines, box.accept)
