"""OSC 52: the characters for each kind of terminal, and none for those that would show them."""

import base64
import re

import pytest

from daypass.client.terminal_clipboard import clipboard_sequence

URL = "https://signin.example.com/v1/authorize?" + "a" * 900


def _decoded(sequence: str) -> str:
    found = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07", sequence)
    assert found is not None
    return base64.b64decode(found[1]).decode()


def test_a_plain_terminal_gets_the_text_in_one_sequence() -> None:
    assert _decoded(clipboard_sequence(URL, {"TERM": "xterm-256color"})) == URL


def test_tmux_gets_it_for_itself_and_for_the_terminal_outside() -> None:
    sequence = clipboard_sequence(URL, {"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"})
    plain, _, wrapped = sequence.partition("\x1bPtmux;")
    assert _decoded(plain) == URL
    assert _decoded(wrapped.removesuffix("\x1b\\").replace("\x1b\x1b", "\x1b")) == URL


def test_screen_gets_it_in_pieces_that_it_takes() -> None:
    sequence = clipboard_sequence(URL, {"TERM": "screen", "STY": "1.pts-0"})
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", sequence, re.DOTALL)
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= 768
    assert _decoded("".join(pieces)) == URL


@pytest.mark.parametrize("environ", [{}, {"TERM": ""}, {"TERM": "dumb"}, {"TERM": "dumb", "TMUX": "x"}])
def test_a_terminal_that_would_show_it_gets_nothing(environ: dict[str, str]) -> None:
    assert clipboard_sequence(URL, environ) == ""


def test_a_text_too_long_for_any_terminal_is_not_sent() -> None:
    assert clipboard_sequence("a" * 9_000, {"TERM": "xterm"}) == ""


def test_no_text_can_end_the_sequence_early() -> None:
    assert _decoded(clipboard_sequence("\x07\x1b]0;title\x07", {"TERM": "xterm"})) == "\x07\x1b]0;title\x07"
