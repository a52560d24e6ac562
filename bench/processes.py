"""Start, pin, measure and stop the processes of a benchmark. Loopback only; everything ends with the run."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

__all__ = [
    "cpu_seconds",
    "free_port",
    "pinned",
    "resident_kib",
    "serving_pid",
    "start",
    "wait_for_http",
    "wait_for_line",
]


def free_port() -> int:
    """A loopback port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def pinned(command: Sequence[str], core: int) -> list[str]:
    """The command held to one core, where the system can."""
    return (
        ["taskset", "-c", str(core), *command]
        if shutil.which("taskset") and (os.cpu_count() or 1) > 1
        else [*command]
    )


@contextlib.contextmanager
def start(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run a process with its output in `log` (standard output is a pipe), and end it with the block."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if process.stdout:
                process.stdout.close()


def wait_for_line(process: "subprocess.Popen[str]", pattern: str, *, seconds: float = 60) -> re.Match[str]:
    """The first line of standard output that matches."""
    assert process.stdout is not None
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        line = process.stdout.readline()
        if not line:
            break
        if found := re.search(pattern, line):
            return found
    raise RuntimeError(f"the process never said {pattern!r}")


def wait_for_http(url: str, *, seconds: float = 60) -> None:
    """Until the URL answers at all."""
    deadline = time.monotonic() + seconds
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with opener.open(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def resident_kib(pid: int) -> int:
    """Resident memory of one process (Linux), in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("no VmRSS")


def cpu_seconds(pid: int) -> float:
    """Processor time of one process and its threads so far, user and system (Linux). Neighbours cannot stretch it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serving_pid(pid: int) -> int:
    """The process that serves: the child of the supervisor, if there is one."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return serving_pid(int(children[0])) if children else pid
