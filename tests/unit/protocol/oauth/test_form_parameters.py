"""The framework's law of parameters."""

import pytest

from daypass.errors import RemoteProtocolError
from daypass.protocol.oauth.form_parameters import FormParameters, is_visible_ascii, parse_form_parameters

KNOWN = frozenset({"a", "b"})


@pytest.mark.parametrize(
    ("raw", "values", "repeated"),
    [
        ("", {}, set()),
        ("a=1&b=2", {"a": "1", "b": "2"}, set()),
        ("a=&b", {}, set()),
        ("c=1&c=2&a=x", {"a": "x"}, set()),
        ("a=1&a=1", {"a": "1"}, {"a"}),
        ("a=&a=1", {"a": "1"}, {"a"}),
        ("a=%C3%A9+%2B", {"a": "é +"}, set()),
        ("%61=1", {"a": "1"}, set()),
        ("A=1", {}, set()),
        ("a=1;b=2", {"a": "1;b=2"}, set()),
        ("a=b=c", {"a": "b=c"}, set()),
        ("&&a=1&", {"a": "1"}, set()),
    ],
)
def test_parameters_are_decoded_filtered_and_counted(
    raw: str, values: dict[str, str], repeated: set[str]
) -> None:
    """Without a value: omitted. Unknown: ignored. Twice: reported."""
    assert parse_form_parameters(raw, known=KNOWN) == FormParameters(values, frozenset(repeated))


@pytest.mark.parametrize("raw", ["a=%ff", "é=1", "\ud800", "&".join(["x=1"] * 101)])
def test_form_text_that_cannot_be_decoded_is_refused(raw: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(RemoteProtocolError):
        parse_form_parameters(raw, known=KNOWN)


def test_parameters_do_not_print_their_values() -> None:
    """A code may be among them."""
    assert "zzsecretzz" not in repr(parse_form_parameters("a=zzsecretzz", known=KNOWN))


@pytest.mark.parametrize(
    ("text", "verdict"), [("!~az09", True), ("a b", False), ("a\n", False), ("\x7f", False), ("é", False)]
)
def test_visible_ascii_runs_from_exclamation_mark_to_tilde(text: str, verdict: bool) -> None:
    """Blanks and control characters are not visible."""
    assert is_visible_ascii(text) is verdict
