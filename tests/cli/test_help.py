"""`daypass help COMMAND` is `daypass COMMAND --help`, for both tables of commands."""

from pathlib import Path

import pytest

from support.running_server import Terminal


@pytest.mark.parametrize("words", ["status", "configure role", "credential-process", "server init"])
def test_help_about_a_command_is_the_commands_own(tmp_path: Path, words: str) -> None:
    person = Terminal(tmp_path)
    asked = person.daypass("help", *words.split())
    told = person.daypass(*words.split(), "--help")
    assert (asked.returncode, asked.stdout, asked.stderr) == (0, told.stdout, told.stderr)
    assert f"daypass {words}" in asked.stdout.splitlines()[0]


def test_the_help_of_configure_names_what_else_there_is(tmp_path: Path) -> None:
    told = Terminal(tmp_path).daypass("configure", "--help").stdout
    for word in ("role", "storage", "python", "aws-cli-v1"):
        assert f"daypass configure {word}" in " ".join(told.split())
