"""A person's own page in a real browser: an app, a passkey of a virtual authenticator, recovery codes, the second step.

WebAuthn Level 3 §7.1 and §7.2; Chromium's virtual authenticator (WebDriver extension "virtual authenticators") makes
and uses the keys, our server checks them.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from support.accessibility import check_accessible
from support.live_site import LiveSite
from support.sign_in_world import ACCOUNT, NOW, PASSWORD

pytestmark = pytest.mark.browser

ARTIFACTS = Path(__file__).parents[1] / "artifacts" / "pages"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1100, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1100, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light", "device_scale_factor": 2},
}


@pytest.fixture
def named_site() -> Iterator[LiveSite]:
    """By its name, because passkeys need one."""
    site = LiveSite(host="localhost")
    yield site
    site.close()


class Authenticator:
    """A virtual security key beside one page."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        made = self._session.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "usb",
                    "hasResidentKey": False,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        self._id = made["authenticatorId"]

    @property
    def keys(self) -> list[Any]:
        return list(
            self._session.send("WebAuthn.getCredentials", {"authenticatorId": self._id})["credentials"]
        )

    def forget(self) -> None:
        self._session.send("WebAuthn.clearCredentials", {"authenticatorId": self._id})

    def set_counter(self, count: int) -> None:
        """As a copy of the key that was used less would have it."""
        [key] = self.keys
        self.forget()
        self._session.send(
            "WebAuthn.addCredential",
            {"authenticatorId": self._id, "credential": {**key, "signCount": count}},
        )


def sign_in(page: Page, site: LiveSite, name: str = "alice") -> None:
    page.goto(f"{site.url}/signin/user")
    page.get_by_role("radio", name="IAM user").check()
    page.get_by_role("textbox", name="Account ID or alias").fill(ACCOUNT)
    page.get_by_role("textbox", name="User name").fill(name)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def open_own_page(page: Page, site: LiveSite) -> None:
    page.goto(f"{site.url}/")
    page.get_by_role("link", name="Manage").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()


def add_passkey(page: Page, name: str = "key") -> None:
    page.get_by_role("textbox", name="Name of the new device").fill(name)
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("button", name="Make a passkey").click()


def add_app(page: Page, name: str = "phone") -> str:
    """The app's seed."""
    page.get_by_role("textbox", name="Name of the new device").fill(name)
    page.get_by_role("button", name="Add an authenticator app").click()
    page.get_by_text("Type the key instead").click()
    seed = (page.locator("#seed").text_content() or "").replace(" ", "")
    page.get_by_role("textbox", name="MFA code").fill(pyotp.TOTP(seed).at(NOW))
    page.get_by_role("button", name="Add this app").click()
    return seed


def test_a_passkey_is_made_and_signs_in(page: Page, named_site: LiveSite) -> None:
    authenticator = Authenticator(page)
    sign_in(page, named_site)
    open_own_page(page, named_site)
    add_passkey(page)
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    assert len(authenticator.keys) == 1
    sign_in(page, named_site)
    expect(page.get_by_role("heading", name="Confirm it is you")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Signed in in this browser")).to_be_visible()
    sign_in(page, named_site)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Signed in in this browser")).to_be_visible()


def test_webauthn_section_7_2_step_22_a_counter_that_went_back_is_refused(
    page: Page, named_site: LiveSite
) -> None:
    authenticator = Authenticator(page)
    sign_in(page, named_site)
    open_own_page(page, named_site)
    add_passkey(page)
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    for _ in range(3):
        sign_in(page, named_site)
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_role("heading", name="Signed in in this browser")).to_be_visible()
    authenticator.set_counter(1)
    sign_in(page, named_site)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("did not match")


def test_a_key_that_is_not_there_leaves_the_other_ways_open(page: Page, named_site: LiveSite) -> None:
    authenticator = Authenticator(page)
    sign_in(page, named_site)
    open_own_page(page, named_site)
    add_passkey(page)
    code = page.locator("ul.codes code").first.text_content() or ""
    authenticator.forget()
    sign_in(page, named_site)
    page.get_by_text("Use a recovery code").click()
    page.get_by_role("textbox", name="Recovery code").fill(code.lower())
    page.get_by_role("button", name="Use this code").click()
    expect(page.get_by_role("heading", name="Signed in in this browser")).to_be_visible()


def test_the_same_key_is_not_added_twice(page: Page, named_site: LiveSite) -> None:
    Authenticator(page)
    sign_in(page, named_site)
    open_own_page(page, named_site)
    add_passkey(page)
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    sign_in(page, named_site)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Signed in in this browser")).to_be_visible()
    open_own_page(page, named_site)
    add_passkey(page, "again")
    expect(page.get_by_role("status")).to_contain_text("did not work")


def test_another_persons_passkey_does_not_sign_in(
    new_context: Callable[..., BrowserContext], named_site: LiveSite
) -> None:
    """Bob's key answers in Alice's sign-in: the browser is not even offered it, and the server would not take it."""
    bobs, alices = new_context().new_page(), new_context().new_page()
    Authenticator(bobs)
    sign_in(bobs, named_site, "bob")
    open_own_page(bobs, named_site)
    add_passkey(bobs)
    expect(bobs.get_by_role("heading", name="Recovery codes")).to_be_visible()
    Authenticator(alices)
    sign_in(alices, named_site)
    open_own_page(alices, named_site)
    add_passkey(alices)
    expect(alices.get_by_role("heading", name="Recovery codes")).to_be_visible()
    sign_in(alices, named_site)
    options = alices.locator("#passkey-form").get_attribute("data-options") or ""
    sign_in(bobs, named_site, "bob")
    bobs.evaluate(
        "options => document.getElementById('passkey-form').dataset.options = JSON.stringify("
        "{...JSON.parse(document.getElementById('passkey-form').dataset.options),"
        " challenge: JSON.parse(options).challenge})",
        options,
    )
    bobs.get_by_role("button", name="Use a passkey").click()
    expect(bobs.get_by_role("alert")).to_contain_text("did not match")


@pytest.mark.parametrize("look", LOOKS)
def test_every_own_page_has_its_picture_and_no_serious_finding(
    look: str, new_context: Callable[..., BrowserContext], named_site: LiveSite
) -> None:
    page = new_context(**LOOKS[look]).new_page()
    Authenticator(page)

    def keep(name: str) -> None:
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"{name}-{look}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
        assert page.locator("h1").count() == 1
        check_accessible(page, name)

    sign_in(page, named_site)
    open_own_page(page, named_site)
    keep("account-without-device")
    page.get_by_role("textbox", name="Name of the new device").fill("phone")
    page.get_by_role("button", name="Add an authenticator app").click()
    page.get_by_text("Type the key instead").click()
    keep("account-app")
    seed = (page.locator("#seed").text_content() or "").replace(" ", "")
    page.get_by_role("textbox", name="MFA code").fill("12")
    page.get_by_role("button", name="Add this app").click()
    keep("account-app-mismatch")
    page.get_by_role("textbox", name="MFA code").fill(pyotp.TOTP(seed).at(NOW))
    page.get_by_role("button", name="Add this app").click()
    keep("account-recovery-codes")
    code = page.locator("ul.codes code").first.text_content() or ""
    sign_in(page, named_site)
    page.get_by_text("Use a recovery code").click()
    page.get_by_role("textbox", name="Recovery code").fill(code)
    page.get_by_role("button", name="Use this code").click()
    expect(page.get_by_role("heading", name="Signed in in this browser")).to_be_visible()
    open_own_page(page, named_site)
    page.get_by_role("textbox", name="Name of the new device").fill("security key")
    page.get_by_role("button", name="Add a passkey").click()
    keep("account-passkey")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("status")).to_contain_text("added")
    keep("account")
    page.get_by_role("textbox", name="Old password").fill("wrong")
    page.get_by_role("button", name="Change password").click()
    keep("account-mismatch")
    sign_in(page, named_site)
    page.get_by_text("Use a recovery code").click()
    keep("second-step")
    page.get_by_role("textbox", name="MFA code").fill("000000")
    page.get_by_role("button", name="Verify").click()
    keep("second-step-mismatch")
    named_site.world.now += 901
    open_own_page(page, named_site)
    page.get_by_role("button", name="Make new recovery codes").click()
    keep("account-not-recent")


def test_a_password_that_must_be_changed_has_its_page(page: Page, named_site: LiveSite) -> None:
    user = named_site.run(named_site.world.user("alice"))
    named_site.run(
        named_site.world.storage.users.update_login_profile(
            ACCOUNT, user.user_id, password_hash=None, password_reset_required=True, changed=False
        )
    )
    sign_in(page, named_site)
    check_accessible(page, "new-password")
    page.screenshot(path=ARTIFACTS / "new-password-light.png", full_page=True)
    page.get_by_label("New password", exact=True).fill("violet anchor pebble")
    page.get_by_label("New password again").fill("violet anchor pebble")
    page.get_by_role("button", name="Change password and go on").click()
    expect(page.get_by_role("heading", name="Signed in in this browser")).to_be_visible()
