"""Vaults with nothing stood in for: a real server, a real Secret Service, its real lock; and 32 processes at once."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from daypass.client.vault_keyring import SystemKeyring
from daypass.client.vault_store import VaultStore
from support.file_keyring import keyring_environment
from support.running_server import DAYPASS, RunningServer, Terminal
from support.secret_service import SecretService, missing_programs, running_secret_service
from support.serving import ROOT, prepare, serve
from support.typed_terminal import on_terminal

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("vault")]


@dataclass
class VaultTerminal(Terminal):
    """A person's machine with a system keyring."""

    keyring: dict[str, str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **(self.keyring or {})}


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, unused_tcp_port_factory: object
) -> Iterator[RunningServer]:
    port = unused_tcp_port_factory()  # type: ignore[operator]  # a fixture is typed object here
    with serve(prepare(tmp_path_factory.mktemp("vault") / "server", port)) as running:
        yield running


@pytest.fixture
def secret_service(tmp_path: Path) -> Iterator[SecretService]:
    if missing_programs():
        pytest.skip(f"a real Secret Service needs {', '.join(missing_programs())}")
    with running_secret_service(tmp_path / "desktop") as service:
        yield service


def _token_calls(server: RunningServer) -> int:
    with urllib.request.urlopen(server.endpoint + "/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = re.findall(r'daypass_events_total\{event="token",outcome="ok"\} ([0-9.]+)', text)
    return sum(int(float(count)) for count in found)


def _age(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open the vault, make the credentials look nearly expired, seal it again."""
    for name, value in terminal.environment.items():
        monkeypatch.setenv(name, value)
    store = VaultStore(terminal.environment, SystemKeyring("dev", may_prompt=False, patience=60.0))
    (session,) = {
        line.partition("=")[2].strip()
        for line in (terminal.home / ".aws" / "config").read_text().splitlines()
        if line.startswith("daypass_login_session")
    }
    entry = store.load(session)
    assert entry is not None
    store.save(session, replace(entry, expires_at=int(time.time()) + 60))


def test_a_login_lives_in_a_real_secret_service(
    server: RunningServer, secret_service: SecretService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealed at login, renewed, used by an unmodified SDK, moved out and in, signed out: one small secret, then none."""
    home = {"XDG_RUNTIME_DIR", "XDG_DATA_HOME", "DBUS_SESSION_BUS_ADDRESS"}
    keyring = {name: value for name, value in secret_service.environment.items() if name in home}
    terminal = VaultTerminal(tmp_path / "home", keyring=keyring)
    terminal.login(server, ROOT, "--profile", "dev", "--storage", "vault")
    assert json.loads(secret_service.items()) == [["daypass", 44]]
    _age(terminal, monkeypatch)
    calls = _token_calls(server)
    asked = (
        "import boto3; print(boto3.Session(profile_name='dev').client('sts').get_caller_identity()['Arn'])"
    )
    sdk = terminal.run(sys.executable, "-c", asked)
    assert sdk.stdout.strip().endswith(":root"), sdk.stderr
    assert _token_calls(server) == calls + 1
    for storage, items in (("file", []), ("vault", [["daypass", 44]])):
        moved = terminal.daypass("configure", "storage", "dev", storage)
        assert moved.returncode == 0, moved.stderr
        assert json.loads(secret_service.items()) == items
    assert terminal.daypass("logout", "--profile", "dev").returncode == 0
    assert json.loads(secret_service.items()) == []


def test_a_really_locked_keyring_is_said_at_once_and_forgiven_when_unlocked(
    server: RunningServer, secret_service: SecretService, tmp_path: Path
) -> None:
    """Nobody is asked, nothing hangs, no browser opens, and the login is there afterwards as before."""
    keyring = {name: value for name, value in secret_service.environment.items() if name != "HOME"}
    terminal = VaultTerminal(tmp_path / "home", keyring=keyring)
    terminal.login(server, ROOT, "--profile", "dev", "--storage", "vault")
    secret_service.lock()
    began = time.monotonic()
    refused = terminal.daypass("credential-process", "--profile", "dev")
    assert (refused.returncode, refused.stdout) == (8, "")
    assert refused.stderr.splitlines() == [
        "daypass: the system keyring is locked, and nobody is asked to unlock it here [keyring_locked]",
        "hint: daypass configure storage dev vault",
    ]
    assert time.monotonic() - began < 15, "it was found locked, not waited for"
    assert not secret_service.prompter_ran.exists(), "a program that runs unattended made a window pop up"
    again = terminal.daypass("login", "--no-browser", "--profile", "dev", "--endpoint-url", server.endpoint)
    assert (again.returncode, again.stderr.splitlines()[0]) == (8, refused.stderr.splitlines()[0])
    assert terminal.daypass("status", "--profile", "dev").returncode == 0
    doctor = terminal.daypass("doctor", "--profile", "dev", "--quiet")
    assert "[keyring_locked]" in doctor.stdout
    assert not secret_service.prompter_ran.exists()
    secret_service.unlock()
    answer = terminal.daypass("credential-process", "--profile", "dev")
    assert json.loads(answer.stdout)["AccessKeyId"].startswith("ASIA"), answer.stderr


def test_at_a_terminal_the_keyring_may_ask_and_a_no_is_told_apart(
    server: RunningServer, secret_service: SecretService, tmp_path: Path
) -> None:
    """No display here, so nobody can answer: the service says no, and so do we. Nothing is typed on this terminal."""
    keyring = {name: value for name, value in secret_service.environment.items() if name != "HOME"}
    terminal = VaultTerminal(tmp_path / "home", keyring=keyring)
    terminal.login(server, ROOT, "--profile", "dev", "--storage", "vault")
    secret_service.lock()
    words = [*DAYPASS, "configure", "storage", "dev", "vault"]
    with on_terminal(words, {**terminal.environment, "TERM": "xterm"}) as typed:
        assert typed.end_of_command(60) == 8
    assert "[keyring_denied]" in typed.shown
    assert secret_service.prompter_ran.exists()
    secret_service.unlock()
    with on_terminal(words, {**terminal.environment, "TERM": "xterm"}) as typed:
        assert typed.end_of_command(60) == 0
    assert "and can be read" in typed.shown


def test_a_message_bus_that_went_away_is_an_absent_keyring(
    server: RunningServer, secret_service: SecretService, tmp_path: Path
) -> None:
    """An SSH session into the machine whose desktop made the login."""
    keyring = {name: value for name, value in secret_service.environment.items() if name != "HOME"}
    terminal = VaultTerminal(tmp_path / "home", keyring=keyring)
    terminal.login(server, ROOT, "--profile", "dev", "--storage", "vault")
    terminal.keyring = {"XDG_RUNTIME_DIR": str(tmp_path)}
    refused = terminal.daypass("credential-process", "--profile", "dev")
    assert refused.returncode == 8
    assert refused.stderr.splitlines() == [
        "daypass: there is no system keyring here [keyring_absent]",
        "hint: daypass login --profile dev --storage file",
    ]


def test_32_processes_renew_one_vault_with_one_token_call(
    server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for the file: no error, one call, one answer."""
    terminal = VaultTerminal(tmp_path / "home", keyring=keyring_environment(tmp_path / "keyring"))
    terminal.login(server, ROOT, "--profile", "dev", "--storage", "vault")
    _age(terminal, monkeypatch)
    calls = _token_calls(server)
    processes = [
        subprocess.Popen(
            [*DAYPASS, "credential-process", "--profile", "dev"],
            env={**terminal.environment, "DAYPASS_KEYRING_TIMEOUT": "60"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(32)
    ]
    answers = [process.communicate(timeout=180) for process in processes]
    assert [error for _, error in answers if error] == []
    assert [process.returncode for process in processes] == [0] * 32
    assert len({json.loads(out)["AccessKeyId"] for out, _ in answers}) == 1
    assert _token_calls(server) == calls + 1
