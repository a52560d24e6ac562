"""One running server and one signed-in person for the clients to prove themselves on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.running_server import RunningServer, Terminal, new_terminal, run_up


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """`daypass up` with a real SeaweedFS behind it."""
    with run_up(tmp_path_factory.mktemp("up") / "data") as running:
        yield running


@pytest.fixture(scope="session")
def short_lived_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The same, issuing credentials of eight seconds: expiry in a test's time, by an ordinary setting."""
    folder: Path = tmp_path_factory.mktemp("short") / "data"
    with run_up(folder, environment={"DAYPASS_CREDENTIALS_LIFETIME": "8"}) as running:
        yield running


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A machine nobody has signed in on."""
    with new_terminal() as made:
        yield made
