"""What a transcript cannot show: Ctrl-C, a reader that goes away, a sign-out that meets a refresh."""

import signal
import socket
import subprocess
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from daypass.client.atomic_file import hold_lock
from support.fake_sign_in import FakeSignIn, listening
from support.running_server import DAYPASS, Terminal
from support.transcript import arn_of, cache_path, save_session


def _listen_to_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_ends_a_waiting_login_and_its_listener(tmp_path: Path) -> None:
    """Exit code 130, no traceback, nothing saved, the port free again."""
    terminal = Terminal(tmp_path)
    with listening(FakeSignIn()) as fake:
        process = subprocess.Popen(
            [*DAYPASS, "login", "--no-browser", "--endpoint-url", fake.base_url],
            env=terminal.environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            # A shell that runs tests in the background ignores SIGINT, and children inherit that.
            preexec_fn=_listen_to_ctrl_c,
        )
        assert process.stderr is not None
        link = next(line for line in process.stderr if line.startswith("http")).strip()
        assert "--remote" in [line for _, line in zip(range(2), process.stderr, strict=False)][-1]
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=30)
        assert process.returncode == 130
    assert "Traceback" not in rest
    assert not (tmp_path / ".aws" / "config").exists()
    assert not list(tmp_path.rglob("*.json"))
    way_back = urlsplit(parse_qs(urlsplit(link).query)["redirect_uri"][0])
    with (
        pytest.raises(ConnectionRefusedError),
        socket.create_connection(("127.0.0.1", way_back.port or 0), 5),
    ):
        pass


@pytest.mark.parametrize("command", ["status", "credential-process"])
def test_a_reader_that_goes_away_sees_no_traceback(tmp_path: Path, command: str) -> None:
    """`daypass status | head -0`."""
    terminal = Terminal(tmp_path)
    save_session(tmp_path, "dev", 900)
    (tmp_path / ".aws" / "config").write_text(f"[profile dev]\nlogin_session = {arn_of('dev')}\n")
    reader, writer = socket.socketpair()
    reader.close()
    with writer:
        process = subprocess.run(
            [*DAYPASS, command, "--profile", "dev"],
            env=terminal.environment,
            stdin=subprocess.DEVNULL,
            stdout=writer.fileno(),
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (process.returncode, process.stderr) == (1, "")


@pytest.mark.parametrize("words", [["--all"], ["--profile", "dev"]])
def test_a_sign_out_waits_for_a_refresh_on_its_way(tmp_path: Path, words: list[str]) -> None:
    """Else the refresh would write the session back after it."""
    terminal = Terminal(tmp_path)
    path = save_session(tmp_path, "dev", 900)
    (tmp_path / ".aws" / "config").write_text(f"[profile dev]\nlogin_session = {arn_of('dev')}\n")
    ended: list[int] = []
    runner = threading.Thread(
        target=lambda: ended.append(terminal.daypass("logout", *words).returncode), daemon=True
    )
    with hold_lock(path):
        runner.start()
        runner.join(1.5)
        assert ended == []
        assert cache_path(tmp_path, "dev").exists()
        path.write_text(path.read_text())  # the refresh keeps its answer
    runner.join(60)
    assert ended == [0]
    assert not path.exists()
