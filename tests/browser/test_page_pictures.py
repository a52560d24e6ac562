"""A picture of every page, light, dark and on a phone, into `tests/artifacts/pages` for a person to look at.

What can be judged without eyes is judged: nothing wider than the window, one main heading, a title, a
language, a name for every control.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from daypass.protocol.oauth.authorization_request import AuthorizationRequest, build_authorization_url
from daypass.protocol.oauth.pkce import code_challenge
from daypass.protocol.oauth.registered_client import CROSS_DEVICE, SAME_DEVICE
from support.accessibility import check_accessible
from support.sign_in_world import ACCOUNT, PASSWORD, ROOT_EMAIL, VERIFIER

pytestmark = pytest.mark.browser

ARTIFACTS = Path(__file__).parents[1] / "artifacts" / "pages"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1100, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1100, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light", "device_scale_factor": 2},
}

UNNAMED = """() => [...document.querySelectorAll('a, button, input:not([type=hidden])')]
  .filter(e => !(e.ariaLabel || e.textContent.trim() || (e.labels && e.labels.length)))
  .map(e => e.outerHTML)"""


class Album:
    """Takes the pictures of one look."""

    def __init__(self, page: Page, look: str) -> None:
        self._page = page
        self._look = look

    def keep(self, name: str) -> None:
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        self._page.screenshot(path=ARTIFACTS / f"{name}-{self._look}.png", full_page=True)
        assert self._page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            f"{name} is too wide"
        )
        assert self._page.locator("h1").count() == 1
        assert self._page.title().endswith("· daypass")
        assert self._page.locator("html").get_attribute("lang") == "en"
        assert self._page.evaluate(UNNAMED) == []
        check_accessible(self._page, name)


def sign_in(page: Page, name: str) -> None:
    page.get_by_role("radio", name="IAM user").check()
    page.get_by_role("textbox", name="Account ID or alias").fill(ACCOUNT)
    page.get_by_role("textbox", name="User name").fill(name)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_has_its_picture(
    look: str,
    new_context: Callable[..., BrowserContext],
    site,
    listener,
) -> None:
    page = new_context(**LOOKS[look]).new_page()
    album = Album(page, look)
    challenge = code_challenge(VERIFIER)
    local = build_authorization_url(
        site.url, AuthorizationRequest(SAME_DEVICE, listener.redirect_uri, "s", challenge)
    )
    remote = build_authorization_url(
        site.url, AuthorizationRequest(CROSS_DEVICE, f"{site.url}/v1/sessions/confirmation", "s", challenge)
    )
    page.goto(f"{site.url}/")
    album.keep("home-empty")
    page.goto(local)
    album.keep("choose-how")
    page.get_by_role("link", name="Continue with root or IAM user").click()
    album.keep("sign-in-user")
    page.get_by_role("radio", name="Root user").check()
    album.keep("sign-in-root")
    page.get_by_role("button", name="Sign in").click()
    album.keep("sign-in-empty-fields")
    page.get_by_role("textbox", name="Email address").fill(ROOT_EMAIL)
    page.get_by_role("textbox", name="Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    album.keep("sign-in-mismatch")
    page.goto(f"{site.url}/signin/user")
    sign_in(page, "alice")
    page.goto(remote)
    page.get_by_role("link", name="Sign in to another session").click()
    page.get_by_role("link", name="Continue with root or IAM user").click()
    album.keep("sign-in-remote")
    sign_in(page, "bob")
    album.keep("refused")
    page.goto(f"{site.url}/signin/user")
    sign_in(page, "carol")
    page.goto(local)
    album.keep("sessions")
    page.get_by_role("button", name=f"arn:aws:iam::{ACCOUNT}:user/carol").click()
    album.keep("refused-explicitly")
    page.goto(remote)
    album.keep("sessions-remote")
    page.get_by_role("button", name=f"arn:aws:iam::{ACCOUNT}:user/alice").click()
    page.get_by_role("button", name="Copy code").click()
    album.keep("confirmation")
    page.goto(f"{site.url}/")
    album.keep("home")
    page.get_by_role("button", name="Sign out of all sessions").click()
    album.keep("signed-out")
    page.goto(f"{site.url}/signin?request=expired")
    album.keep("expired")
    page.goto(f"{site.url}/v1/authorize?client_id=somebody")
    album.keep("problem")
    page.goto(f"{site.url}/v1/sessions/confirmation?error=access_denied&state=s")
    album.keep("cancelled")
