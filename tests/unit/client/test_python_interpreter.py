"""Which Python runs a command, and what another Python says of itself."""

import sys
from pathlib import Path

import pytest

from daypass.client.python_interpreter import ask_interpreter, find_interpreter, interpreter_of_script
from daypass.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("#!/opt/venv/bin/python3.11\nimport sys\n", "/opt/venv/bin/python3.11"),
        ("#!/opt/venv/bin/python -sE\n", "/opt/venv/bin/python"),
        ("#!/bin/sh\n'''exec' /a/long/path/python \"$0\" \"$@\"\n' '''\n", "/a/long/path/python"),
        ("#!/bin/sh\n'''exec' \"/a long/path/python\" \"$0\" \"$@\"\n' '''\n", "/a long/path/python"),
        ("#!/usr/bin/env python-that-is-nowhere\n", None),
        ("#!/bin/sh\nexec something\n", None),
        ("#!/bin/sh\n'''exec' \n", None),
        ("#!\n", None),
        ("", None),
        ("\x7fELF", None),
    ],
)
def test_the_first_lines_of_a_command_say_which_python_runs_it(
    tmp_path: Path, text: str, python: str | None
) -> None:
    script = tmp_path / "aws"
    script.write_text(text)
    assert interpreter_of_script(script) == python


def test_a_command_of_windows_is_run_by_the_python_beside_it(tmp_path: Path) -> None:
    (tmp_path / "aws.cmd").write_text("@echo OFF\r\n")
    assert interpreter_of_script(tmp_path / "aws.cmd") is None
    (tmp_path / "python.exe").touch()
    assert interpreter_of_script(tmp_path / "aws.cmd") == str(tmp_path / "python.exe")


def test_a_command_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    assert interpreter_of_script(tmp_path / "none") is None


def test_the_active_environment_has_the_first_word() -> None:
    assert find_interpreter({}, "/usr/bin/python3") == "/usr/bin/python3"
    assert find_interpreter({"VIRTUAL_ENV": "/home/p/.venv"}, "x") == "/home/p/.venv/bin/python"


def test_an_interpreter_says_where_its_packages_are() -> None:
    said = ask_interpreter(sys.executable)
    assert said.executable == sys.executable
    assert (said.has_hook, said.has_plugin, said.has_botocore) == (True, True, True)
    assert said.packages.name == "site-packages"


@pytest.mark.parametrize("text", ["exit 1", "echo '{}'", "echo 7", "echo '{\"packages\": 1}'", "true"])
def test_what_answers_otherwise_is_no_python(tmp_path: Path, text: str) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    with pytest.raises(ConfigError, match="did not answer as a Python"):
        ask_interpreter(str(program))
