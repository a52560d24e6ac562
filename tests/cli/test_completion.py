"""The completion scripts in their own shells: bash, zsh and fish run here; PowerShell's is read by a grammar.

What is asked of each: commands, options, values, profiles with difficult names, files, and another program's words.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell

from daypass.cli.completion_scripts import HOW_TO_INSTALL, SCRIPTS
from support.running_server import DAYPASS, Terminal
from support.typed_terminal import on_terminal

pytestmark = pytest.mark.processes

EVIL = "x$(touch pwned)`touch pwned`;touch pwned"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home with profiles, and `daypass` on the search path."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "daypass").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m daypass "$@"\n')
    (programs / "daypass").chmod(0o755)
    aws = tmp_path / ".aws"
    aws.mkdir()
    (aws / "config").write_text(
        f"[profile dev]\n[profile my prod]\n[profile a:b]\n[profile {EVIL}]\n[profile zulu]\n"
    )
    (tmp_path / "a file.txt").write_text("")
    (tmp_path / "a folder").mkdir()
    for shell, script in SCRIPTS.items():
        (tmp_path / f"daypass.{shell}").write_text(script.strip("\n"))
    inherited = Terminal(tmp_path).environment
    return {**inherited, "PATH": f"{programs}:{inherited['PATH']}", "TERM": "xterm", "LANG": "C.UTF-8"}


def _run(command: list[str], environment: Mapping[str, str]) -> list[str]:
    ended = subprocess.run(
        command,
        env=dict(environment),
        cwd=environment["HOME"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert not (Path(environment["HOME"]) / "pwned").exists()
    return ended.stdout.splitlines()


def _bash(environment: Mapping[str, str], *words: str) -> list[str]:
    """Set the variables that readline sets, and call the function that it calls."""
    quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in ("daypass", *words))
    program = (
        f"source daypass.bash; COMP_WORDS=({quoted}); COMP_CWORD={len(words)};"
        " _daypass; [ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    return _run(["bash", "--norc", "-c", program], environment)


def _fish(environment: Mapping[str, str], line: str) -> list[str]:
    quoted = line.replace("\\", "\\\\").replace("'", "\\'")
    found = _run(["fish", "--no-config", "-c", f"source daypass.fish; complete -C '{quoted}'"], environment)
    return [each.partition("\t")[0] for each in found]


def test_bash_completes_commands_options_and_values(environment: dict[str, str]) -> None:
    assert _bash(environment, "log") == ["login", "logout"]
    assert _bash(environment, "env", "--s") == ["--shell"]
    assert _bash(environment, "env", "--shell", "=", "po") == ["powershell"]


def test_bash_gets_profiles_quoted_and_runs_nothing_of_them(environment: dict[str, str]) -> None:
    found = _bash(environment, "exec", "--profile", "")
    assert found[:2] == ["dev", "my\\ prod"]
    assert _bash(environment, "exec", "--profile", '"my') == ["my prod"]
    assert _bash(environment, "exec", "--profile", "a", ":", "") == ["b"]
    (back,) = _run(["bash", "--norc", "-c", f"printf '%s\\n' {found[3]}"], environment)
    assert back == EVIL


def test_bash_completes_the_command_behind_two_dashes(environment: dict[str, str]) -> None:
    assert "bash" in _bash(environment, "exec", "--", "bas")


def test_bash_at_a_real_prompt(environment: dict[str, str]) -> None:
    with on_terminal(["bash", "--norc", "-i"], {**environment, "PS1": "ready> "}) as terminal:
        terminal.wait_for("ready> ")
        terminal.type(f"cd {environment['HOME']}; source daypass.bash; echo loaded\n")
        terminal.wait_for(r"loaded\r?\n")
        terminal.type("daypass logou\t")
        terminal.wait_for(r"daypass logout ")
        terminal.type("--profile=d\t")
        terminal.wait_for(r"--profile=dev ")
        terminal.type("\x15daypass login --paste-from a\\ fi\t")
        terminal.wait_for(r"a\\ file\.txt ")
        terminal.type("\x15exit\n")


def test_bash_hands_over_to_the_other_programs_own_completion(environment: dict[str, str]) -> None:
    """With the package bash-completion, which knows how; without it, programs and files (the test above)."""
    folders = (
        "/usr/share/bash-completion",
        "/opt/homebrew/share/bash-completion",
        "/usr/local/share/bash-completion",
    )
    place = next((path for folder in folders if (path := Path(folder) / "bash_completion").exists()), None)
    assert place is not None, "bash-completion is needed: tools/test-parts.sh"
    with on_terminal(["bash", "--norc", "-i"], {**environment, "PS1": "ready> "}) as terminal:
        terminal.wait_for("ready> ")
        terminal.type(f"cd {environment['HOME']}; source {place}; source daypass.bash; echo load''ed\n")
        terminal.wait_for(r"loaded\r?\n")
        terminal.type("daypass exec --profile dev -- daypass logou\t")
        terminal.wait_for(r"-- daypass logout ")
        terminal.type("\x15exit\n")


def test_zsh_at_a_real_prompt(environment: dict[str, str]) -> None:
    assert shutil.which("zsh"), "zsh is needed: tools/test-parts.sh"
    with on_terminal(["zsh", "-f", "-i"], {**environment, "PS1": "ready> "}) as terminal:
        terminal.wait_for("ready> ")
        setup = "autoload -Uz compinit; compinit -u -D; source ./daypass.zsh; echo load''ed"
        terminal.type(f"cd {environment['HOME']}; {setup}\n")
        terminal.wait_for(r"loaded\r?\n")
        terminal.type("daypass logou\t")
        terminal.wait_for(r"daypass logou.*t.* ")
        terminal.type("--profile my\t")
        terminal.wait_for(r"my\\ prod")
        terminal.type("\x15daypass env --shell=powe\t")
        terminal.wait_for(r"powe.*rshell")
        terminal.type("\x15daypass log\t\t")
        terminal.wait_for(r"login +-- sign in through the browser")
        terminal.type("\x15daypass login --paste-from a\\ fi\t")
        terminal.wait_for(r"a\\ fi.*le\.txt")
        terminal.shown = ""
        terminal.type("\x15daypass exec --profile dev -- daypass logou\t")
        terminal.wait_for(r"-- daypass logou.*t")
        terminal.type("\x15exit\n")
    assert not (Path(environment["HOME"]) / "pwned").exists()


def test_zsh_takes_the_script_as_an_autoloaded_function_too(environment: dict[str, str]) -> None:
    functions = Path(environment["HOME"]) / "functions"
    functions.mkdir()
    (functions / "_daypass").write_text(SCRIPTS["zsh"].strip("\n"))
    program = (
        "fpath=(./functions $fpath); autoload -Uz compinit; compinit -u -D; print -r -- $_comps[daypass];"
        " autoload +X _daypass; print -r -- ${+functions[_daypass]}"
    )
    assert _run(["zsh", "-f", "-c", program], environment) == ["_daypass", "1"]


def test_fish_completes_everything(environment: dict[str, str]) -> None:
    assert shutil.which("fish"), "fish is needed: tools/test-parts.sh"
    assert _fish(environment, "daypass log") == ["login", "logout"]
    assert _fish(environment, "daypass env --shell po") == ["powershell"]
    assert _fish(environment, "daypass env --shell=po") == ["--shell=powershell"]
    assert _fish(environment, "daypass exec --profile ")[:2] == ["dev", "my prod"]
    assert _fish(environment, "daypass exec --profile my\\ p") == ["my prod"]
    assert _fish(environment, "daypass login --paste-from a") == ["a file.txt", "a folder/"]
    assert _fish(environment, "daypass audit --folder a") == ["a folder/"]
    assert "dev" in _fish(environment, "daypass exec -- daypass exec --profile d")
    assert "bash" in _fish(environment, "daypass exec -- bas")


def _faults_of_powershell(text: str) -> list[str]:
    """Lines that a grammar of PowerShell cannot read."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    nodes, faults = [parser.parse(text.encode()).root_node], []
    for node in nodes:
        nodes += node.children
        if node.is_error or node.is_missing:
            faults.append(text.splitlines()[node.start_point[0]])
    return faults


def test_powershell_reads_the_script_and_evaluates_no_value() -> None:
    """No PowerShell runs here: a grammar reads it, and this holds the rest; .github/workflows/ci.yml asks the real one."""
    script = SCRIPTS["powershell"]
    check = Path(__file__).parents[2] / "tools" / "check-powershell.ps1"
    assert _faults_of_powershell(script) == []
    assert _faults_of_powershell(check.read_text()) == []
    assert _faults_of_powershell("if ($x { }") != []
    code = re.sub(r"#.*", "", script)
    assert "Register-ArgumentCompleter -Native" in code
    assert "__complete $words.Count @words" in code  # before 7.3 an empty last argument is dropped
    assert '"\'" + $value.Replace("\'", "\'\'") + "\'"' in code
    assert "Invoke-Expression" not in code


@pytest.mark.parametrize("shell", sorted(SCRIPTS))
def test_the_script_is_data_and_a_terminal_is_told_where_it_goes(
    environment: dict[str, str], shell: str
) -> None:
    piped = subprocess.run(
        [*DAYPASS, "completion", shell], env=environment, capture_output=True, text=True, check=True
    )
    assert (piped.stdout, piped.stderr) == (SCRIPTS[shell].strip("\n") + "\n", "")
    with on_terminal([*DAYPASS, "completion", shell], environment) as terminal:
        assert terminal.end_of_command() == 0
    assert HOW_TO_INSTALL[shell].split()[0] in terminal.shown


def test_a_shell_that_is_not_known_is_refused() -> None:
    ended = subprocess.run([*DAYPASS, "completion", "tcsh"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "[usage]" in ended.stderr
