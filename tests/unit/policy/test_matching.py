"""Wildcards without catastrophes."""

import time
from typing import Any

import pytest

from daypass.policy.matching import Glob, PatternSet, match_arn, split_arn_pattern
from daypass.policy.request_context import FoldedValues
from daypass.policy.variables import Template, Wildcard

ANY, ONE = Wildcard.ANY, Wildcard.ONE


@pytest.mark.parametrize(
    "parts",
    [
        ("a", ANY) * 200 + ("b",),
        (ANY, "a", ONE, "a") * 100 + (ANY, "b"),
        (ANY, *(ONE,) * 1000, "b", ANY),
        (ANY, "a" * 1000 + "b", ANY),
        (ANY, *("a", ONE) * 1000, "b", ANY),
        (ANY, *("a", ONE) * 300, "b", ANY) * 5,
    ],
    ids=[
        "stars",
        "stars and question marks",
        "question marks",
        "one long piece",
        "one long piece of question marks",
        "long pieces of question marks",
    ],
)
def test_a_hostile_pattern_on_a_hostile_text_is_quick(parts: tuple[str | Wildcard, ...]) -> None:
    started = time.process_time()
    assert not Glob(parts).matches("a" * 8000)
    assert time.process_time() - started < 0.2


class _CountedText(str):
    """A text that counts how often Python looks at it."""

    __slots__ = ("looks",)
    looks: int

    def __getitem__(self, at: Any) -> str:
        self.looks += 1
        return super().__getitem__(at)

    def find(self, *where: Any) -> int:
        self.looks += 1
        return super().find(*where)

    def startswith(self, *where: Any) -> bool:
        self.looks += 1
        return super().startswith(*where)


@pytest.mark.parametrize("length", [3, 63, 65, 501])
def test_a_text_is_looked_at_once_per_character_whatever_the_pattern(length: int) -> None:
    """Six kilobytes of such patterns are one decision's work, and everybody waits while it lasts."""
    text = _CountedText("a" * 2000)
    text.looks = 0
    assert not Glob((ANY, *("a", ONE) * (length // 2), "b", ANY)).matches(text)
    assert text.looks <= 10 * length + (0 if length <= 64 else len(text))


def test_a_short_piece_takes_every_character_for_its_question_marks_and_none_for_a_meaning_of_its_own() -> (
    None
):
    for free in ("\n", ".", "\U0001f600", "\x85"):
        text = "a" * 20 + f"a+{free}(b" + "c"
        assert Glob((ANY, "a+", ONE, "(b", ANY)).matches(text)
        assert not Glob((ANY, "a.", ONE, "(b", ANY)).matches(text)
        assert Glob((ANY, "a", ONE, ONE, "(b", ANY)).matches(text)


def test_a_piece_is_found_wherever_it_stands_however_many_places_were_tried_before() -> None:
    for before in range(40):
        text = "ab" * before + "a-c" + "ab"
        assert Glob((ANY, "a", ONE, "c", ANY)).matches(text)
        assert Glob((ANY, "a", ONE, "c", ONE, ONE)).matches(text)
        assert not Glob((ANY, "a", ONE, "c", ONE, "c", ANY)).matches(text)


def test_the_beginning_and_the_end_of_a_pattern_do_not_share_text() -> None:
    assert not Glob(("ab", ANY, "bc")).matches("abc")
    assert Glob(("ab", ANY, "bc")).matches("abbc")


def test_landmarks_are_in_every_text_that_fits() -> None:
    patterns = PatternSet([Template(("arn:", ANY, "long piece", ONE, "x")), Template((ANY,)), Template(())])

    assert patterns.landmarks == {("arn:", "long piece"), ("", "")}


def test_an_empty_set_matches_nothing_and_the_empty_pattern_only_the_empty_text() -> None:
    assert not PatternSet([]).matches("", FoldedValues({}))
    assert PatternSet([Template(())]).matches("", FoldedValues({}))
    assert not PatternSet([Template(())]).matches("x", FoldedValues({}))


def test_arn_fields_are_matched_one_by_one() -> None:
    fields = [Glob(field) for field in split_arn_pattern(("arn:aws:sns:", ANY, ":1:", ANY))]

    assert match_arn(fields, "arn:aws:sns:us-east-1:1:topic:sub")
    assert not match_arn(fields, "arn:aws:sns:us-east-1:x:1:topic")
    assert not match_arn(fields, "arn:aws:sns:us-east-1:1")


def test_a_text_that_is_no_arn_matches_no_arn_pattern_not_even_its_equal() -> None:
    assert not match_arn([Glob(("word",))], "word")
