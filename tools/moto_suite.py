"""Run moto's own IAM and STS tests against this server: an outside suite, downloaded and never kept in the repository.

    pip download --no-deps --no-binary moto moto     # and unpack it
    pip install freezegun                             # which some of its tests import
    .venv/bin/python tools/moto_suite.py FOLDER/moto-X.Y.Z [pytest arguments]

Each test gets a server of its own with one empty account, reached through the SDK's endpoint variables; moto's mock is
switched off, and the server's clock is the test's, which some of them freeze. IAM's tests are asked by root, because they
count users; STS's by an administrator's access key, because root assumes no roles. Tests that reach into moto's backends,
or that ask for services this server has not, cannot pass: the summary groups what did not pass by its reason.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parent.parent
sys.path.insert(0, str(REPOSITORY / "tests"))

import moto  # noqa: E402 - after the path was set

from daypass.protocol.aws.sigv4 import Credentials  # noqa: E402  # the paths above come first
from daypass.secret import Secret  # noqa: E402  # the paths above come first
from daypass.server.domain.access_key import AccessKey  # noqa: E402  # the paths above come first
from daypass.server.domain.account import Account, User  # noqa: E402  # the paths above come first
from daypass.server.domain.tokens import access_key_id  # noqa: E402  # the paths above come first
from support.loop_thread import LoopThread  # noqa: E402  # the paths above come first
from support.query_world import QueryWorld, ServedWorld, open_query_world  # noqa: E402  # the paths above come first

ACCOUNT = "123456789012"
"""The one moto's tests expect."""


class _LiveWorld(QueryWorld):
    """Its clock is the process's, frozen or not."""

    @property
    def now(self) -> int:
        return int(time.time())

    @now.setter
    def now(self, _: int) -> None:
        """Nobody sets it."""


class _NoMock:
    """In place of `mock_aws`: a decorator and a context that do nothing, with and without parentheses."""

    def __call__(self, decorated: Any = None, **_: Any) -> Any:
        return self if decorated is None else decorated

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None

    start = stop = reset = __exit__


class MotoSuite:
    """The pytest plugin."""

    def __init__(self) -> None:
        self._loop = LoopThread()
        self.reasons: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()

    @pytest.fixture(autouse=True)
    def _server(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        world = _LiveWorld(self._loop.run(open_query_world(clock_starts_at=int(time.time()))).storage)
        asks_sts = "test_sts" in str(request.path)
        who: Credentials = self._loop.run(_new_account(world, asks_sts=asks_sts))
        served = ServedWorld(world)
        endpoint = self._loop.run(served.__aenter__())
        for name, value in {
            "AWS_ENDPOINT_URL_IAM": endpoint,
            "AWS_ENDPOINT_URL_STS": endpoint,
            "AWS_ACCESS_KEY_ID": who.access_key_id,
            "AWS_SECRET_ACCESS_KEY": who.secret_access_key.reveal(),
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
        if who.session_token is not None:
            monkeypatch.setenv("AWS_SESSION_TOKEN", who.session_token.reveal())
        yield
        self._loop.run(served.__aexit__())
        self._loop.run(world.storage.close())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or (report.when == "setup" and report.outcome != "passed"):
            self.outcomes[report.outcome] += 1
            if report.failed:
                self.reasons[_reason(report)] += 1

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        total = sum(self.outcomes.values())
        terminalreporter.write_line(f"{self.outcomes['passed']} of {total} passed")
        for reason, count in self.reasons.most_common():
            terminalreporter.write_line(f"{count:4} {reason}")


async def _new_account(world: QueryWorld, *, asks_sts: bool) -> Credentials:
    """Whoever asks: the account's root, or the access key of an administrator."""
    storage = world.storage
    await storage.accounts.create_account(
        Account(ACCOUNT, None, "root@moto.example.com", "", 0, int(time.time()))
    )
    if not asks_sts:
        return world.credentials(ACCOUNT, "root", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
    user = User(ACCOUNT, "AIDA" + "M" * 17, "moto", "/", int(time.time()))
    await storage.users.create_user(user)
    await storage.policies.attach_policy(ACCOUNT, user.user_id, "arn:aws:iam::aws:policy/AdministratorAccess")
    key_id = "AKIA" + access_key_id(ACCOUNT, bytes(8))[4:]  # the same in every test: the SDK remembers it
    sealed = world.ring.seal("access-key", b"x" * 40)
    key = AccessKey(key_id, ACCOUNT, user.user_id, sealed, "Active", int(time.time()))
    await storage.access_keys.create_access_key(key, limit=2)
    return Credentials(key_id, Secret("x" * 40), None)


def _reason(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(crash.message if crash is not None else report.longrepr).splitlines()
    return text[0][:160] if text else "?"


def main() -> int:
    """Exit code of pytest."""
    folder = Path(sys.argv[1]).resolve()
    chosen = sys.argv[2:]
    moto.mock_aws = _NoMock()  # type: ignore[assignment, misc]  # before any of the tests is imported
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    paths = (
        []
        if any(argument.startswith("tests/") for argument in chosen)
        else ["tests/test_iam", "tests/test_sts"]
    )
    arguments = [
        "-q",
        "--no-header",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "--tb=line",
        "-W",
        "ignore",
    ]
    return int(pytest.main([*arguments, *chosen, *paths], plugins=[MotoSuite()]))


if __name__ == "__main__":
    sys.exit(main())
