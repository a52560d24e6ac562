"""A real Chromium in front of the real pages on a real port: the service in a thread, the browser in ours.

The database is in memory and the clock stands still until moved. `listener` is the terminal's loopback port:
it keeps what the browser brought.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from support.live_site import Listener, LiveSite

ARTIFACTS = Path(__file__).parents[1] / "artifacts" / "pages"
CHROMIUM = os.environ.get("DAYPASS_TEST_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def site() -> Iterator[LiveSite]:
    site = LiveSite()
    yield site
    site.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_context(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes contexts; each fails the test when a page breaks its own policy or its script throws."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(**options: Any) -> BrowserContext:
        context = chromium.new_context(**options)
        context.set_default_timeout(10_000)
        context.on("console", lambda message: _note(complaints, message.type, message.text))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def _note(complaints: list[str], kind: str, text: str) -> None:
    # An HTTP status of 4xx, 502 or 503 on a page is reported as an error, and is meant.
    if kind in ("error", "warning") and not any(
        f"status of {status}" in text for status in ("4", "502", "503")
    ):
        complaints.append(text)


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    return new_context().new_page()
