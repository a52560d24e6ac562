"""The admin pages in a real browser: every page by keyboard and eye, in light, dark and on a telephone, and a walk.

axe-core finds nothing serious on any page (WCAG 2.2 A and AA); the pictures are kept for people to look at.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from daypass.server.domain.account import Group, ManagedPolicy, Role, User
from support.accessibility import check_accessible
from support.admin_world import DOCUMENT, GATE, OIDC, OTHER_DOCUMENT, SAML, TRUST, furnish
from support.live_site import LiveSite
from support.sign_in_world import ACCOUNT, NOW, PASSWORD, ROOT_EMAIL

pytestmark = pytest.mark.browser

ARTIFACTS = Path(__file__).parents[1] / "artifacts" / "pages"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1100, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1100, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light", "device_scale_factor": 2},
}
LONG = "Quarterly-reports_of.the+northern,branch=and@all.its-suppliers00"
"""64 characters: the longest name of a user or a role."""
LONG_POLICY = f"arn:aws:iam::{ACCOUNT}:policy/departments/finance/reporting/" + "ReadTheQuarterlyReports" * 5


async def _furnish(site: LiveSite) -> None:
    """Names as long as they may be, beside what `open_admin_world` has."""
    storage = site.world.storage
    await furnish(site.world)
    alice = await site.world.user("alice")
    path = "/departments/finance/reporting/"
    tags = tuple((f"cost-centre-{number}", "4711 northern branch " * 4) for number in range(2))
    name = LONG_POLICY.rpartition("/")[2]
    await storage.policies.create_policy(
        ManagedPolicy(
            ACCOUNT, "ANPALONG0000000000000", name, path, DOCUMENT, NOW, description="At length. " * 20
        )
    )
    user = User(
        ACCOUNT, "AIDALONG0000000000000", LONG, path, NOW, permissions_boundary=LONG_POLICY, tags=tags
    )
    await storage.users.create_user(user)
    role = Role(ACCOUNT, "AROALONG0000000000000", LONG, path, TRUST, NOW, "What it is for, at length. " * 8)
    await storage.roles.create_role(role)
    for holder in (user.user_id, role.role_id, alice.user_id):
        await storage.policies.attach_policy(ACCOUNT, holder, LONG_POLICY)
    await storage.policy_versions.create_policy_version(
        LONG_POLICY, OTHER_DOCUMENT, set_as_default=True, limit=5, now=NOW + 60
    )
    long_group = Group(ACCOUNT, "AGPALONG0000000000000", LONG * 2, path, NOW)
    await storage.groups.create_group(long_group)
    for member in (user, alice):
        await storage.groups.add_member(ACCOUNT, long_group.group_id, member.user_id)


def sign_in_root(page: Page, site: LiveSite) -> str:
    """The base of the admin pages."""
    page.goto(f"{site.url}/signin/user")
    page.get_by_role("radio", name="Root user").check()
    page.get_by_role("textbox", name="Email address").fill(ROOT_EMAIL)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{site.url}/")
    page.get_by_role("link", name="Administer").click()
    expect(page.get_by_role("heading", name="Account 1111-2222-3333")).to_be_visible()
    return page.url


def sign_in_alice(page: Page, site: LiveSite) -> None:
    page.goto(f"{site.url}/signin/user")
    page.get_by_role("radio", name="IAM user").check()
    page.get_by_role("textbox", name="Account ID or alias").fill(ACCOUNT)
    page.get_by_role("textbox", name="User name").fill("alice")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Signed in in this browser")).to_be_visible()


PLACES = {
    "overview": "",
    "users": "/users",
    "user": "/user?name=alice",
    "groups": "/groups",
    "group": "/group?name=readers",
    "roles": "/roles",
    "role": "/role?name=Archivist",
    "policies": "/policies?scope=AWS",
    "policy": f"/policy?arn={quote(GATE)}",
    "long-user": f"/user?name={quote(LONG)}",
    "long-role": f"/role?name={quote(LONG)}",
    "long-group": f"/group?name={quote(LONG * 2)}",
    "long-policy": f"/policy?arn={quote(LONG_POLICY)}",
    "compare": f"/policy?arn={quote(LONG_POLICY)}&version=v1&against=v2",
    "providers": "/providers",
    "saml": f"/provider?arn={SAML}",
    "oidc": f"/provider?arn={OIDC}",
    "explain": (
        f"/explain?principal=arn:aws:iam::{ACCOUNT}:user/carol&action=signin:AuthorizeOAuth2Access&resource=*"
    ),
    "sessions": "/sessions?kind=browser",
    "audit": "/audit",
    "create-user": "/call?call=CreateUser",
    "create-key": "/call?call=CreateAccessKey&UserName=bob",
    "password-policy": "/call?call=UpdateAccountPasswordPolicy",
    "alias": "/call?call=CreateAccountAlias",
    "create-saml": "/call?call=CreateSAMLProvider",
    "create-oidc": "/call?call=CreateOpenIDConnectProvider",
    "create-role": "/call?call=CreateRole",
    "attach": "/call?call=AttachUserPolicy&UserName=alice",
    "password": "/call?call=UpdateLoginProfile&UserName=alice",
    "refused": "/user?name=nobody",
}


@pytest.mark.parametrize("look", LOOKS)
def test_every_admin_page_has_a_picture_and_no_barrier(
    site: LiveSite, new_context: Callable[..., BrowserContext], look: str
) -> None:
    site.run(_furnish(site))
    sign_in_alice(new_context().new_page(), site)
    page = new_context(**LOOKS[look]).new_page()
    base = sign_in_root(page, site)
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    for name, place in PLACES.items():
        page.goto(base + place)
        check_accessible(page, name)
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not wide, f"{name} is wider than its window"
        page.screenshot(path=ARTIFACTS / f"admin-{name}-{look}.png", full_page=True)
    page.goto(f"{base}/user?name=alice")
    page.get_by_role("button", name="Delete this user").click()
    expect(page.get_by_role("heading", name="Delete alice?")).to_be_visible()
    check_accessible(page, "confirm")
    page.screenshot(path=ARTIFACTS / f"admin-confirm-{look}.png", full_page=True)
    page.goto(f"{base}/call?call=CreateUser")
    page.get_by_role("textbox", name="User name").fill("no spaces please")
    page.get_by_role("button", name="Create user").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check_accessible(page, "error")
    page.screenshot(path=ARTIFACTS / f"admin-error-{look}.png", full_page=True)
    page.goto(f"{base}/call?call=CreateAccessKey&UserName=bob")
    page.get_by_role("button", name="Create access key").click()
    expect(page.get_by_role("heading", name="The access key is created")).to_be_visible()
    check_accessible(page, "new-key")
    page.screenshot(path=ARTIFACTS / f"admin-new-key-{look}.png", full_page=True)


def test_an_administrator_walks_through_a_users_life(page: Page, site: LiveSite) -> None:
    sign_in_root(page, site)
    page.get_by_role("link", name="Users", exact=True).click()
    page.get_by_role("link", name="Create a user").click()
    page.get_by_role("textbox", name="User name").fill("dora")
    page.get_by_role("textbox", name="First password").fill("violet anchor pebble")
    page.get_by_role("button", name="Create user").click()
    expect(page.get_by_role("heading", name="dora")).to_be_visible()
    expect(page.get_by_text("must choose another one at the next sign-in")).to_be_visible()
    page.get_by_role("link", name="Attach a policy").click()
    page.get_by_label("Policy ARN").fill("arn:aws:iam::aws:policy/ReadOnlyAccess")
    page.get_by_role("button", name="Attach policy").click()
    expect(page.get_by_role("status")).to_have_text("The policy is attached.")
    page.get_by_role("link", name="What may this user do?").click()
    page.get_by_role("textbox", name="Action").fill("s3:DeleteObject")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("heading", name="No, refused")).to_be_visible()
    page.get_by_role("link", name="Users", exact=True).click()
    page.get_by_role("textbox", name="Name begins with").fill("do")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="dora").click()
    page.get_by_role("button", name="Delete this user").click()
    page.get_by_role("button", name="Delete user").click()
    expect(page.get_by_role("status")).to_have_text("The user is deleted.")
    page.get_by_role("link", name="Audit", exact=True).click()
    for event in ("DeleteUser", "DetachUserPolicy", "DeleteLoginProfile", "AttachUserPolicy", "CreateUser"):
        expect(page.get_by_role("link", name=event, exact=True).first).to_be_visible()
    page.get_by_role("link", name="CreateUser", exact=True).click()
    expect(page.get_by_text('"userName": "dora"')).to_be_visible()


def test_everything_can_be_done_with_the_keyboard(page: Page, site: LiveSite) -> None:
    sign_in_root(page, site)
    page.get_by_role("link", name="Groups", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Groups")).to_be_visible()
    page.get_by_role("link", name="Create a group").focus()
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="Group name").focus()
    page.keyboard.type("readers")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="readers")).to_be_visible()
