"""What the pages about second factors and roles say to those for whom a way is closed: no JavaScript, no factor, no role."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from daypass.server.domain.account import ManagedPolicy, Role
from daypass.server.domain.mfa_device import MfaDevice
from support.accessibility import check_accessible
from support.live_site import LiveSite
from support.sign_in_world import ACCOUNT, NOW, PASSWORD, Terminal

pytestmark = pytest.mark.browser

ARTIFACTS = Path(__file__).parents[1] / "artifacts" / "pages"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1100, "height": 900}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "device_scale_factor": 2},
}


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def keep(page: Page, name: str, look: str) -> None:
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}-{look}.png", full_page=True)
    assert page.locator("h1").count() == 1


def sign_in(page: Page, site: LiveSite, url: str = "") -> None:
    page.goto(url or f"{site.url}/signin/user")
    if url:
        page.get_by_role("link", name="Continue with root or IAM user").click()
    page.get_by_role("textbox", name="Account ID or alias").fill(ACCOUNT)
    page.get_by_role("textbox", name="User name").fill("alice")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def give_passkey(site: LiveSite) -> None:
    user = site.run(site.world.user("alice"))
    device = MfaDevice(
        f"arn:aws:iam::{ACCOUNT}:u2f/user/alice/key",
        ACCOUNT,
        user.user_id,
        "passkey",
        NOW,
        NOW,
        credential_id=b"key",
    )
    site.run(site.world.storage.mfa_devices.create_mfa_device(device, limit=8))


def named_site() -> LiveSite:
    """By its name, because passkeys need one."""
    return LiveSite(host="localhost")


def test_without_javascript_a_passkey_page_says_what_to_do(
    new_context: Callable[..., BrowserContext], look: str
) -> None:
    site = named_site()
    page = new_context(**LOOKS[look], java_script_enabled=False).new_page()
    sign_in(page, site)
    page.get_by_role("link", name="Manage").click()
    page.get_by_role("textbox", name="Name of the new device").fill("key")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("go back and add an authenticator app")).to_be_visible()
    expect(page.get_by_role("button", name="Make a passkey")).to_be_hidden()
    keep(page, "account-passkey-without-javascript", look)
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Add an authenticator app").click()
    expect(page.get_by_role("heading", name="Add an authenticator app")).to_be_visible()
    site.close()


def test_without_javascript_the_second_step_says_what_a_passkey_needs(
    new_context: Callable[..., BrowserContext], look: str
) -> None:
    site = named_site()
    give_passkey(site)
    page = new_context(**LOOKS[look], java_script_enabled=False).new_page()
    sign_in(page, site)
    expect(page.get_by_text("Your passkey needs JavaScript")).to_be_visible()
    expect(page.get_by_role("button", name="Use a passkey")).to_be_hidden()
    keep(page, "second-step-without-javascript", look)
    site.close()


def test_who_lacks_the_second_factor_that_a_policy_asks_for_is_led_to_it(
    new_context: Callable[..., BrowserContext], look: str, site: LiveSite
) -> None:
    deny = {
        "Effect": "Deny",
        "Action": "signin:*",
        "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    policy = ManagedPolicy(ACCOUNT, "ANPASECONDFACTORSECON", "SecondFactor", "/", document, NOW)
    user = site.run(site.world.user("alice"))
    site.run(site.world.storage.policies.create_policy(policy))
    site.run(site.world.storage.policies.attach_policy(ACCOUNT, user.user_id, policy.arn))
    page = new_context(**LOOKS[look]).new_page()
    url = Terminal(site.world).authorize_url.replace("http://127.0.0.1:8080", site.url)
    sign_in(page, site, url)
    expect(page.get_by_role("heading", name="Access denied")).to_be_visible()
    expect(page.get_by_text("asks for a second factor here")).to_be_visible()
    check_accessible(page, "refused-second-factor")
    keep(page, "refused-second-factor", look)
    page.get_by_role("link", name="Open your own page").click()
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()


def test_switching_roles_reads_well_and_works_with_the_keyboard_alone(
    new_context: Callable[..., BrowserContext], look: str, site: LiveSite
) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/alice"},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    site.run(
        site.world.storage.roles.create_role(
            Role(ACCOUNT, "AROAAUDITORAUDITORAUD", "auditor", "/", trust, NOW, max_session_duration=3600)
        )
    )
    page = new_context(**LOOKS[look]).new_page()
    sign_in(page, site)
    page.goto(f"{site.url}/switchrole?account={ACCOUNT}&roleName=nobody")
    page.get_by_role("button", name="Switch role").click()
    expect(page.get_by_role("alert")).to_contain_text("You may not take this role")
    check_accessible(page, "switch-role")
    keep(page, "switch-role-refused", look)
    page.goto(f"{site.url}/switchrole?account={ACCOUNT}&roleName=auditor")
    keep(page, "switch-role", look)
    order = []
    for _ in range(4):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.name || document.activeElement.textContent"))
    assert order == ["session", "account", "role", "Switch role"]
    page.keyboard.press("Enter")
    expect(page.get_by_text("auditor/alice").first).to_be_visible()


def test_the_second_step_is_gone_through_in_the_order_it_is_read(
    new_context: Callable[..., BrowserContext],
) -> None:
    site = named_site()
    give_passkey(site)
    user = site.run(site.world.user("alice"))
    sealed = site.world.parts.ring.seal("mfa-seed", b"JBSWY3DPEHPK3PXP")
    site.run(
        site.world.storage.mfa_devices.create_mfa_device(
            MfaDevice(
                f"arn:aws:iam::{ACCOUNT}:mfa/alice/phone",
                ACCOUNT,
                user.user_id,
                "totp",
                NOW,
                NOW,
                sealed_seed=sealed,
            ),
            limit=8,
        )
    )
    site.run(site.world.storage.mfa_devices.replace_recovery_codes(ACCOUNT, user.user_id, [b"h" * 32]))
    page = new_context(**LOOKS["light"]).new_page()
    sign_in(page, site)
    expect(page.get_by_role("textbox", name="MFA code")).to_be_focused()
    order = []
    for _ in range(3):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.textContent").strip())
    assert order == ["Verify", "Use a passkey", "Use a recovery code"]
    site.close()
