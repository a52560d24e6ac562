"""Law of the whole suite: loopback only, no skips in CI that hide a missing part.

`tests/support` is importable as `support.*`. A test process that tries to reach any address beyond
loopback fails at the call, so a forgotten fake can never become traffic.
"""

import ipaddress
import os
import socket
import sys
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

# A machine that decides about a change sees the same examples each time; a developer's sees new ones.
settings.register_profile("repeatable", derandomize=True, database=None, print_blob=True)
if os.environ.get("CI"):
    settings.load_profile("repeatable")

_NO_SKIPS = os.environ.get("DAYPASS_TEST_NO_SKIPS") == "1"

_real_connect = socket.socket.connect
_real_connect_ex = socket.socket.connect_ex


def _check_is_loopback(address: object) -> None:
    if not isinstance(address, tuple):
        return  # a unix socket
    host = address[0]
    if host in ("localhost", ""):
        return
    if not ipaddress.ip_address(host).is_loopback:
        raise AssertionError(f"tests talk to loopback only, not to {host}")


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves the machine."""

    def connect(self: socket.socket, address: object) -> None:
        _check_is_loopback(address)
        _real_connect(self, address)  # type: ignore[arg-type]  # a method of the C base class

    def connect_ex(self: socket.socket, address: object) -> int:
        _check_is_loopback(address)
        return _real_connect_ex(self, address)  # type: ignore[arg-type]  # a method of the C base class

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)


@pytest.fixture(autouse=True)
def _no_inherited_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own AWS settings must not reach a test."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "DAYPASS_")):
            monkeypatch.delenv(name)


_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember every skip: in CI a missing part is a failure, not a green dot."""
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run that skipped anything, where skips were forbidden (`DAYPASS_TEST_NO_SKIPS=1`)."""
    is_controller = not hasattr(session.config, "workerinput")
    if _NO_SKIPS and is_controller and _skipped and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print("\nskipped, where every proof must run:", *_skipped, sep="\n  ")
