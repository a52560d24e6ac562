"""Nothing depends on colour, and where it is not wanted there is none: NO_COLOR, and terminals that could show it."""

from pathlib import Path

import pytest

from support.running_server import DAYPASS, Terminal
from support.transcript import arn_of, save_session
from support.typed_terminal import on_terminal

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["login", "--help"],
        ["status"],
        ["doctor", "--profile", "dev"],
        ["audit"],
        ["exec"],
        ["logout"],
    ],
)
def test_a_terminal_gets_no_control_character(tmp_path: Path, words: list[str]) -> None:
    save_session(tmp_path, "dev", 900)
    (tmp_path / ".aws" / "config").write_text(f"[profile dev]\nlogin_session = {arn_of('dev')}\n")
    environment = {**Terminal(tmp_path).environment, "TERM": "xterm-256color", "NO_COLOR": "1"}
    with on_terminal([*DAYPASS, *words], environment) as terminal:
        if words == ["exec"]:
            terminal.type("\x04")
        terminal.end_of_command(60)
    assert "\x1b" not in terminal.shown
    assert terminal.shown.strip()
