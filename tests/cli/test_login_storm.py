"""Many logins at once: one tab, one outcome for all. Real processes, and a browser that counts how often it opens."""

import contextlib
import json
import shlex
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.fake_sign_in import FakeSignIn, listening
from support.running_server import DAYPASS, Terminal
from support.typed_terminal import on_terminal

pytestmark = pytest.mark.processes

CROWD = 50


@dataclass
class Crowd:
    """One person's machine on which many programs want the same sign-in."""

    home: Path
    fake: FakeSignIn
    processes: "list[subprocess.Popen[str]]" = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    _readers: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        browser = self.home / "browser"
        browser.write_text(f'#!/bin/sh\necho "$1" >>{shlex.quote(str(self.home))}/opened\n')
        browser.chmod(0o755)

    def start(self, *words: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*DAYPASS, "login", "--profile", "dev", "--endpoint-url", self.fake.base_url, *words],
            env={**Terminal(self.home).environment, "BROWSER": str(self.home / "browser")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        reader.start()
        self._readers.append(reader)
        return process

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self.told.append(line)

    @property
    def opened(self) -> list[str]:
        """The links the browser was given."""
        place = self.home / "opened"
        return place.read_text().split() if place.exists() else []

    def wait_until_waiting(self, others: int) -> None:
        """One tab is open and all others say that they wait."""
        deadline = time.monotonic() + 240
        while not self.opened or sum("is under way" in line for line in self.told) < others:
            assert time.monotonic() < deadline, "".join(self.told)
            time.sleep(0.05)

    def answer(self, address: str) -> None:
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(address, timeout=60):
            pass

    def exit_codes(self) -> list[int]:
        return sorted(process.wait(60) for process in self.processes)


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Crowd]:
    with listening(FakeSignIn()) as fake:
        made = Crowd(tmp_path, fake)
        yield made
        for process in made.processes:
            process.kill()
            process.wait()
        for reader in made._readers:
            reader.join(10)
        for process in made.processes:
            for stream in (process.stdout, process.stderr):
                assert stream is not None
                stream.close()


def test_fifty_logins_open_one_tab_and_all_are_signed_in(crowd: Crowd) -> None:
    for _ in range(CROWD):
        crowd.start()
    crowd.wait_until_waiting(CROWD - 1)
    crowd.answer(crowd.fake.approve(crowd.opened[0]))
    assert crowd.exit_codes() == [0] * CROWD
    assert len(crowd.opened) == 1
    assert crowd.fake.token_calls == 1
    assert sum("is signed in as" in line for line in crowd.told) == CROWD


def test_a_no_is_a_no_for_all_who_waited_and_nobody_opens_the_next_tab(crowd: Crowd) -> None:
    for _ in range(6):
        crowd.start()
    crowd.wait_until_waiting(5)
    crowd.answer(crowd.fake.deny(crowd.opened[0]))
    assert crowd.exit_codes() == [3, 4, 4, 4, 4, 4]
    assert len(crowd.opened) == 1
    assert sum("ended without a session [signin_needed]" in line for line in crowd.told) == 5


def test_a_new_session_is_shared_as_well(crowd: Crowd) -> None:
    """--force asks for one that is newer than the call, which the first one's is."""
    crowd.start()
    crowd.wait_until_waiting(0)
    crowd.answer(crowd.fake.approve(crowd.opened[0]))
    assert crowd.exit_codes() == [0]
    crowd.told.clear()
    time.sleep(1.1)  # an ID token tells seconds
    for _ in range(4):
        crowd.start("--force")
    deadline = time.monotonic() + 60
    while len(crowd.opened) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    crowd.wait_until_waiting(3)
    crowd.answer(crowd.fake.approve(crowd.opened[1]))
    assert crowd.exit_codes() == [0] * 5
    assert len(crowd.opened) == 2


def test_without_input_a_pending_login_is_not_waited_for(crowd: Crowd) -> None:
    crowd.start()
    crowd.wait_until_waiting(0)
    ended = crowd.start("--no-input", "--json")
    assert ended.wait(60) == 4
    assert ended.stdout is not None
    event = json.loads(ended.stdout.read())
    assert (event["event"], event["code"]) == ("error", "signin_needed")
    assert "is not finished yet" in event["message"]


def test_who_comes_after_a_killed_login_may_try_again(crowd: Crowd) -> None:
    """The kernel gives the lock back; those who waited are told, and the next opens a tab."""
    first = crowd.start()
    crowd.wait_until_waiting(0)
    waiting = crowd.start()
    crowd.wait_until_waiting(1)
    first.kill()
    assert waiting.wait(60) == 4
    crowd.start()
    deadline = time.monotonic() + 60
    while len(crowd.opened) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_another_profile_has_a_sign_in_of_its_own(crowd: Crowd) -> None:
    crowd.start()
    crowd.wait_until_waiting(0)
    crowd.start("--profile", "other")
    deadline = time.monotonic() + 60
    while len(crowd.opened) < 2:
        assert time.monotonic() < deadline, crowd.told
        time.sleep(0.05)


def _open_and_deny(crowd: Crowd, tabs: int) -> int:
    """One more unattended login that opens a tab and gets a no; its exit code."""
    process = crowd.start()
    deadline = time.monotonic() + 60
    while len(crowd.opened) < tabs:
        assert time.monotonic() < deadline, "".join(crowd.told)
        time.sleep(0.05)
    crowd.answer(crowd.fake.deny(crowd.opened[-1]))
    return process.wait(60)


def test_after_three_tabs_that_nobody_wanted_none_opens_until_a_person_comes(crowd: Crowd) -> None:
    """A program that retries would open them for ever. A person at a terminal begins a new row."""
    assert [_open_and_deny(crowd, tabs) for tabs in (1, 2, 3)] == [3, 3, 3]
    for _ in range(5):
        assert crowd.start().wait(60) == 4
    assert len(crowd.opened) == 3
    for _ in range(100):
        if sum("no further browser is opened [signin_needed]" in line for line in crowd.told) == 5:
            break
        time.sleep(0.05)
    else:
        raise AssertionError("".join(crowd.told))
    command = [*DAYPASS, "login", "--profile", "dev", "--endpoint-url", crowd.fake.base_url]
    environment = {**Terminal(crowd.home).environment, "BROWSER": str(crowd.home / "browser")}
    with on_terminal(command, environment) as terminal:
        terminal.wait_for_link()
        crowd.answer(crowd.fake.deny(terminal.wait_for_link()))
        assert terminal.end_of_command() == 3
    assert len(crowd.opened) == 4
    assert _open_and_deny(crowd, 5) == 3
