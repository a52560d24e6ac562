"""A broker's link in a real Chromium, whose Fetch Metadata decides whether it asks first."""

from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Page, expect

from daypass.server.domain.signin_token import SigninToken, seal_signin_token
from support.live_site import LiveSite
from support.sign_in_world import ACCOUNT, NOW

pytestmark = pytest.mark.browser

ARN = f"arn:aws:iam::{ACCOUNT}:root"


def link(site: LiveSite) -> str:
    token = SigninToken("once", NOW + 900, NOW + 900, ACCOUNT, "root", ARN, ACCOUNT, 0, None)
    sealed = seal_signin_token(site.world.parts.ring, token).reveal()
    return f"{site.url}/federation?" + urlencode({"Action": "login", "SigninToken": sealed})


def test_a_link_the_person_opened_signs_in(page: Page, site: LiveSite) -> None:
    page.goto(link(site))
    expect(page.get_by_role("heading", name="Signed in in this browser")).to_be_visible()
    assert page.url == f"{site.url}/"
    page.goto(link(site))
    expect(page.get_by_role("heading", name="This link was used already")).to_be_visible()


def test_a_link_on_another_site_asks_before_it_signs_in(page: Page, site: LiveSite) -> None:
    page.goto("data:text/html," + quote(f'<a href="{link(site)}">kittens</a>'))
    page.get_by_role("link", name="kittens").click()
    button = page.get_by_role("button", name=f"Continue as {ARN}")
    expect(button).to_be_visible()
    other = page.context.new_page()
    other.goto(f"{site.url}/")
    expect(other.get_by_role("heading", name="Welcome")).to_be_visible()
    button.click()
    expect(page.get_by_role("heading", name="Signed in in this browser")).to_be_visible()
