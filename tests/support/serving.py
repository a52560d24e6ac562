"""`daypass serve` for proofs: prepared once, started and killed as often as a test wants, on one data folder."""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.running_server import RunningServer, Terminal

DAYPASS = [sys.executable, "-m", "daypass"]
PASSWORD = "correct horse battery staple"
ROOT = {"kind": "root", "email": "root@example.com", "password": PASSWORD}


@dataclass
class Prepared:
    """A settings file, a key ring, a database and an account with a root user; nothing runs yet."""

    config: Path
    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def prepare(folder: Path, port: int, *, database_url: str = "") -> Prepared:
    """`daypass server init` for a fixed port."""
    config = folder / "daypass.toml"
    more = ["--database-url", database_url] if database_url else []
    words = ("--config", str(config), "--root-email", ROOT["email"], "--root-password-stdin")
    subprocess.run(
        [*DAYPASS, "server", "init", *words, "--listen", f"127.0.0.1:{port}", *more],
        input=PASSWORD + "\n",
        text=True,
        check=True,
        capture_output=True,
    )
    return Prepared(config, port)


@contextlib.contextmanager
def serve(
    prepared: Prepared,
    *arguments: str,
    program: Sequence[str] = DAYPASS,
    environment: Mapping[str, str] | None = None,
) -> Iterator[RunningServer]:
    """Run until the block ends (SIGKILL then: a test that wants a clean end asks for it)."""
    log = prepared.config.with_name("serve.log")
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [*program, "serve", "--config", str(prepared.config), *arguments],
            stdout=subprocess.DEVNULL,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
            text=True,
        )
    try:
        _wait_ready(prepared.endpoint, process)
        yield RunningServer({"DAYPASS_ENDPOINT": prepared.endpoint}, process, prepared.config.parent, log)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_ready(endpoint: str, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"serve ended early with {process.returncode}")
        with contextlib.suppress(OSError), urllib.request.urlopen(endpoint + "/readyz", timeout=2):
            return
        time.sleep(0.05)
    raise AssertionError("serve was never ready")


def age_cache(terminal: Terminal) -> Path:
    """Make the saved credentials look nearly expired, as ten minutes of waiting would."""
    (path,) = (terminal.home / ".aws" / "login" / "cache").glob("*.json")
    age_entry(path)
    return path


def age_entry(path: Path) -> None:
    """The same for one session's file."""
    entry = json.loads(path.read_text())
    entry["accessToken"]["expiresAt"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
    path.write_text(json.dumps(entry))
    path.chmod(0o600)
