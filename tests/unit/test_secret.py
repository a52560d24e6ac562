"""`Secret`: it shows itself to nobody who did not ask by name."""

import dataclasses
import logging
import pickle
import traceback

import pytest

from daypass.secret import Secret

WORD = "hunter2-hunter2"


@dataclasses.dataclass(frozen=True, slots=True)
class Holder:
    name: str
    password: Secret


@pytest.mark.parametrize(
    "show",
    [repr, str, "{}".format, "{!r}".format, "%s".__mod__, "%r".__mod__, lambda secret: f"{secret}"],
    ids=["repr", "str", "format", "format-r", "percent-s", "percent-r", "f-string"],
)
@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: [s], lambda s: {"k": s}, lambda s: Holder("n", s)])
def test_no_way_of_showing_it_shows_it(show, wrap) -> None:  # type: ignore[no-untyped-def]  # any way, any wrapping
    assert WORD not in show(wrap(Secret(WORD)))


def test_neither_a_log_line_nor_an_exception_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("daypass.test").error("failed with %s and %r", Secret(WORD), Secret(WORD))
    assert WORD not in caplog.text
    assert WORD not in "".join(traceback.format_exception(ValueError("wrong", Secret(WORD))))


def test_it_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(WORD))


def test_it_equals_its_like_and_no_plain_text() -> None:
    assert Secret(WORD) == Secret(WORD)
    assert hash(Secret(WORD)) == hash(Secret(WORD))
    assert Secret(WORD) != Secret(WORD + "x")
    assert Secret(WORD) != WORD
    assert Secret("ü") != Secret("u"), "any text may be compared"


def test_the_value_is_had_by_name_only() -> None:
    assert Secret(WORD).reveal() == WORD
    assert (bool(Secret(WORD)), bool(Secret(""))) == (True, False)
