"""Real `daypass` processes: started on free ports and temporary folders, ended with everything they started."""

import os
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

START_SECONDS = 90
STOP_SECONDS = 40


@dataclass
class RunningDaypass:
    """One process, its standard output line by line, and the NAME=value lines it has printed."""

    process: "subprocess.Popen[bytes]"
    error_path: Path
    lines: list[str] = field(default_factory=list)

    @property
    def values(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.lines if "=" in line)

    @property
    def endpoint(self) -> str:
        return self.values["DAYPASS_ENDPOINT"]

    def errors(self) -> str:
        return self.error_path.read_text(errors="replace")

    def wait_ready(self) -> None:
        """Read lines until READY; fail with its words when it ends first."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + START_SECONDS
        buffered = b""
        descriptor = self.process.stdout.fileno()
        while "READY" not in self.lines:
            readable, _, _ = select.select([descriptor], [], [], max(0, deadline - time.monotonic()))
            piece = os.read(descriptor, 4096) if readable else b""
            if not piece:
                pytest.fail(f"no READY; it said:\n{self.errors()}")
            *complete, buffered = (buffered + piece).split(b"\n")
            self.lines += [line.decode() for line in complete]

    def stop(self, sent: int = signal.SIGTERM) -> int:
        """Send the signal and return the exit code."""
        self.process.send_signal(sent)
        return self.process.wait(STOP_SECONDS)

    def get(self, path: str) -> int:
        """Status of a GET on the sign-in listener."""
        try:
            with urllib.request.urlopen(self.endpoint + path, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code

    def text(self, path: str) -> str:
        with urllib.request.urlopen(self.endpoint + path, timeout=10) as answer:
            return str(answer.read().decode())


def until(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    """Wait for something no event tells us of: another process's state."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail("it did not come true in time")
        time.sleep(0.05)


def children_of(pid: int) -> list[int]:
    """Process ids of the living children."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(stat.parent.name))
    return sorted(found)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


StartDaypass = Callable[..., RunningDaypass]


@pytest.fixture
def start_daypass(tmp_path: Path) -> Iterator[StartDaypass]:
    """`start_daypass("up", …)`: a process that is ended, with its children, when the test is over."""
    started: list[RunningDaypass] = []

    def start(
        *arguments: str, environment: dict[str, str] | None = None, waits: bool = True
    ) -> RunningDaypass:
        error_path = tmp_path / f"stderr-{len(started)}.log"
        with error_path.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "daypass", *arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                stdin=subprocess.DEVNULL,
                env=os.environ | (environment or {}),
            )
        running = RunningDaypass(process, error_path)
        started.append(running)
        if waits:
            running.wait_ready()
        return running

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.terminate()
            try:
                running.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                for child in children_of(running.process.pid):
                    os.kill(child, signal.SIGKILL)
                running.process.kill()
                running.process.wait()
        assert running.process.stdout is not None
        running.process.stdout.close()


def run_daypass(*arguments: str, text: str = "") -> "subprocess.CompletedProcess[str]":
    """A command that ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "daypass", *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(name="run_daypass")
def _run_daypass() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    return run_daypass


@pytest.fixture(name="until")
def _until() -> Callable[..., None]:
    return until


@pytest.fixture(name="children_of")
def _children_of() -> Callable[[int], list[int]]:
    return children_of


@pytest.fixture(name="is_alive")
def _is_alive() -> Callable[[int], bool]:
    return is_alive
