"""One fault of the server after the other, injected under a real `daypass credential-process`.

Credentials that live are served on every one of them; credentials that have ended give an exit code and a word of
their own, one command that helps, and the saved session stays what it was.
"""

import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from daypass.protocol.oauth.errors import (
    AuthcodeExpired,
    InsufficientPermissions,
    InvalidRequest,
    ServerError,
    SignInError,
    TokenExpired,
    TooManyRequests,
    UserCredentialsChanged,
)
from support.fake_sign_in import FakeSignIn, listening
from support.running_server import Terminal
from support.transcript import arn_of, cache_path, save_session

pytestmark = pytest.mark.processes
AGAIN = "hint: daypass login --profile dev"


@dataclass
class Machine:
    """A person's machine with a saved session, and the service that begins to fail."""

    home: Path
    fake: FakeSignIn

    def save(self, seconds: int) -> bytes:
        path = save_session(self.home, "dev", seconds)
        content = json.loads(path.read_text())
        content["refreshToken"] = "refresh-0"
        path.write_text(json.dumps(content))
        (self.home / ".aws" / "config").write_text(
            f"[profile dev]\nregion = us-east-1\nlogin_session = {arn_of('dev')}\nendpoint_url = {self.fake.base_url}\n"
        )
        return path.read_bytes()

    def ask(self, **settings: str) -> tuple[int, str, str]:
        ended = Terminal(self.home).daypass("credential-process", "--profile", "dev", **settings)
        return ended.returncode, ended.stdout, ended.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with listening(FakeSignIn()) as fake:
        yield Machine(tmp_path, fake)


def refuse(refusal: SignInError) -> Callable[[FakeSignIn], None]:
    def change(fake: FakeSignIn) -> None:
        fake.refusal = refusal

    return change


def break_off(fake: FakeSignIn) -> None:
    fake.broken = ConnectionAbortedError("the connection ends without an answer")


def move_clock(seconds: int) -> Callable[[FakeSignIn], None]:
    """The server's clock; its proof check is the real one."""

    def change(fake: FakeSignIn) -> None:
        fake.clock = lambda: int(time.time()) + seconds
        fake.ahead = seconds

    return change


FAULTS: dict[str, tuple[Callable[[FakeSignIn], None], int, str, str]] = {
    "expired": (refuse(TokenExpired("x")), 4, "signin_needed", AGAIN),
    "password changed": (refuse(UserCredentialsChanged("x")), 4, "signin_needed", AGAIN),
    "no permission": (
        refuse(InsufficientPermissions("x")),
        3,
        "login_denied",
        "hint: ask an administrator to attach the policy SignInLocalDevelopmentAccess",
    ),
    "malformed": (refuse(InvalidRequest("no such grant")), 4, "signin_needed", AGAIN),
    "code expired": (refuse(AuthcodeExpired("x")), 4, "signin_needed", AGAIN),
    "throttled": (refuse(TooManyRequests("x")), 5, "network", "hint: try again in a minute"),
    "server error": (refuse(ServerError("x")), 5, "network", "hint: try again in a moment"),
    "broken off": (break_off, 5, "network", "hint: curl -I "),
    "clock behind": (move_clock(420), 5, "clock_skew", "hint: sudo timedatectl set-ntp true"),
    "clock ahead": (move_clock(-420), 5, "clock_skew", "hint: sudo timedatectl set-ntp true"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_its_word_and_what_lives_is_served(machine: Machine, fault: str) -> None:
    inject, exit_code, word, hint = FAULTS[fault]
    machine.save(200)
    inject(machine.fake)
    code, out, told = machine.ask()
    assert (code, json.loads(out)["AccessKeyId"], told) == (0, "ASIADEV", "")

    before = machine.save(-1)
    code, out, told = machine.ask()
    assert (code, out) == (exit_code, ""), told
    message, its_hint = told.splitlines()
    assert message.endswith(f"[{word}]")
    assert its_hint.startswith(hint)
    assert cache_path(machine.home, "dev").read_bytes() == before


def test_the_clock_is_named_with_its_distance_and_side(machine: Machine) -> None:
    machine.save(-1)
    move_clock(420)(machine.fake)
    assert "the clock of this machine is 7 minutes behind the server" in machine.ask()[2]
    move_clock(-7_500)(machine.fake)
    assert "the clock of this machine is 2 hours ahead of the server" in machine.ask()[2]


def test_a_refusal_by_a_server_of_the_same_time_is_not_the_clocks(machine: Machine) -> None:
    machine.save(-1)
    refuse(InvalidRequest("no such grant"))(machine.fake)
    assert "refused to renew this session: no such grant [signin_needed]" in machine.ask()[2]
    machine.fake.ahead = 420
    refuse(TokenExpired("x"))(machine.fake)
    assert "has ended [signin_needed]" in machine.ask()[2]


def test_a_service_in_trouble_is_left_in_peace_while_the_credentials_live(machine: Machine) -> None:
    """Ten calls ask once; credentials that ended are asked for whatever the pause; success ends it."""
    machine.save(200)
    refuse(TooManyRequests("x"))(machine.fake)
    for _ in range(5):
        assert machine.ask()[0] == 0
    assert machine.fake.token_calls == 1
    machine.save(-1)
    machine.fake.refusal = None
    code, out, _ = machine.ask()
    assert (code, json.loads(out)["AccessKeyId"]) == (0, "ASIA1")
    assert not list(cache_path(machine.home, "dev").parent.glob("*.pause"))


def test_a_network_that_is_not_there_costs_nothing_that_lives(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    machine.save(200)
    settings = {"AWS_ENDPOINT_URL_SIGNIN": f"http://127.0.0.1:{port}"}
    assert machine.ask(**settings)[0] == 0
    machine.save(-1)
    code, _, told = machine.ask(**settings)
    assert code == 5
    assert told.startswith(f"daypass: nothing answers at 127.0.0.1:{port} [network]\n")


def test_a_damaged_key_is_no_reason_to_withhold_what_lives(machine: Machine) -> None:
    machine.save(200)
    path = cache_path(machine.home, "dev")
    path.write_text(json.dumps({**json.loads(path.read_text()), "dpopKey": "not a key"}))
    assert machine.ask()[0] == 0
