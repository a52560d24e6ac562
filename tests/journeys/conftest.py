"""Whole logins: client and server cores back to back, no socket, a clock that stands still."""

from collections.abc import AsyncIterator

import pytest

from support.sign_in_world import SignInWorld, open_sign_in_world


@pytest.fixture
async def world() -> AsyncIterator[SignInWorld]:
    world = await open_sign_in_world()
    yield world
    await world.storage.close()
