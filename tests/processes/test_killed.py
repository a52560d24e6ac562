"""SIGKILL at every step of a login and a refresh, on both sides: the next run works, nothing is half written."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import botocore.configloader
import pytest

from support.form_browser import FormBrowser
from support.killed_server import killing_environment
from support.running_server import RunningServer, Terminal, new_terminal
from support.serving import ROOT, age_cache, prepare, serve

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("killed")]

KILLED_CLIENT = str(Path(__file__).parents[1] / "support" / "killed_client.py")


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, unused_tcp_port_factory: object
) -> Iterator[RunningServer]:
    port = unused_tcp_port_factory()  # type: ignore[operator]  # a fixture is typed object here
    with serve(prepare(tmp_path_factory.mktemp("killed") / "server", port)) as running:
        yield running


def _killed(terminal: Terminal, step: int, *command: str) -> "subprocess.Popen[str]":
    folder = str(terminal.home / ".aws")
    return subprocess.Popen(
        [sys.executable, KILLED_CLIENT, str(step), folder, *command],
        env=terminal.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _credentials(terminal: Terminal) -> dict[str, str]:
    run = terminal.daypass("credential-process", "--profile", "dev")
    assert run.returncode == 0, run.stderr
    answer: dict[str, str] = json.loads(run.stdout)
    return answer


def test_a_client_killed_at_any_step_of_a_refresh(server: RunningServer) -> None:
    """Whatever was reached, the file is whole and the next call gives credentials."""
    with new_terminal() as terminal:
        terminal.login(server, ROOT, "--profile", "dev")
        entry = age_cache(terminal)
        counting = _killed(terminal, 0, "credential-process", "--profile", "dev")
        assert counting.communicate(timeout=60)[1] == ""
        steps = int((terminal.home / "steps").read_text())
        assert steps >= 6, "the harness no longer sees the steps of a refresh"
        for step in range(1, steps + 1):
            age_cache(terminal)
            dying = _killed(terminal, step, "credential-process", "--profile", "dev")
            dying.communicate(timeout=60)
            assert dying.returncode == -signal.SIGKILL, f"step {step} of {steps} was not reached"
            json.loads(entry.read_text())
            assert _credentials(terminal)["AccessKeyId"].startswith("ASIA"), f"after a kill at step {step}"


def _login(terminal: Terminal, server: RunningServer, step: int) -> int:
    """A login under the harness, answered by the browser as far as it lives; returns the exit code."""
    words = ("login", "--no-browser", "--endpoint-url", server.endpoint, "--profile", "dev")
    process = _killed(terminal, step, *words)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("http"):
            # The terminal may be dead before, during or after the answer: the browser does not care.
            browser = threading.Thread(target=_answer, args=(terminal, line.strip()))
            browser.start()
            process.communicate(timeout=60)
            browser.join(60)
            return process.returncode
    process.communicate(timeout=60)
    return process.returncode


def _answer(terminal: Terminal, url: str) -> None:
    with contextlib.suppress(OSError):
        terminal.answer(url, ROOT)


def test_a_client_killed_at_any_step_of_a_login(server: RunningServer) -> None:
    """The next login works, and config and cache are whole at every moment."""
    browser = FormBrowser()
    with new_terminal() as counting:
        counting.browser = browser
        assert _login(counting, server, 0) == 0
        steps = int((counting.home / "steps").read_text())
    assert steps >= 10, "the harness no longer sees the steps of a login"
    for step in range(1, steps + 1):
        with new_terminal() as terminal:
            terminal.browser = browser
            assert _login(terminal, server, step) == -signal.SIGKILL, (
                f"step {step} of {steps} was not reached"
            )
            config = terminal.home / ".aws" / "config"
            if config.exists():
                botocore.configloader.load_config(str(config))
            for entry in (terminal.home / ".aws" / "login" / "cache").glob("*.json"):
                json.loads(entry.read_text())
            terminal.login(server, ROOT, "--profile", "dev")
            assert _credentials(terminal)["AccessKeyId"].startswith("ASIA"), f"after a kill at step {step}"


@pytest.mark.parametrize(
    "where",
    ["before:login_sessions.rotate", "after:login_sessions.rotate"],
)
def test_a_server_killed_around_a_refresh(tmp_path: Path, unused_tcp_port: int, where: str) -> None:
    """Committed or not, the client's next call with the same token gives credentials."""
    environment, flag = killing_environment(tmp_path, where)
    with (
        serve(prepare(tmp_path / "server", unused_tcp_port), environment=environment) as server,
        new_terminal() as terminal,
    ):
        terminal.login(server, ROOT, "--profile", "dev")
        age_cache(terminal)
        flag.touch()
        served = terminal.daypass("credential-process", "--profile", "dev")
        assert not flag.exists(), "the server did not die"
        assert served.returncode == 0, "what still lives is served, or the retry succeeded"
        _wait_alive(server)
        age_cache(terminal)
        assert _credentials(terminal)["AccessKeyId"].startswith("ASIA")


@pytest.mark.parametrize(
    "where",
    [
        "before:login_sessions.redeem",
        "after:login_sessions.redeem",
        "before:sign_in_sessions.place_sign_in_session",
        "after:sign_in_sessions.place_sign_in_session",
    ],
)
def test_a_server_killed_around_a_login(tmp_path: Path, unused_tcp_port: int, where: str) -> None:
    """The next login on the same data works, and so do its credentials and its refresh."""
    environment, flag = killing_environment(tmp_path, where)
    with (
        serve(prepare(tmp_path / "server", unused_tcp_port), environment=environment) as server,
        new_terminal() as terminal,
    ):
        flag.touch()
        with contextlib.suppress(AssertionError, OSError):
            _first_login(terminal, server)
        assert not flag.exists(), "the server did not die"
        _wait_alive(server)
        terminal.browser = FormBrowser()
        terminal.login(server, ROOT, "--profile", "dev")
        age_cache(terminal)
        assert _credentials(terminal)["AccessKeyId"].startswith("ASIA")


def _first_login(terminal: Terminal, server: RunningServer) -> None:
    words = ("login", "--no-browser", "--endpoint-url", server.endpoint, "--profile", "dev")
    process = subprocess.Popen(
        [sys.executable, "-m", "daypass", *words],
        env=terminal.environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if line.startswith("http"):
                terminal.answer(line.strip(), ROOT)
                break
        process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()


def _wait_alive(server: RunningServer) -> None:
    """Until the supervisor has put a new worker in the dead one's place."""
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(server.endpoint + "/readyz", timeout=2):
            return
        assert time.monotonic() < deadline, server.log.read_text()[-2000:]
        time.sleep(0.1)
