"""The pages as people meet them, in Chromium: roles and names are the contract, not markup."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from daypass.protocol.oauth.authorization_request import AuthorizationRequest, build_authorization_url
from daypass.protocol.oauth.authorization_response import parse_authorization_response
from daypass.protocol.oauth.pkce import code_challenge
from daypass.protocol.oauth.registered_client import CROSS_DEVICE, SAME_DEVICE
from daypass.protocol.oauth.verification_code import parse_pasted_code
from support.sign_in_world import ACCOUNT, GRANT, PASSWORD, ROOT_EMAIL, VERIFIER

pytestmark = pytest.mark.browser

STATE = "3f0d6d1e-8c39-4a86-9c35-0b2a7b1f7a10"


def link(site, listener) -> str:
    """What a terminal on this computer opens."""
    request = AuthorizationRequest(SAME_DEVICE, listener.redirect_uri, STATE, code_challenge(VERIFIER))
    return build_authorization_url(site.url, request)


def remote_link(site) -> str:
    """What a terminal elsewhere shows."""
    redirect_uri = f"{site.url}/v1/sessions/confirmation"
    request = AuthorizationRequest(CROSS_DEVICE, redirect_uri, STATE, code_challenge(VERIFIER))
    return build_authorization_url(site.url, request)


def sign_in_as_user(page: Page, name: str, password: str = PASSWORD, *, account: str = ACCOUNT) -> None:
    """From the page that lets choose how, as an IAM user."""
    page.get_by_role("link", name="Continue with root or IAM user").click()
    page.get_by_role("radio", name="IAM user").check()
    page.get_by_role("textbox", name="Account ID or alias").fill(account)
    page.get_by_role("textbox", name="User name").fill(name)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def assert_code_arrived(listener) -> None:
    [path] = [path for path in listener.paths if path.startswith("/oauth/callback")]
    assert parse_authorization_response(urlsplit(path).query, expected_state=STATE)


def test_root_signs_in(page: Page, site, listener) -> None:
    page.goto(link(site, listener))
    expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
    page.get_by_role("link", name="Continue with root or IAM user").click()
    page.get_by_role("radio", name="Root user").check()
    expect(page.get_by_role("textbox", name="User name")).to_have_count(0)
    page.get_by_role("textbox", name="Email address").fill(ROOT_EMAIL)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Back in the terminal")).to_be_visible()
    assert_code_arrived(listener)


def test_an_iam_user_signs_in_by_alias(page: Page, site, listener) -> None:
    page.goto(link(site, listener))
    sign_in_as_user(page, "alice", account="acme")
    expect(page.get_by_role("heading", name="Back in the terminal")).to_be_visible()
    assert_code_arrived(listener)


def test_the_second_login_is_one_click(page: Page, site, listener) -> None:
    page.goto(link(site, listener))
    sign_in_as_user(page, "alice")
    page.wait_for_url("**/oauth/callback*")
    listener.paths.clear()
    page.goto(link(site, listener))
    expect(page.get_by_role("heading", name="Continue with an active session")).to_be_visible()
    page.get_by_role("button", name=f"arn:aws:iam::{ACCOUNT}:user/alice").click()
    page.wait_for_url("**/oauth/callback*")
    assert_code_arrived(listener)


def test_identities_live_side_by_side_and_sign_out_one_by_one(page: Page, site) -> None:
    page.goto(f"{site.url}/")
    page.get_by_role("link", name="Sign in").click()
    sign_in_as_user(page, "alice")
    page.get_by_role("link", name="Sign in to another session").click()
    sign_in_as_user(page, "bob")
    expect(page.get_by_text(f"arn:aws:iam::{ACCOUNT}:user/alice")).to_be_visible()
    expect(page.get_by_text(f"arn:aws:iam::{ACCOUNT}:user/bob")).to_be_visible()
    page.get_by_role("button", name="Sign out bob").click()
    expect(page.get_by_text(f"arn:aws:iam::{ACCOUNT}:user/bob")).to_have_count(0)
    page.get_by_role("button", name="Sign out of all sessions").click()
    expect(page.get_by_role("heading", name="Signed out")).to_be_visible()


def test_a_wrong_password_is_said_aloud_and_forgotten(page: Page, site, listener) -> None:
    page.goto(link(site, listener))
    sign_in_as_user(page, "alice", "wrong password")
    expect(page.get_by_role("alert")).to_contain_text("did not match")
    expect(page.get_by_role("textbox", name="User name")).to_have_value("alice")
    expect(page.get_by_role("textbox", name="Password")).to_have_value("")
    assert "wrong password" not in page.content()
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/oauth/callback*")


def test_empty_fields_are_named_next_to_themselves(page: Page, site) -> None:
    page.goto(f"{site.url}/signin/user")
    page.get_by_role("button", name="Sign in").click()
    user_name = page.get_by_role("textbox", name="User name")
    expect(user_name).to_have_attribute("aria-invalid", "true")
    expect(user_name).to_have_accessible_description("Enter your user name.")
    expect(page.get_by_role("alert")).to_be_visible()


def test_too_many_tries_are_refused_with_a_time(page: Page, site) -> None:
    page.goto(f"{site.url}/signin/new")
    sign_in_as_user(page, "alice", "wrong")
    for _ in range(5):
        page.get_by_role("textbox", name="Password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Try again in 5 minutes")


def test_a_user_without_the_policy_is_told_who_can_grant_it(page: Page, site, listener) -> None:
    page.goto(link(site, listener))
    sign_in_as_user(page, "bob")
    expect(page.get_by_role("heading", name="Access denied")).to_be_visible()
    main = page.get_by_role("main")
    for words in (
        "signin:AuthorizeOAuth2Access",
        "SignInLocalDevelopmentAccess",
        f"administrator of account {ACCOUNT}",
        f"aws iam attach-user-policy --user-name bob --policy-arn {GRANT}",
    ):
        expect(main).to_contain_text(words)
    user = site.run(site.world.user("bob"))
    site.run(site.world.storage.policies.attach_policy(ACCOUNT, user.user_id, GRANT))
    page.get_by_role("link", name="Choose another session").click()
    page.get_by_role("button", name=f"arn:aws:iam::{ACCOUNT}:user/bob").click()
    page.wait_for_url("**/oauth/callback*")
    assert_code_arrived(listener)


def test_a_terminal_on_another_device_gets_its_code_by_hand(
    new_context: Callable[..., BrowserContext],
    site,
) -> None:
    context = new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(remote_link(site))
    expect(page.get_by_role("region", name="What you are approving")).to_contain_text("another device")
    sign_in_as_user(page, "alice")
    expect(page.get_by_role("heading", name="Signed in")).to_be_visible()
    shown = page.locator("#verification-code").inner_text()
    assert parse_pasted_code(shown, expected_state=STATE)
    page.get_by_role("button", name="Copy code").click()
    expect(page.get_by_role("status")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == shown


def test_everything_works_without_scripts(
    new_context: Callable[..., BrowserContext],
    site,
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(remote_link(site))
    sign_in_as_user(page, "alice")
    expect(page.get_by_role("heading", name="Signed in")).to_be_visible()
    assert parse_pasted_code(page.locator("#verification-code").inner_text(), expected_state=STATE)
    expect(page.get_by_role("button", name="Copy code")).to_have_count(0)
    page.goto(remote_link(site))
    page.get_by_role("button", name=f"arn:aws:iam::{ACCOUNT}:user/alice").click()
    expect(page.get_by_role("heading", name="Signed in")).to_be_visible()


def test_the_keyboard_is_enough(page: Page, site, listener) -> None:
    page.goto(link(site, listener))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Continue with root or IAM user")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/signin/user?**")
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="IAM user")).to_be_focused()
    for text in (ACCOUNT, "alice", PASSWORD):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_url("**/oauth/callback*")
    assert_code_arrived(listener)


def test_cancelling_goes_back_to_the_terminal(page: Page, site, listener) -> None:
    page.goto(link(site, listener))
    page.get_by_role("button", name="Cancel this request").click()
    page.wait_for_url("**/oauth/callback*")
    assert parse_qs(urlsplit(listener.paths[0]).query)["error"] == ["access_denied"]


def test_a_request_that_waited_too_long_is_said_to_be_over(page: Page, site, listener) -> None:
    page.goto(link(site, listener))
    site.world.now += 600
    page.get_by_role("link", name="Continue with root or IAM user").click()
    expect(page.get_by_role("heading", name="This request has expired")).to_be_visible()
