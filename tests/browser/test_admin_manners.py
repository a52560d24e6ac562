"""How the admin pages behave under a hand: two clicks, Back, a wrong entry, the Tab key, no scripts, a thousand users."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from daypass.server.domain.account import User
from support.admin_world import furnish
from support.live_site import LiveSite
from support.sign_in_world import ACCOUNT, NOW, PASSWORD, ROOT_EMAIL

pytestmark = pytest.mark.browser


def enter(page: Page, site: LiveSite) -> str:
    """Root's session, on the account's page; its address."""
    page.goto(f"{site.url}/signin/user")
    page.get_by_role("radio", name="Root user").check()
    page.get_by_role("textbox", name="Email address").fill(ROOT_EMAIL)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{site.url}/")
    page.get_by_role("link", name="Administer").click()
    expect(page.get_by_role("heading", name="Account 1111-2222-3333")).to_be_visible()
    return page.url


def names_of_events(site: LiveSite) -> list[str]:
    return [event.event_name for event in site.run(site.world.audit())]


def test_two_clicks_press_once(page: Page, site: LiveSite) -> None:
    base = enter(page, site)
    page.goto(f"{base}/call?call=CreateAccessKey&UserName=bob")
    page.get_by_role("button", name="Create access key").dblclick()
    expect(page.get_by_role("heading", name="The access key is created")).to_be_visible()
    assert names_of_events(site).count("CreateAccessKey") == 1


def test_the_secret_is_copied_and_is_gone_behind_the_next_page(
    new_context: Callable[..., BrowserContext], site: LiveSite
) -> None:
    context = new_context()
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    base = enter(page, site)
    page.goto(f"{base}/call?call=CreateAccessKey&UserName=bob")
    page.get_by_role("button", name="Create access key").click()
    secret = page.locator("#secret-access-key").inner_text()
    assert len(secret) == 40
    page.get_by_role("button", name="Copy the secret").click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    assert secret not in page.content()
    page.get_by_role("link", name="I have kept it").click()
    expect(page.get_by_role("heading", name="bob")).to_be_visible()
    assert secret not in page.content()


def test_back_after_a_change_asks_for_nothing_and_changes_nothing(page: Page, site: LiveSite) -> None:
    base = enter(page, site)
    page.goto(f"{base}/call?call=CreateGroup")
    page.get_by_role("textbox", name="Group name").fill("readers")
    page.get_by_role("button", name="Create group").click()
    expect(page.get_by_role("status")).to_have_text("The group is created.")
    page.reload()
    page.get_by_role("button", name="Delete this group").click()
    expect(page.get_by_role("heading", name="Delete the group readers?")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Delete the group readers?")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="readers")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Create a group")).to_be_visible()
    events = names_of_events(site)
    assert (events.count("CreateGroup"), events.count("DeleteGroup")) == (1, 0)


def test_after_back_the_form_can_be_sent_again(page: Page, site: LiveSite) -> None:
    base = enter(page, site)
    page.goto(f"{base}/call?call=CreateGroup")
    page.get_by_role("textbox", name="Group name").fill("one")
    page.get_by_role("button", name="Create group").click()
    expect(page.get_by_role("heading", name="one")).to_be_visible()
    page.go_back()
    page.get_by_role("textbox", name="Group name").fill("two")
    page.get_by_role("button", name="Create group").click()
    expect(page.get_by_role("heading", name="two")).to_be_visible()


def test_a_wrong_entry_is_named_beside_its_field_and_kept(page: Page, site: LiveSite) -> None:
    base = enter(page, site)
    page.goto(f"{base}/call?call=CreateUser")
    page.get_by_role("textbox", name="User name").fill("dora the second")
    page.get_by_role("textbox", name="Path").fill("/staff/")
    page.get_by_role("button", name="Create user").click()
    field = page.get_by_role("textbox", name="User name")
    expect(field).to_be_focused()
    expect(field).to_have_value("dora the second")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#field-UserName-error")).to_contain_text("userName")
    expect(page.get_by_role("textbox", name="Path")).to_have_value("/staff/")
    field.fill("dora")
    field.press("Enter")
    expect(page.get_by_role("heading", name="dora")).to_be_visible()


STOPS = """() => {
  const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), textarea, summary')]
  return all.filter(each => each.checkVisibility() && each.tabIndex >= 0).length
}"""


@pytest.mark.parametrize(
    "place", ["", "/user?name=alice", "/call?call=DeleteUser&UserName=alice", "/providers"]
)
def test_the_tab_key_goes_through_the_page_from_top_to_bottom(page: Page, site: LiveSite, place: str) -> None:
    site.run(furnish(site.world))
    base = enter(page, site)
    page.goto(base + place)
    tops: list[float] = []
    for _ in range(page.evaluate(STOPS)):
        page.keyboard.press("Tab")
        box: Any = page.evaluate(
            "() => { const r = document.activeElement.getBoundingClientRect();"
            " return [document.activeElement.tagName, r.top + scrollY, r.height] }"
        )
        assert box[0] != "BODY"
        assert box[2] > 0
        tops.append(box[1])
    assert all(later >= earlier - 12 for earlier, later in pairwise(tops))


def test_everything_works_without_scripts(new_context: Callable[..., BrowserContext], site: LiveSite) -> None:
    page = new_context(java_script_enabled=False).new_page()
    base = enter(page, site)
    page.goto(f"{base}/call?call=CreateAccessKey&UserName=bob")
    page.get_by_role("button", name="Create access key").click()
    expect(page.locator("#secret-access-key")).to_be_visible()
    expect(page.get_by_role("button", name="Copy the secret")).to_be_hidden()
    page.get_by_role("link", name="I have kept it").click()
    page.get_by_role("button", name="Delete AKIA").click()
    page.get_by_role("button", name="Delete key").click()
    expect(page.get_by_role("status")).to_have_text("The access key is deleted.")


def test_the_credential_report_is_downloaded(page: Page, site: LiveSite) -> None:
    enter(page, site)
    with page.expect_download() as started:
        page.get_by_role("link", name="Download the credential report").click()
    assert started.value.suggested_filename == f"credential-report-{ACCOUNT}.csv"


async def _a_thousand(site: LiveSite) -> None:
    for number in range(1000):
        user = User(ACCOUNT, f"AIDAM{number:016d}", f"person-{number:03d}", "/", NOW)
        await site.world.storage.users.create_user(user)


def test_a_thousand_users_are_turned_and_searched(page: Page, site: LiveSite) -> None:
    site.run(_a_thousand(site))
    base = enter(page, site)
    page.goto(f"{base}/users")
    names: list[str] = []
    while True:
        names += page.locator("tbody th a").all_inner_texts()
        following = page.get_by_role("link", name="Next page")
        if not following.count():
            break
        following.click()
    assert names == ["alice", "bob", "carol", *[f"person-{number:03d}" for number in range(1000)]]
    page.get_by_role("link", name="First page").click()
    expect(page.get_by_role("link", name="alice")).to_be_visible()
    page.get_by_role("textbox", name="Name begins with").fill("person-77")
    page.get_by_role("textbox", name="Name begins with").press("Enter")
    assert page.locator("tbody th a").all_inner_texts() == [f"person-77{digit}" for digit in range(10)]
    page.get_by_role("link", name="Show all").click()
    expect(page.get_by_role("link", name="alice")).to_be_visible()
