"""Terminal manners: one voice, two streams, three texts."""

import io
import sys

import pytest

from daypass.cli.output import ask, data, fail, say
from daypass.errors import LoginRequired, UsageError


def test_only_data_reaches_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    data("for programs")
    say("for people")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("for programs\n", "daypass: for people\n")


def test_a_failure_says_message_word_and_hint_but_never_the_detail(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The detail is for a log only."""
    assert fail(LoginRequired("not signed in", hint="daypass login", detail="internal")) == 4
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "daypass: not signed in [signin_needed]\nhint: daypass login\n")


@pytest.mark.parametrize(
    ("typed", "answer"), [(b"", None), (b"\n", ""), (b"  a b \n", "a b"), (b"last", "last")]
)
def test_an_answer_is_one_line_and_its_end_is_not_an_empty_one(
    monkeypatch: pytest.MonkeyPatch, typed: bytes, answer: str | None
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed), encoding="utf-8"))
    assert ask("what?") == answer


def test_an_answer_that_is_no_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe\n"), encoding="utf-8"))
    with pytest.raises(UsageError, match="not text"):
        ask("what?")


def test_a_name_from_a_file_does_not_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Names stay readable in every script; what a terminal would obey is spelt out."""
    say("profile \x1b]0;title\x07 of Zoë\u00a0さん\u202e")
    fail(UsageError("a\rb", hint="x\ny"))
    assert capsys.readouterr().err.splitlines() == [
        r"daypass: profile \x1b]0;title\x07 of Zoë" + "\u00a0" + r"さん\u202e",
        r"daypass: a\rb [usage]",
        r"hint: x\ny",
    ]
