"""What the tests of one endpoint share: everything in process, nothing listens."""

from collections.abc import AsyncIterator

import pytest

from support.query_world import QueryWorld, open_query_world


@pytest.fixture
async def world() -> AsyncIterator[QueryWorld]:
    world = await open_query_world()
    yield world
    await world.storage.close()
