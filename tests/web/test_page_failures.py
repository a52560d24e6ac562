"""A bug behind a page: the person gets our page with the request id, whole, and the log gets the rest."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from daypass.server.web.caller import CallerReader
from daypass.server.web.failures import page_failure
from daypass.server.web.front import Front
from daypass.server.web.pages import build_pages_app
from daypass.server.web.routing import Route
from support.sign_in_world import SignInWorld, call_app, open_sign_in_world


class _BrokenClock:
    def __call__(self) -> int:
        raise RuntimeError("the secret detail")


@pytest.fixture
async def world() -> AsyncIterator[SignInWorld]:
    world = await open_sign_in_world()
    yield world
    await world.storage.close()


async def test_an_unexpected_failure_is_answered_by_our_page_and_not_by_the_framework(
    world: SignInWorld, caplog: pytest.LogCaptureFixture
) -> None:
    """The framework's own plain text would come first and leave no room for the request id."""
    pages = build_pages_app(world.rebuilt(clock=_BrokenClock()).parts)
    route = Route(pages, "pages", page_failure)

    def to_pages(_scope: Any) -> Route:
        return route

    front = Front(
        to_pages,
        callers=CallerReader(()),
        metrics=world.metrics,
        log=logging.getLogger("test"),
        request_id_header=b"x-amzn-RequestId",
        write_access_line=None,
    )
    answer = await call_app(front, "GET", "/signin")
    assert answer.status == 500
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-amzn-requestid"] in answer.text
    assert "secret detail" not in answer.text
    assert "the secret detail" in caplog.text
