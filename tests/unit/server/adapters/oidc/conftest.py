"""One world for each test."""

import pytest

from support.oidc_world import World


@pytest.fixture
def world() -> World:
    return World()
