"""Vaults under real processes: renewed and sealed again, moved while others work, killed at every step, never lost."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from daypass.client.profile_names import profile_names
from daypass.client.session_cache import CacheEntry, SessionCache
from daypass.client.session_store import SessionStore
from daypass.client.storage_choice import VAULT
from daypass.client.vault_keyring import SystemKeyring
from daypass.client.vault_store import VaultStore
from support.fake_sign_in import FakeSignIn, listening
from support.file_keyring import kept, keyring_environment, set_mood
from support.running_server import DAYPASS, Terminal
from support.transcript import arn_of, cache_path, save_session
from support.typed_terminal import on_terminal

pytestmark = pytest.mark.processes
KILLED_CLIENT = str(Path(__file__).parents[1] / "support" / "killed_client.py")
ARN = arn_of("dev")


@dataclass
class Machine:
    """A person's machine with a keyring, a login, and its service."""

    home: Path
    fake: FakeSignIn

    @property
    def terminal(self) -> Terminal:
        return Terminal(self.home)

    @property
    def environment(self) -> dict[str, str]:
        return {**self.terminal.environment, **keyring_environment(self.home / "keyring")}

    @property
    def plain(self) -> Path:
        return cache_path(self.home, "dev")

    @property
    def sealed(self) -> Path:
        return self.plain.with_suffix(".vault")

    @property
    def config(self) -> Path:
        return self.home / ".aws" / "config"

    def save(self, seconds: int) -> None:
        """In AWS's file."""
        path = save_session(self.home, "dev", seconds, 40_000)
        content = json.loads(path.read_text())
        content["refreshToken"] = f"refresh-{self.fake._generation}"
        path.write_text(json.dumps(content))
        self.config.write_text(
            f"[profile dev]\nregion = us-east-1\nlogin_session = {ARN}\nendpoint_url = {self.fake.base_url}\n"
        )

    def daypass(self, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        return self.terminal.daypass(*words, **{**keyring_environment(self.home / "keyring"), **settings})

    def move(self, storage: str) -> None:
        done = self.daypass("configure", "storage", "dev", storage)
        assert done.returncode == 0, done.stderr

    def credentials(self) -> dict[str, str]:
        done = self.daypass("credential-process", "--profile", "dev", DAYPASS_KEYRING_TIMEOUT="60")
        assert done.returncode == 0, done.stderr
        answer: dict[str, str] = json.loads(done.stdout)
        return answer

    def store(self, storage: str) -> SessionStore:
        environ = self.terminal.environment
        if storage != VAULT:
            return SessionCache(environ)
        return VaultStore(environ, SystemKeyring("dev", may_prompt=False, patience=60.0))

    def load(self, storage: str) -> CacheEntry | None:
        return self.store(storage).load(ARN)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    for name, value in keyring_environment(tmp_path / "keyring").items():
        monkeypatch.setenv(name, value)
    with listening(FakeSignIn()) as fake:
        yield Machine(tmp_path, fake)


def test_a_refresh_is_sealed_again_under_the_same_key(machine: Machine) -> None:
    """The successor is in the vault, what was there is gone, nothing is in plain text."""
    machine.save(60)
    machine.move("vault")
    keys = kept(machine.home / "keyring")
    assert machine.credentials()["AccessKeyId"] == "ASIA1"
    entry = machine.load("vault")
    assert entry is not None
    assert entry.refresh_token.reveal() == "refresh-1"
    assert kept(machine.home / "keyring") == keys
    assert machine.credentials()["AccessKeyId"] == "ASIA1"
    assert machine.fake.token_calls == 1
    assert "refresh-1" not in "".join(
        path.read_text() for path in machine.plain.parent.iterdir() if path.is_file()
    )


def test_a_fault_of_the_server_leaves_the_vault_as_it_was(machine: Machine) -> None:
    """What lives is served, with the pause of every storage."""
    machine.save(60)
    machine.move("vault")
    before = machine.sealed.read_text()
    machine.fake.broken = ConnectionAbortedError("no answer")
    assert machine.credentials()["AccessKeyId"] == "ASIADEV"
    assert machine.sealed.read_text() == before
    assert (machine.sealed.parent / f".{machine.sealed.name}.pause").exists()


def test_an_unmodified_sdk_uses_the_vault_s_profile(machine: Machine) -> None:
    """botocore, under the profile's own name: no login support, no awscrt, no second profile."""
    machine.save(900)
    machine.move("vault")
    asked = "import botocore.session as b; c = b.Session(profile='dev').get_credentials(); print(c.method, c.access_key)"
    sdk = subprocess.run(
        [sys.executable, "-c", asked], env=machine.environment, capture_output=True, text=True, check=True
    )
    assert sdk.stdout == "custom-process ASIADEV\n"


@pytest.mark.parametrize(
    ("storage", "before", "after"), [("vault", "file", "vault"), ("file", "vault", "file")]
)
def test_a_move_loses_and_leaves_nothing(machine: Machine, storage: str, before: str, after: str) -> None:
    """The whole record, and the profile's other lines."""
    machine.save(900)
    if before == "vault":
        machine.move("vault")
    entry, lines = machine.load(before), machine.config.read_text().splitlines()
    machine.move(storage)
    assert machine.load(after) == entry
    assert machine.plain.exists() == (after == "file")
    assert machine.sealed.exists() == (after == "vault")
    assert len(kept(machine.home / "keyring")) == (after == "vault")
    assert {"region = us-east-1", f"endpoint_url = {machine.fake.base_url}"} <= {*lines}
    if after == "file":
        assert sorted(machine.config.read_text().splitlines()) == sorted(
            [
                "[profile dev]",
                "region = us-east-1",
                f"login_session = {ARN}",
                f"endpoint_url = {machine.fake.base_url}",
            ]
        )


@pytest.mark.parametrize("storage", ["vault", "file"])
def test_a_move_killed_at_any_step_loses_nothing(machine: Machine, storage: str) -> None:
    """The next program gets the same credentials, only one entry is left, and the move can be made again."""
    other = "file" if storage == "vault" else "vault"
    machine.save(900)
    machine.move(other)
    expected = machine.load(other)
    words = ("configure", "storage", "dev", storage)
    assert _killed(machine, 0, *words) == 0
    steps = int((machine.home / "steps").read_text())
    assert steps >= 15, "the harness no longer sees the steps of a move"
    for step in range(1, steps + 1):
        machine.move(other)
        assert _killed(machine, step, *words) == -signal.SIGKILL, f"step {step} of {steps} was not reached"
        assert machine.credentials()["AccessKeyId"] == "ASIADEV", f"after a kill at step {step}"
        if not machine.sealed.exists() or machine.plain.exists():
            # A plain file that is the login is answered without a look at anything else; the next command tidies up.
            assert f"login_session = {ARN}" in machine.config.read_text().splitlines()
            assert machine.daypass("status", "--profile", "dev").returncode == 0
        assert machine.plain.exists() != machine.sealed.exists(), f"both or none after a kill at step {step}"
        now_in = "file" if machine.plain.exists() else "vault"
        assert machine.load(now_in) == expected, f"after a kill at step {step}"
        assert list(machine.plain.parent.glob(".*.move")) == [], f"a mark is left after a kill at step {step}"


def _killed(machine: Machine, step: int, *words: str) -> int:
    return subprocess.run(
        [sys.executable, KILLED_CLIENT, str(step), str(machine.home / ".aws"), *words],
        env=machine.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    ).returncode


def test_a_mark_of_another_config_file_is_left_alone(machine: Machine) -> None:
    """Two sets of profiles may share one cache folder; each ends its own moves, and only what it knows."""
    machine.save(900)
    mark = machine.plain.with_name(f".{machine.plain.name}.move")
    machine.sealed.write_text("of somebody else")
    for text in ('{"config": "/elsewhere/config"}', "{", "[]", '{"config": null}'):
        mark.write_text(text)
        assert machine.daypass("status").returncode == 0
        assert (mark.exists(), machine.sealed.exists(), machine.plain.exists()) == (True, True, True)
    mark.write_text(json.dumps({"config": str(machine.config)}))
    assert machine.daypass("status").returncode == 0
    assert (mark.exists(), machine.sealed.exists(), machine.plain.exists()) == (False, False, True)


def test_a_running_command_follows_its_login_to_another_storage(machine: Machine) -> None:
    """`exec` of six hours; somebody moves the login in its second."""
    machine.save(900)
    script = (
        "import os, sys, urllib.request, json\n"
        "def ask():\n"
        "    request = urllib.request.Request(os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'],"
        " headers={'Authorization': os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN']})\n"
        "    return json.load(urllib.request.urlopen(request, timeout=60))['AccessKeyId']\n"
        "print(ask(), flush=True); sys.stdin.readline(); print(ask(), flush=True)\n"
        "sys.stdin.readline(); print(ask(), flush=True)\n"
    )
    child = subprocess.Popen(
        [*DAYPASS, "exec", "--profile", "dev", "--", sys.executable, "-c", script],
        env=machine.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child:
        assert child.stdout.readline() == "ASIADEV\n"
        for storage in ("vault", "file"):
            machine.move(storage)
            child.stdin.write("\n")
            child.stdin.flush()
            assert child.stdout.readline() == "ASIADEV\n", storage
    assert child.returncode == 0


def test_a_run_of_hours_needs_the_keyring_once(machine: Machine) -> None:
    """It may be locked again meanwhile: a screen saver, a suspended machine."""
    machine.save(60)
    machine.move("vault")
    script = (
        "import os, sys, urllib.request\n"
        "request = urllib.request.Request(os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'],"
        " headers={'Authorization': os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN']})\n"
        f"open({str(machine.home / 'keyring' / 'mood')!r}, 'w').write('locked')\n"
        "print(urllib.request.urlopen(request, timeout=60).status)\n"
    )
    done = machine.daypass("exec", "--profile", "dev", "--", sys.executable, "-c", script)
    assert done.stdout == "200\n", done.stderr
    set_mood(machine.home / "keyring", "")


def test_a_move_waits_for_a_refresh_and_takes_its_outcome_along(machine: Machine) -> None:
    """One lock for both: the successor is not lost between two storages."""
    machine.save(60)
    answered = threading.Event()
    real_answer = machine.fake.answer
    began = threading.Event()

    def slow(request: object) -> object:
        began.set()
        answered.wait(30)
        return real_answer(request)  # type: ignore[arg-type]  # what the service gets

    machine.fake.answer = slow  # type: ignore[method-assign,assignment]  # for this test
    refresher = subprocess.Popen(
        [*DAYPASS, "credential-process", "--profile", "dev"],
        env=machine.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert began.wait(30)
    mover = subprocess.Popen([*DAYPASS, "configure", "storage", "dev", "vault"], env=machine.environment)
    time.sleep(1.0)  # the mover has to arrive at the lock; if it does not, the order is right anyway
    answered.set()
    assert json.loads(refresher.communicate(timeout=60)[0])["AccessKeyId"] == "ASIA1"
    assert mover.wait(60) == 0
    entry = machine.load("vault")
    assert entry is not None
    assert entry.refresh_token.reveal() == "refresh-1"
    assert not machine.plain.exists()


def test_many_processes_renew_a_vault_with_one_call(machine: Machine) -> None:
    """16 here; 32 against a real server in tests/processes."""
    machine.save(60)
    machine.move("vault")
    processes = [
        subprocess.Popen(
            [*DAYPASS, "credential-process", "--profile", "dev"],
            env={**machine.environment, "DAYPASS_KEYRING_TIMEOUT": "60"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(16)
    ]
    answers = [process.communicate(timeout=120) for process in processes]
    assert [error for _, error in answers if error] == []
    assert {json.loads(out)["AccessKeyId"] for out, _ in answers} == {"ASIA1"}
    assert machine.fake.token_calls == 1


def test_logout_ends_the_session_at_its_service_and_shreds_the_key(machine: Machine) -> None:
    """As for the file; with `--all` both storages are emptied."""
    machine.save(900)
    machine.move("vault")
    copy = machine.sealed.read_bytes()
    machine.daypass("logout", "--profile", "dev")
    assert [request.url for request in machine.fake.requests if "revoke" in request.url]
    assert not machine.sealed.exists()
    assert kept(machine.home / "keyring") == {}
    machine.sealed.write_bytes(copy)
    machine.sealed.chmod(0o600)
    done = machine.daypass("credential-process", "--profile", "dev")
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        8,
        "daypass: the key of the saved session is no longer in the system keyring [vault_key_missing]",
    )
    save_session(machine.home, "ops", 900)
    done = machine.daypass("logout", "--all")
    assert "daypass: 2 saved sessions removed" in done.stderr.splitlines()
    assert machine.store("vault").login_files() == machine.store("file").login_files() == []


@pytest.mark.parametrize(
    ("mood", "word"), [("locked", "keyring_locked"), ("hang", "keyring_timed_out"), ("raise", "keyring")]
)
def test_a_sign_out_with_a_keyring_that_fails_is_local_and_says_so(
    machine: Machine, mood: str, word: str
) -> None:
    """The service cannot be told without the key; the file goes all the same."""
    machine.save(900)
    machine.move("vault")
    set_mood(machine.home / "keyring", mood)
    done = machine.daypass("logout", "--profile", "dev", DAYPASS_KEYRING_TIMEOUT="0.5")
    assert done.returncode == 5
    assert "not revoked at the service" in done.stderr
    assert not machine.sealed.exists()


def _findings(machine: Machine, **settings: str) -> dict[str, str]:
    done = machine.daypass("doctor", "--profile", "dev", "--json", **settings)
    return {each["code"]: each["severity"] for each in json.loads(done.stdout)["findings"]}


def test_the_doctor_looks_into_a_vault_and_unlocks_none(machine: Machine) -> None:
    """Alive when the key is to be had; else the keyring's own word, and no guess about the session."""
    machine.save(900)
    machine.move("vault")
    found = _findings(machine)
    assert (found["keyring"], found["session_alive"]) == ("ok", "ok")
    assert not [code for code in found if code.startswith("sdk_")], "SDKs ask a process then"
    for mood, code in (("locked", "keyring_locked"), ("hang", "keyring_timed_out"), ("raise", "keyring")):
        set_mood(machine.home / "keyring", mood)
        found = _findings(machine, DAYPASS_KEYRING_TIMEOUT="0.5")
        assert found[code] == "error"
        assert not {"session_alive", "session_damaged", "session_missing", "session_ended"} & set(found)
    set_mood(machine.home / "keyring", "")
    machine.sealed.write_text("{")
    assert _findings(machine)["session_damaged"] == "error"


def test_the_doctor_sees_a_wish_that_is_not_fulfilled(machine: Machine) -> None:
    """Until the next login, or the command it names."""
    machine.save(900)
    machine.config.write_text(machine.config.read_text() + "daypass_storage = vault\n")
    assert _findings(machine)["storage_unwished"] == "warning"
    machine.move("vault")
    assert "storage_unwished" not in _findings(machine)


def test_a_key_moves_to_a_vault_s_login_by_way_of_a_process(machine: Machine) -> None:
    """A `login_session` line would lead every SDK to a file that is not there."""
    machine.save(900)
    machine.move("vault")
    key = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
    (machine.home / ".aws" / "credentials").write_text(f"[old]\n{key}")
    plan = machine.daypass("migrate", "old", "--to", "dev")
    assert plan.returncode == 0, plan.stderr
    added = [line for line in plan.stdout.splitlines() if line.startswith("+")]
    assert any(line.startswith("+credential_process = ") and line.endswith("--profile dev") for line in added)
    assert not any("login_session" in line for line in added)


def test_roles_over_a_login_that_moves_leave_no_plain_file(machine: Machine) -> None:
    """Their credentials were got with it, and are as good as it is."""
    machine.save(900)
    roles = machine.plain.parent / ".daypass-roles" / machine.plain.stem
    roles.mkdir(parents=True)
    role = roles / f"{'ab' * 32}.json"
    role.write_bytes(machine.plain.read_bytes())
    role.chmod(0o600)
    machine.move("vault")
    assert not role.exists()


def test_the_picker_and_completion_know_who_a_vault_s_profile_is(machine: Machine) -> None:
    """As for the file."""
    machine.save(900)
    before = profile_names(machine.environment)
    machine.move("vault")
    assert profile_names(machine.environment) == before == [("dev", ARN)]


@pytest.mark.parametrize(
    "words",
    [
        "configure storage dev file",
        "exec --profile dev -- true",
        "env --profile dev --shell sh",
        "receipt dev",
        "console --profile dev --print-url",
        "narrow dev --as less --read-only",
        "serve-credentials --consumer it=dev --port 0",
    ],
)
def test_no_input_keeps_a_locked_keyring_from_asking_whoever_sits_there(machine: Machine, words: str) -> None:
    """Each command at a terminal, with the option and without: the word says whether somebody was asked."""
    machine.save(900)
    machine.move("vault")
    set_mood(machine.home / "keyring", "locked")
    command, *rest = words.partition(" -- ")
    for option, word in (("", "keyring_denied"), (" --no-input", "keyring_locked")):
        typed = [*DAYPASS, *(command + option + "".join(rest)).split()]
        with on_terminal(typed, {**machine.environment, "TERM": "xterm"}) as screen:
            assert screen.end_of_command() == 8, screen.shown
        assert f"[{word}]" in screen.shown


@pytest.mark.parametrize("scope", ["--profile dev", "--all"])
def test_a_sign_out_asks_for_no_keyring_where_it_must_not(machine: Machine, scope: str) -> None:
    """The file goes in any case; that the service was not told is said, in the words of who was not asked."""
    for option, told in (("", "stayed locked"), ("--no-input", "nobody is asked")):
        set_mood(machine.home / "keyring", "")
        machine.save(900)
        machine.move("vault")
        set_mood(machine.home / "keyring", "locked")
        typed = [*DAYPASS, "logout", *scope.split(), *([option] if option else [])]
        with on_terminal(typed, {**machine.environment, "TERM": "xterm"}) as screen:
            assert screen.end_of_command() == 5, screen.shown
        assert told in " ".join(screen.shown.split())
        assert not machine.sealed.exists()
