"""`daypass.session()`: in processes of their own where botocore must not find awscrt, against a sign-in service on loopback."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from daypass.protocol.http import Request, Response
from daypass.protocol.oauth.errors import TokenExpired
from support.fake_sign_in import FakeSignIn, listening
from support.file_keyring import keyring_environment
from support.running_server import Terminal
from support.transcript import arn_of, cache_path, save_session

WITHOUT_CRT = "import sys; sys.modules['awscrt'] = None\n"
"""Importing it fails then, as where it is not installed; both are told alike by botocore."""


@dataclass
class Machine:
    """A person's machine with a login, and the service it was made at."""

    home: Path
    fake: FakeSignIn

    def save(self, seconds: int) -> None:
        path = save_session(self.home, "dev", seconds)
        content = json.loads(path.read_text())
        content["refreshToken"] = f"refresh-{self.fake._generation}"
        path.write_text(json.dumps(content))
        (self.home / ".aws" / "config").write_text(
            f"[profile dev]\nregion = eu-west-1\nlogin_session = {arn_of('dev')}\n"
            f"endpoint_url = {self.fake.base_url}\n"
            f"[profile deploy]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/deploy\n"
            f"source_profile = dev\nendpoint_url = {self.fake.base_url}\n"
            "[profile empty]\nregion = eu-west-1\n"
        )

    def run(self, program: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        return Terminal(self.home).run(sys.executable, "-c", WITHOUT_CRT + program, **settings)

    def told(self, program: str, **settings: str) -> list[str]:
        done = self.run(program, **settings)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with listening(FakeSignIn()) as fake:
        made = Machine(tmp_path, fake)
        made.save(900)
        yield made


def test_a_session_signs_with_the_login_and_needs_no_native_library(machine: Machine) -> None:
    """The profile's region and endpoints hold; a valid cache is served without a call."""
    told = machine.told(
        "import daypass; s = daypass.session('dev'); c = s.get_credentials()\n"
        "print(c.method, c.get_frozen_credentials().access_key, s.region_name)\n"
        "print(s.client('sts').get_caller_identity()['Arn'])\n"
        "print('daypass.client.token_endpoint' in sys.modules)"
    )
    assert told[:2] == ["login ASIADEV eu-west-1", machine.fake.arn]
    assert machine.fake.token_calls == 0
    signed = dict(machine.fake.requests[-1].headers)["Authorization"]
    assert "Credential=ASIADEV/" in signed
    assert "/eu-west-1/sts/" in signed


def test_botocores_own_provider_fails_where_ours_serves(machine: Machine) -> None:
    """The reason for this package: without it the same profile gives nothing."""
    done = machine.run("import boto3; boto3.Session(profile_name='dev').get_credentials()")
    assert done.returncode == 1
    assert "MissingDependencyException" in done.stderr


def test_the_profile_is_found_as_aws_finds_it_and_keys_of_the_environment_are_not_used(
    machine: Machine,
) -> None:
    program = (
        "import daypass; s = daypass.session(region_name='us-west-2')\n"
        "print(s.profile_name, s.region_name, s.get_credentials().access_key)"
    )
    keys = {"AWS_ACCESS_KEY_ID": "AKIAOLD", "AWS_SECRET_ACCESS_KEY": "old"}
    assert machine.told(program, AWS_PROFILE="dev", **keys) == ["dev us-west-2 ASIADEV"]
    assert machine.told(program, AWS_DEFAULT_PROFILE="dev") == ["dev us-west-2 ASIADEV"]


def test_keys_beside_the_login_are_not_used(machine: Machine) -> None:
    """The keys file would win by AWS's precedence; who asks daypass asks for the login."""
    keys = machine.home / ".aws" / "credentials"
    keys.write_text("[dev]\naws_access_key_id = AKIAOLD\naws_secret_access_key = old\n")
    assert machine.told("import daypass; print(daypass.session('dev').get_credentials().access_key)") == [
        "ASIADEV"
    ]


def test_a_session_renews_across_the_end_of_its_credentials_and_keeps_the_successor(machine: Machine) -> None:
    """In one process: asked at five minutes before the end, not before; the file is the shared one."""
    machine.save(308)
    told = machine.told(
        "import daypass, time; c = daypass.botocore_session('dev').get_credentials()\n"
        "first = c.access_key; end = time.monotonic() + 60\n"
        "while c.access_key == first and time.monotonic() < end: time.sleep(0.1)\n"
        "print(first, c.access_key, c.get_frozen_credentials().token)"
    )
    assert told == ["ASIADEV ASIA1 token-1"]
    assert json.loads(cache_path(machine.home, "dev").read_text())["refreshToken"] == "refresh-1"
    assert machine.fake.token_calls == 1


def test_credentials_that_have_time_are_not_looked_up_again(machine: Machine) -> None:
    """botocore's own margin, fifteen minutes, would make every call one of the file."""
    program = (
        "import daypass, os, pathlib\n"
        "c = daypass.botocore_session('dev').get_credentials(); print(c.refresh_needed())\n"
        "[path.unlink() for path in pathlib.Path(os.environ['AWS_LOGIN_CACHE_DIRECTORY']).glob('*.json')]\n"
        "print(c.access_key)"
    )
    assert machine.told(program) == ["False", "ASIADEV"]


_TWO = """
import daypass, threading, time
held = daypass.botocore_session("dev").get_credentials()
while not held.refresh_needed(): time.sleep(0.05)
found, seen = [], threading.Event()
def ask():
    found.append(held.access_key); seen.set()
threads = [threading.Thread(target=ask) for _ in range(2)]
[each.start() for each in threads]
seen.wait(60); print(found[0], flush=True)
[each.join() for each in threads]; print(held.access_key)
"""


def test_while_one_thread_renews_the_others_go_on_with_what_lives(machine: Machine) -> None:
    """The service does not answer until the other thread has."""
    machine.save(308)
    gate = threading.Event()
    answer = machine.fake.answer

    def answer_when_told(request: Request) -> Response:
        gate.wait(60)
        return answer(request)

    machine.fake.answer = answer_when_told  # type: ignore[method-assign]  # this one service
    process = subprocess.Popen(
        [sys.executable, "-c", WITHOUT_CRT + _TWO],
        env=Terminal(machine.home).environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ASIADEV\n"
    gate.set()
    assert process.communicate(timeout=120)[0] == "ASIA1\n"
    assert process.returncode == 0


_MANY = """
import daypass, threading, time
held = daypass.botocore_session("dev").get_credentials()
found = []
while time.time() < float(sys.argv[1]): time.sleep(0.01)
threads = [threading.Thread(target=lambda: found.append(held.get_frozen_credentials().access_key)) for _ in range(4)]
[each.start() for each in threads]; [each.join() for each in threads]
print(*sorted(set(found)))
"""


def test_eight_processes_of_four_threads_cross_one_refresh_with_one_call(machine: Machine) -> None:
    """Under the lock that all of daypass shares."""
    machine.save(303)
    start = str(time.time() + 6)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WITHOUT_CRT + _MANY, start],
            env=Terminal(machine.home).environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    answers = [process.communicate(timeout=120) for process in processes]
    assert {out for out, _ in answers} <= {"ASIA1\n", "ASIA1 ASIADEV\n"}, answers
    assert machine.fake.token_calls == 1
    assert json.loads(cache_path(machine.home, "dev").read_text())["refreshToken"] == "refresh-1"


def test_a_role_over_a_login_is_assumed_with_the_logins_credentials(machine: Machine) -> None:
    """botocore's own role provider asks ours for its source profile."""
    machine.fake.sts_status = 403
    done = machine.run("import daypass; daypass.session('deploy').get_credentials().get_frozen_credentials()")
    assert "AssumeRole" in done.stderr
    asked = machine.fake.requests[-1]
    assert b"Action=AssumeRole" in asked.body
    assert "Credential=ASIADEV/" in dict(asked.headers)["Authorization"]


def test_a_login_in_a_vault_is_served_by_the_same_session(machine: Machine) -> None:
    """Where it lies is the client's business; nothing of it is written in plain text."""
    keyring = keyring_environment(machine.home / "keyring")
    machine.save(60)
    moved = Terminal(machine.home).daypass("configure", "storage", "dev", "vault", **keyring)
    assert moved.returncode == 0, moved.stderr
    program = "import daypass; c = daypass.session('dev').get_credentials(); print(c.method, c.access_key)"
    assert machine.told(program, **keyring) == ["login ASIA1"]
    assert not cache_path(machine.home, "dev").exists()


@pytest.mark.parametrize(
    ("profile", "kind", "hint"),
    [
        ("nobody", "ConfigError", "daypass login --profile nobody"),
        ("empty", "LoginRequired", "daypass login --profile empty"),
    ],
)
def test_what_can_be_refused_is_refused_at_once_with_the_command_to_type(
    machine: Machine, profile: str, kind: str, hint: str
) -> None:
    done = machine.run(f"import daypass; daypass.session({profile!r})")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[-2].startswith(f"daypass.errors.{kind}: ")
    assert lines[-1] == f"hint: {hint}"


def test_a_session_that_ended_is_an_error_of_botocore_that_says_what_to_type(machine: Machine) -> None:
    """So that programs which catch botocore's errors catch it; its cause is ours."""
    machine.save(-1)
    machine.fake.refusal = TokenExpired("x")
    told = machine.told(
        "import daypass, botocore.exceptions as e\n"
        "try: daypass.session('dev').client('sts')\n"
        "except e.CredentialRetrievalError as problem: print(problem); print(type(problem.__cause__).__name__)"
    )
    assert told == [
        'the session of profile "dev" has ended [signin_needed]',
        "hint: daypass login --profile dev",
        "LoginRequired",
    ]


def test_a_fault_of_the_service_costs_nothing_while_the_credentials_live(machine: Machine) -> None:
    machine.save(120)
    machine.fake.broken = ConnectionAbortedError("no network")
    program = (
        "import daypass; c = daypass.session('dev').get_credentials(); print(c.access_key, c.access_key)"
    )
    assert machine.told(program) == ["ASIADEV ASIADEV"]


@pytest.mark.parametrize(("missing", "asked"), [("boto3", "session"), ("botocore", "botocore_session")])
def test_without_boto3_the_extra_is_named(machine: Machine, missing: str, asked: str) -> None:
    program = f"sys.modules[{missing!r}] = None\nimport daypass; daypass.{asked}('dev')"
    done = machine.run(program)
    assert done.stderr.splitlines()[-2:] == [
        f"daypass.errors.ConfigError: {missing} is not installed beside daypass",
        "hint: pip install 'daypass[boto3]'",
    ]


def test_importing_daypass_imports_nothing_else(machine: Machine) -> None:
    told = machine.told(
        "before = set(sys.modules); import daypass\n"
        "print(*sorted(set(sys.modules) - before)); print(dir(daypass).count('session'))\n"
        "try: daypass.nothing\nexcept AttributeError as problem: print(problem)"
    )
    assert told[0] == "daypass"
    assert told[2] == "module 'daypass' has no attribute 'nothing'"
