"""`daypass env` in a real shell: what the SDK sees after `eval` is what the cache holds."""

import subprocess
from pathlib import Path

import pytest

from support.running_server import DAYPASS, Terminal
from support.transcript import arn_of, save_session
from support.typed_terminal import on_terminal


def _home(tmp_path: Path) -> dict[str, str]:
    save_session(tmp_path, "dev", 900)
    (tmp_path / ".aws" / "config").write_text(
        f"[profile dev]\nregion = eu-west-1\nservices = own\nlogin_session = {arn_of('dev')}\n"
        "[services own]\nsts =\n  endpoint_url = http://127.0.0.1:9\n"
    )
    return {**Terminal(tmp_path).environment, "SHELL": "/bin/sh"}


def _shell(script: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", "-c", script], env=environment, capture_output=True, text=True, timeout=30, check=True
    )


def test_eval_sets_what_programs_without_profiles_read(tmp_path: Path) -> None:
    """Keys, their end, the region under both names, and where the services are."""
    command = " ".join([*DAYPASS, "env", "--profile", "dev"])
    done = _shell(f'eval "$({command})"; env', _home(tmp_path))
    seen = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("AWS_"))
    assert seen["AWS_ACCESS_KEY_ID"] == "ASIADEV"
    assert seen["AWS_SESSION_TOKEN"] == "token-of-dev"
    assert (seen["AWS_REGION"], seen["AWS_DEFAULT_REGION"]) == ("eu-west-1", "eu-west-1")
    assert seen["AWS_ENDPOINT_URL_STS"] == "http://127.0.0.1:9"
    assert "do not renew" in done.stderr
    assert "secret-of-dev" not in done.stderr


def test_unset_takes_all_of_it_back(tmp_path: Path) -> None:
    """No session is needed for that."""
    own = " ".join(DAYPASS)
    done = _shell(f'eval "$({own} env --profile dev)"; eval "$({own} env --unset)"; env', _home(tmp_path))
    assert "ASIADEV" not in done.stdout
    assert "AWS_ENDPOINT_URL_STS" not in done.stdout


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", 'eval "$(daypass env --profile dev --shell bash)"'),
        ("fish", "daypass env --profile dev --shell fish | source"),
        ("pwsh", "daypass env --profile dev --shell pwsh | Out-String | Invoke-Expression"),
        ("cmd", """for /f "delims=" %i in ('daypass env --profile dev --shell cmd') do @%i"""),
        ("nu", "daypass env --profile dev --json | from json | load-env"),
    ],
)
def test_whoever_only_looks_is_told_how_the_shell_takes_them(tmp_path: Path, shell: str, line: str) -> None:
    words = [*DAYPASS, "env", "--profile", "dev", "--shell", shell]
    with on_terminal(words, {**_home(tmp_path), "TERM": "xterm"}) as screen:
        assert screen.end_of_command() == 0
    assert screen.shown.splitlines()[-1] == f"daypass: to set them in this shell: {line}"


def test_the_line_that_is_told_works(tmp_path: Path) -> None:
    """In fish, bash and sh, with the command it names on the path."""
    tool = tmp_path / "bin" / "daypass"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec {" ".join(DAYPASS)} "$@"\n')
    tool.chmod(0o700)
    environment = _home(tmp_path)
    environment["PATH"] = f"{tool.parent}:{environment['PATH']}"
    for shell, line in (
        ("fish", "daypass env --profile dev --shell fish | source"),
        ("bash", 'eval "$(daypass env --profile dev --shell bash)"'),
        ("dash", 'eval "$(daypass env --profile dev --shell dash)"'),
    ):
        done = subprocess.run(
            [shell, "-c", f"{line}; echo $AWS_ACCESS_KEY_ID"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stdout == "ASIADEV\n"
