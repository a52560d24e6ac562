"""The line that SDKs run for credentials: one word stays one word, whoever takes the line apart."""

import shlex
import sys

import pytest

from daypass.cli.configure import bridge_command
from daypass.errors import UsageError


@pytest.mark.parametrize("name", ["-x", "--as", 'a"b', "a\\b", "a$HOME", "a`id`", "a%PATH%", "a!b"])
def test_a_name_that_a_shell_or_our_own_options_would_take_otherwise_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot stand in a command line"):
        bridge_command(name)


@pytest.mark.parametrize(
    "name", ["dev", "a b", "a;b", "a|b", "a&b", "a>b", "a'b", "a*b", "a(b)", "a~b", "a#b"]
)
def test_any_other_name_is_the_last_word_of_the_line(name: str) -> None:
    assert shlex.split(bridge_command(name))[-3:] == ["credential-process", "--profile", name]


def test_the_programs_own_path_is_one_word_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setattr(sys, "argv", ["pytest"])
    monkeypatch.setattr(sys, "executable", "/opt/my python/bin/python3")
    assert shlex.split(bridge_command("dev"))[:3] == ["/opt/my python/bin/python3", "-m", "daypass"]
    monkeypatch.setattr(sys, "executable", "/opt/$(id)/python3")
    with pytest.raises(UsageError):
        bridge_command("dev")
