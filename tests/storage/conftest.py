"""The storage suite's engines: each test that takes `storage` runs on all of them.

PostgreSQL is real and started once per test process; each test gets a schema of its own.
"""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.sql.sql_storage import SqlStorage
from support.postgres import PostgresServer, running_postgres
from support.storage_records import populate

_numbers = itertools.count()

on_every_engine = ["sqlite-file", "sqlite-memory", pytest.param("postgres", marks=pytest.mark.postgres)]
on_shared_engines = ["sqlite-file", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    yield postgres_server.create_schema(name)
    postgres_server.drop_schema(name)


@pytest.fixture(params=on_every_engine)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without a schema."""
    return _url(request, tmp_path)


@pytest.fixture(params=on_shared_engines)
def shared_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """As `empty_url`, for tests that open the database more than once."""
    return _url(request, tmp_path)


def _url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        url: str = request.getfixturevalue("empty_postgres_url")
        return url
    return "sqlite://" if request.param == "sqlite-memory" else f"sqlite://{tmp_path}/daypass.db"


@pytest.fixture
async def storage(empty_url: str) -> AsyncIterator[SqlStorage]:
    """A migrated storage with two accounts."""
    storage = await open_storage(empty_url)
    await storage.migrate()
    await populate(storage)
    yield storage
    await storage.close()


@pytest.fixture
async def shared_storage(shared_url: str) -> AsyncIterator[SqlStorage]:
    """As `storage`, in a database others can open by `shared_url`."""
    storage = await open_storage(shared_url)
    await storage.migrate()
    await populate(storage)
    yield storage
    await storage.close()
