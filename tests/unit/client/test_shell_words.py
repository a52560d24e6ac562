"""Variables as a shell reads them: what real shells print must be what went in."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.client.shell_words import guess_shell, set_lines, unset_lines
from daypass.errors import UsageError

_PRINTABLE = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), max_size=40
)
_NASTY = "a'b\"c$(touch /tmp/x)`id`\\ %PATH% !h;|&<>#~*?[]{}\u2019"


@settings(max_examples=60, deadline=None)
@given(value=_PRINTABLE)
@pytest.mark.parametrize("shell", [name for name in ("sh", "bash", "zsh", "fish") if shutil.which(name)])
def test_a_shell_gets_exactly_the_value(shell: str, value: str) -> None:
    """No character is special in any position."""
    line = set_lines(shell, {"AWS_SESSION_TOKEN": value})[0]
    done = subprocess.run(
        [shell, "-c", f'{line}\nprintf %s "$AWS_SESSION_TOKEN"'],
        capture_output=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    assert done.stdout.decode() == value


def test_each_shell_has_its_own_spelling() -> None:
    """One nasty value in all of them."""
    lines = {shell: set_lines(shell, {"V": "it's"})[0] for shell in ("bash", "fish", "pwsh", "nu", "cmd")}
    assert lines == {
        "bash": "export V='it'\"'\"'s'",
        "fish": "set -gx V 'it\\'s';",
        "pwsh": "$Env:V = 'it''s'",
        "nu": '$env.V = "it\'s"',
        "cmd": 'set "V=it\'s"',
    }


def test_powershell_takes_typographic_quotes_for_quotes() -> None:
    """So they are doubled like the plain one."""
    assert set_lines("powershell", {"V": "\u2019; Remove-Item"})[0] == "$Env:V = '\u2019\u2019; Remove-Item'"


def test_what_cmd_cannot_quote_is_refused() -> None:
    """A percent sign is expanded even between quotes."""
    with pytest.raises(UsageError):
        set_lines("cmd", {"V": _NASTY})


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "\x1b[0m", "\x00", "\x7f"])
def test_a_control_character_has_no_honest_spelling(value: str) -> None:
    """Refused for every shell alike."""
    with pytest.raises(UsageError, match="control character"):
        set_lines("sh", {"V": value})


def test_removing_is_said_in_the_same_shell() -> None:
    """Every syntax has its own word."""
    assert [unset_lines(shell, ["V"])[0] for shell in ("zsh", "fish", "powershell", "cmd", "nushell")] == [
        "unset V",
        "set -e V;",
        "Remove-Item Env:V -ErrorAction SilentlyContinue",
        'set "V="',
        "hide-env --ignore-errors V",
    ]


@pytest.mark.parametrize(
    ("environ", "platform", "shell"),
    [
        ({"SHELL": "/usr/bin/fish"}, "linux", "fish"),
        ({"SHELL": "C:\\Program Files\\Git\\bin\\bash.exe"}, "win32", "bash"),
        ({"SHELL": "/opt/unheard-of"}, "linux", "sh"),
        ({}, "win32", "powershell"),
    ],
)
def test_the_shell_is_guessed_from_its_name(environ: dict[str, str], platform: str, shell: str) -> None:
    """`--shell` always wins over the guess."""
    assert guess_shell(environ, platform=platform) == shell
