"""The one question before a login, at a real terminal (a pseudo-terminal): the region."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from support.fake_sign_in import FakeSignIn, listening
from support.running_server import DAYPASS, Terminal


def _login_typing(terminal: Terminal, fake: FakeSignIn, region: str) -> tuple[int, str]:
    """`daypass login --remote` at AWS's own names, redirected to the fake; returns exit code and words."""
    settings = {"AWS_ENDPOINT_URL_SIGNIN": fake.base_url, "AWS_ENDPOINT_URL_STS": fake.base_url}
    controller, end = pty.openpty()
    process = subprocess.Popen(
        [*DAYPASS, "login", "--remote", "--profile", "dev"],
        env={**terminal.environment, **settings},
        stdin=end,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    os.close(end)
    assert process.stderr is not None
    told: list[str] = []
    try:
        os.write(controller, f"{region}\n".encode())
        for line in process.stderr:
            told.append(line)
            if line.startswith("http"):
                os.write(controller, fake.code_to_paste(line.strip()).encode() + b"\n")
                break
        out, rest = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
        os.close(controller)
    assert out == ""
    return process.returncode, "".join(told) + rest


@pytest.mark.parametrize(("typed", "saved"), [("", "us-east-1"), ("eu-west-3", "eu-west-3")])
def test_the_region_that_was_asked_for_is_saved(tmp_path: Path, typed: str, saved: str) -> None:
    """Enter takes the default shown in brackets. Without a flag no services section is written."""
    with listening(FakeSignIn()) as fake:
        code, told = _login_typing(Terminal(tmp_path), fake, typed)
        assert (code, told.startswith("daypass: region to sign in at [us-east-1]: ")) == (0, True), told
        config = (tmp_path / ".aws" / "config").read_text()
        assert config == f"[profile dev]\nregion = {saved}\nlogin_session = {fake.arn}\n"


def test_a_region_that_is_none_is_refused(tmp_path: Path) -> None:
    with listening(FakeSignIn()) as fake:
        code, told = _login_typing(Terminal(tmp_path), fake, "my region!")
        assert code == 2
        assert "a region looks like us-east-1 [usage]\nhint: daypass login --region us-east-1\n" in told
        assert fake.requests == []
        assert not (tmp_path / ".aws").exists()
