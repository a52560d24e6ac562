"""The prompt as a shell draws it: the how-to's bash line in a real, interactive bash."""

import re
import subprocess
from pathlib import Path

from support.running_server import DAYPASS, Terminal
from support.transcript import arn_of, save_session

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "show-the-session-in-your-prompt.md"


def test_the_how_tos_bash_prompt_shows_the_session_and_then_nothing(tmp_path: Path) -> None:
    """Signed in, then signed out, between two prompts of one shell."""
    entry = save_session(tmp_path, "dev", 890, 40_000)
    (tmp_path / ".aws" / "config").write_text(f"[profile dev]\nlogin_session = {arn_of('dev')}\n")
    (line,) = re.findall(r"^PS1=.*$", PAGE.read_text(), re.MULTILINE)
    command = " ".join(DAYPASS)
    script = (
        f'daypass() {{ {command} "$@"; }}\n{line.replace(chr(92) + "w", "here")}\n'
        f"echo one\nrm {entry}\necho two\nexit 0\n"
    )
    shell = subprocess.run(
        ["bash", "--noprofile", "--norc", "-i"],
        input=script,
        env={**Terminal(tmp_path).environment, "AWS_PROFILE": "dev", "TERM": "dumb"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        start_new_session=True,
    )
    assert shell.stdout == "one\ntwo\n"
    prompts = re.findall(r"^.*here [#$] ", shell.stderr, re.MULTILINE)
    assert [prompt.strip(" #$") for prompt in prompts[:3]] == [
        "dev 111122223333 11h here",
        "dev 111122223333 11h here",
        "here",
    ], shell.stderr
