"""`daypass doctor` as a process: its exit codes against a service that answers, and what it leaves unsaid."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.fake_sign_in import FakeSignIn, listening
from support.running_server import DAYPASS, Terminal
from support.transcript import arn_of, save_session


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Signed in at a service that answers."""
    entry = save_session(tmp_path, "dev", 890, 40_000)
    entry.parent.chmod(0o700)
    with listening(FakeSignIn(arn=arn_of("dev"), clock=lambda: int(time.time()))) as service:
        (tmp_path / ".aws" / "config").write_text(
            f"[profile dev]\nregion = us-east-1\nlogin_session = {arn_of('dev')}\nendpoint_url = {service.base_url}\n"
        )
        yield Terminal(tmp_path)


def test_when_nothing_is_wrong_the_code_is_0_and_quiet_is_silent(terminal: Terminal) -> None:
    """A note (no browser here) is nothing wrong."""
    done = terminal.run(*DAYPASS, "doctor", "--profile", "dev", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    told = terminal.run(*DAYPASS, "doctor", "--profile", "dev")
    assert (told.returncode, told.stderr) == (0, "daypass: nothing is wrong\n")
    assert f"the credentials are accepted as {arn_of('dev')} [identity]" in told.stdout


def test_a_warning_is_11(terminal: Terminal) -> None:
    """It works, and will surprise somebody."""
    shadow = {"AWS_ACCESS_KEY_ID": "AKIAPLANTED", "AWS_SECRET_ACCESS_KEY": "planted-secret"}
    done = terminal.run(*DAYPASS, "doctor", "--profile", "dev", "--json", "--quiet", **shadow)
    said = json.loads(done.stdout)
    assert (done.returncode, said["worst"]) == (11, "warning")
    assert [each["code"] for each in said["findings"]] == ["shadowed_env"]
    assert "planted" not in done.stdout.lower().replace("unset", "")


def test_an_error_is_12(terminal: Terminal) -> None:
    """It does not work."""
    for entry in (terminal.home / ".aws" / "login" / "cache").glob("*.json"):
        entry.unlink()
    done = terminal.run(*DAYPASS, "doctor", "--profile", "dev", "--quiet")
    assert done.returncode == 12
    assert "[session_missing]" in done.stdout


def test_a_file_that_cannot_be_read_is_a_mistake_of_its_own(terminal: Terminal) -> None:
    """As for every command: exit code 2."""
    (terminal.home / ".aws" / "config").write_bytes(b"\xff\xfe")
    assert terminal.run(*DAYPASS, "doctor").returncode == 2
