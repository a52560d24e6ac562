"""A complete daypass for proofs: `daypass up` as a person starts it, on free ports, in a folder of the test."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.form_browser import FormBrowser

DAYPASS = [sys.executable, "-m", "daypass"]


@dataclass
class RunningServer:
    """What `daypass up` printed."""

    values: Mapping[str, str]
    process: "subprocess.Popen[str]"
    data_dir: Path
    log: Path

    @property
    def endpoint(self) -> str:
        return self.values["DAYPASS_ENDPOINT"]

    @property
    def s3_endpoint(self) -> str:
        return self.values["DAYPASS_S3_ENDPOINT"]

    @property
    def account_id(self) -> str:
        return self.values["DAYPASS_ACCOUNT_ID"]

    @property
    def user(self) -> dict[str, str]:
        """Form fields of the sample IAM user."""
        return {
            "kind": "user",
            "account": self.account_id,
            "user_name": self.values["DAYPASS_USER_NAME"],
            "password": self.values["DAYPASS_USER_PASSWORD"],
        }

    @property
    def root(self) -> dict[str, str]:
        """Form fields of the root user."""
        return {
            "kind": "root",
            "email": self.values["DAYPASS_ROOT_EMAIL"],
            "password": self.values["DAYPASS_ROOT_PASSWORD"],
        }


@contextlib.contextmanager
def run_up(
    data_dir: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[RunningServer]:
    """Start, wait for READY, stop with SIGTERM and see that it ended well."""
    log = data_dir.with_name(data_dir.name + ".log")
    with log.open("a") as errors:
        process = subprocess.Popen(
            [
                *DAYPASS,
                "up",
                "--no-browser",
                "--data-dir",
                str(data_dir),
                "--port",
                "0",
                "--s3-port",
                "0",
                *arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **(environment or {})},
        )
    assert process.stdout is not None
    values: dict[str, str] = {}
    try:
        for line in process.stdout:
            if line.strip() == "READY":
                break
            name, _, value = line.strip().partition("=")
            values[name] = value
        else:
            raise AssertionError(f"daypass up ended early: {log.read_text()[-3000:]}")
        yield RunningServer(values, process, data_dir, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        process.stdout.close()


@dataclass
class Terminal:
    """One person's machine: a home of its own, the daypass command, a browser with its cookies."""

    home: Path
    browser: FormBrowser = field(default_factory=FormBrowser)

    @property
    def environment(self) -> dict[str, str]:
        """The environment every client of this person runs in: no AWS variable but the files' places."""
        kept = {
            name: os.environ[name] for name in ("PATH", "LANG", "NODE_PATH", "TMPDIR") if name in os.environ
        }
        return {
            **kept,
            "HOME": str(self.home),
            "AWS_CONFIG_FILE": str(self.home / ".aws" / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.home / ".aws" / "credentials"),
            "AWS_LOGIN_CACHE_DIRECTORY": str(self.home / ".aws" / "login" / "cache"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def run(self, *command: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        return subprocess.run(
            list(command),
            env={**self.environment, **settings},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def daypass(self, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run a daypass command to its end."""
        return self.run(*DAYPASS, *arguments, **settings)

    def login(self, server: RunningServer, person: Mapping[str, str], *arguments: str) -> str:
        """`daypass login` answered in the browser; returns what the command told the person."""
        command = [
            *(*DAYPASS, "login", "--no-browser", "--force"),
            *("--endpoint-url", server.endpoint, *arguments),
        ]
        process = subprocess.Popen(command, env=self.environment, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        told: list[str] = []
        for line in process.stderr:
            told.append(line)
            if line.startswith("http"):
                break
        self.answer(told[-1].strip(), person)
        told += process.stderr.readlines()
        code = process.wait(60)
        process.stderr.close()
        assert code == 0, "".join(told)
        return "".join(told)

    def answer(self, url: str, person: Mapping[str, str]) -> None:
        """What the person does in the browser: sign in, or pick the session they already have."""
        self.browser.open(url)
        if any("Continue with root or IAM user" in text for text, _ in self.browser.page.links):
            self.browser.follow("Continue with root or IAM user")
            self.browser.press("Sign in", **person)
        else:
            wanted = person.get("user_name") or "root"
            self.browser.press(wanted)


@contextlib.contextmanager
def new_terminal() -> Iterator[Terminal]:
    """A person's machine in a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        yield Terminal(Path(name))
