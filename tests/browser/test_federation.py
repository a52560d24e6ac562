"""A real Chromium between the pages and real identity providers: pysaml2's with xmlsec1, and npm oidc-provider."""

import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from daypass.protocol.oauth.errors import TokenExpired
from support.live_providers import (
    CLIENT_ID,
    CLIENT_SECRET,
    create_role,
    live_parts,
    real_clock,
    register_oidc,
    register_saml,
)
from support.live_site import Listener, LiveSite
from support.oidc_op import RunningOp, op_client, op_user, running_oidc_op
from support.saml_idp import ROLE, ROLE_SESSION_NAME, RunningSamlIdp, SamlUser, running_saml_idp
from support.sign_in_world import ACCOUNT, ENDPOINT, Terminal

pytestmark = [pytest.mark.browser, pytest.mark.processes]

SAML_ARN = f"arn:aws:iam::{ACCOUNT}:saml-provider/Corp"
READER, WRITER = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("Reader", "Writer"))


def person(*roles: str, name: str = "ada") -> SamlUser:
    return SamlUser("secret", {ROLE: [f"{role},{SAML_ARN}" for role in roles], ROLE_SESSION_NAME: [name]})


USERS = {
    "ada": person(READER, WRITER),
    "bob": person(READER, name="bob"),
    "eve": person(f"arn:aws:iam::{ACCOUNT}:role/Nothing", name="eve"),
    **{f"crowd{number}": person(READER, name=f"crowd{number}") for number in range(6)},
}


@pytest.fixture(scope="module")
def idp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSamlIdp]:
    with running_saml_idp(tmp_path_factory.mktemp("idp"), users=USERS) as running:
        yield running


@pytest.fixture(scope="module")
def op(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOp]:
    users = {"ada": op_user("correct horse", email="ada@example.com")}
    with running_oidc_op(tmp_path_factory.mktemp("op"), [], users) as running:
        yield running


@pytest.fixture
def site(idp: RunningSamlIdp, op: RunningOp) -> Iterator[LiveSite]:
    """Our pages, known to both providers, with two roles for one and one for the other."""
    parts = {**live_parts(op), "alternate_urls": frozenset({ENDPOINT})}
    site = LiveSite(host="localhost", parts=parts)
    world = site.world
    world.now = real_clock()
    provider = site.run(register_saml(world, "Corp", idp.metadata()))
    assert provider.arn == SAML_ARN
    for path in (idp.folder / "sp").iterdir():
        path.unlink()
    idp.add_service_provider(f"{site.url}/saml/metadata/{provider.provider_uuid}")
    for name in ("Reader", "Writer"):
        site.run(create_role(world, name, provider.arn))
    oidc = site.run(register_oidc(world, op))
    site.run(create_role(world, "Deployer", oidc.arn))
    callback = f"{site.url}/oidc/callback"
    logout = site.url.replace("localhost", "127.0.0.1") + "/oidc/logout"
    op.set_clients([op_client(CLIENT_ID, CLIENT_SECRET, callback, logout_uri=logout)])
    yield site
    site.close()


def start(page: Page, site: LiveSite, provider: str, path: str = "/signin/new") -> None:
    page.goto(site.url + path if path.startswith("/") else path)
    page.get_by_role("link", name=f"Continue with {provider}").click()


def log_in_at_idp(page: Page, user: str = "ada") -> None:
    page.get_by_role("textbox", name="User name").fill(user)
    page.get_by_role("textbox", name="Password").fill("secret")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Continue").click()


def log_in_at_op(page: Page) -> None:
    page.get_by_role("textbox", name="User name").fill("ada")
    page.get_by_role("textbox", name="Password").fill("correct horse")
    page.get_by_role("button", name="Log in").click()


def terminal_for(site: LiveSite, listener: Listener) -> tuple[Terminal, str]:
    """A terminal that listens, and its link to this site."""
    terminal = Terminal(site.world, redirect_uri=listener.redirect_uri)
    return terminal, terminal.authorize_url.replace(ENDPOINT, site.url)


def redeem(site: LiveSite, terminal: Terminal, listener: Listener) -> Any:
    site.world.now = real_clock()
    return site.run(terminal.redeem(terminal.code_from(listener.paths[-1])))


def sessions_shown(page: Page, site: LiveSite) -> list[str]:
    page.goto(site.url)
    return page.locator(".session .name").all_inner_texts()


def test_a_person_with_two_roles_signs_in_and_picks_one(page: Page, site: LiveSite) -> None:
    start(page, site, "Corp")
    log_in_at_idp(page)
    expect(page.get_by_role("heading", name="Choose a role")).to_be_visible()
    expect(page.get_by_role("button", name=READER)).to_be_visible()
    page.get_by_role("button", name=WRITER).click()
    expect(page.get_by_text("via Corp as ada")).to_be_visible()
    expect(page.get_by_text(f"arn:aws:sts::{ACCOUNT}:assumed-role/Writer/ada")).to_be_visible()
    assert page.url == f"{site.url}/"


def test_one_role_goes_straight_back_to_the_terminal_and_another_terminal_needs_no_password(
    page: Page, site: LiveSite, listener: Listener
) -> None:
    terminal, link = terminal_for(site, listener)
    start(page, site, "Corp", link)
    log_in_at_idp(page, "bob")
    expect(page.get_by_role("heading", name="Back in the terminal")).to_be_visible()
    tokens = redeem(site, terminal, listener)
    assert tokens.refresh_token.reveal()
    second, link = terminal_for(site, listener)
    page.goto(link)
    page.get_by_role("button", name=f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/bob").click()
    expect(page.get_by_role("heading", name="Back in the terminal")).to_be_visible()
    assert redeem(site, second, listener).refresh_token.reveal()


def test_what_begins_at_the_provider_asks_for_a_click(
    page: Page, site: LiveSite, idp: RunningSamlIdp
) -> None:
    page.goto(idp.start_url("bob", f"{site.url}/saml/acs/SAMLCORP"))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("began at Corp")).to_be_visible()
    assert len(site.run(site.world.audit())) == 0
    page.get_by_role("button", name=READER).click()
    expect(page.get_by_text("via Corp as bob")).to_be_visible()


def test_the_role_may_be_chosen_with_the_keyboard_alone(page: Page, site: LiveSite) -> None:
    start(page, site, "Corp")
    log_in_at_idp(page)
    page.get_by_role("button", name=READER).wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("assumed-role/Writer/ada")).to_be_visible()


def test_an_openid_provider_leads_to_the_role_and_to_the_terminal(
    page: Page, site: LiveSite, listener: Listener
) -> None:
    terminal, link = terminal_for(site, listener)
    start(page, site, "Acme Connect", link)
    log_in_at_op(page)
    expect(page.get_by_role("heading", name="Back in the terminal")).to_be_visible()
    assert redeem(site, terminal, listener).refresh_token.reveal()
    page.goto(site.url)
    expect(page.get_by_text("via Acme Connect as ada")).to_be_visible()


def test_the_provider_used_last_is_offered_first(page: Page, site: LiveSite) -> None:
    page.goto(f"{site.url}/signin/new")
    links = page.get_by_role("link", name=re.compile("^Continue with"))
    assert links.first.inner_text() == "Continue with Acme Connect"
    page.get_by_role("link", name="Continue with Corp").click()
    page.get_by_role("button", name="Log in").wait_for()
    page.goto(f"{site.url}/signin/new")
    assert links.first.inner_text() == "Continue with Corp"
    expect(page.get_by_text("Used last in this browser")).to_be_visible()


def test_a_sixth_session_is_refused_until_there_is_room(
    page: Page, site: LiveSite, idp: RunningSamlIdp
) -> None:
    for number in range(6):
        page.goto(idp.start_url(f"crowd{number}", f"{site.url}/saml/acs/SAMLCORP"))
        page.get_by_role("button", name="Continue").click()
        choice = page.url
        page.get_by_role("button", name=READER).click()
    expect(page.get_by_role("heading", name="This browser holds five sessions")).to_be_visible()
    page.get_by_role("link", name="Look at your sessions").click()
    page.get_by_role("button", name="Sign out Reader/crowd0 of account").click()
    page.goto(choice)
    page.get_by_role("button", name=READER).click()
    assert sorted(sessions_shown(page, site)) == [f"Reader/crowd{number}" for number in range(1, 6)]
    page.get_by_role("button", name="Sign out of all sessions").click()
    expect(page.get_by_role("heading", name="Signed out")).to_be_visible()


def test_no_role_is_said_with_the_roles_that_were_named(page: Page, site: LiveSite) -> None:
    start(page, site, "Corp")
    log_in_at_idp(page, "eve")
    expect(page.get_by_role("heading", name="There is no role for you here")).to_be_visible()
    expect(page.get_by_text(f"arn:aws:iam::{ACCOUNT}:role/Nothing")).to_be_visible()


def test_single_logout_ends_the_session_and_the_terminals_refresh(
    page: Page, site: LiveSite, listener: Listener, idp: RunningSamlIdp
) -> None:
    terminal, link = terminal_for(site, listener)
    start(page, site, "Corp", link)
    log_in_at_idp(page, "bob")
    expect(page.get_by_role("heading", name="Back in the terminal")).to_be_visible()
    tokens = redeem(site, terminal, listener)
    page.goto(idp.logout_url("bob"))
    expect(page.get_by_text("Logged out")).to_be_visible()
    with pytest.raises(TokenExpired):
        site.run(terminal.refresh(tokens.refresh_token))
    assert sessions_shown(page, site) == []


def test_back_channel_logout_ends_the_session_and_the_terminals_refresh(
    page: Page, site: LiveSite, listener: Listener, op: RunningOp
) -> None:
    terminal, link = terminal_for(site, listener)
    start(page, site, "Acme Connect", link)
    log_in_at_op(page)
    expect(page.get_by_role("heading", name="Back in the terminal")).to_be_visible()
    tokens = redeem(site, terminal, listener)
    told = op.log_out("ada")
    assert {each["outcome"] for each in told} == {"ok"}
    with pytest.raises(TokenExpired):
        site.run(terminal.refresh(tokens.refresh_token))
    assert sessions_shown(page, site) == []


def test_a_copied_response_and_another_browser_are_refused(
    new_context: Callable[..., BrowserContext], site: LiveSite
) -> None:
    mine, theirs = new_context().new_page(), new_context().new_page()
    posted: list[str] = []
    mine.on(
        "request",
        lambda request: posted.append(request.post_data or "") if "/saml/acs/" in request.url else None,
    )
    start(mine, site, "Corp")
    log_in_at_idp(mine)
    expect(mine.get_by_role("heading", name="Choose a role")).to_be_visible()
    theirs.goto(mine.url)
    expect(theirs.get_by_role("heading", name="This sign-in began in another browser")).to_be_visible()
    fields = {"SAMLResponse": parse_qs(posted[0])["SAMLResponse"][0]}
    request = urllib.request.Request(f"{site.url}/saml/acs/SAMLCORP", data=urlencode(fields).encode())
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code in (400, 403)
    refused.value.close()


def test_an_unsolicited_response_is_used_once(page: Page, site: LiveSite, idp: RunningSamlIdp) -> None:
    page.goto(idp.start_url("bob", f"{site.url}/saml/acs/SAMLCORP"))
    with page.expect_request(lambda request: "/saml/acs/" in request.url) as sent:
        page.get_by_role("button", name="Continue").click()
    fields = {"SAMLResponse": parse_qs(sent.value.post_data or "")["SAMLResponse"][0]}
    request = urllib.request.Request(f"{site.url}/saml/acs/SAMLCORP", data=urlencode(fields).encode())
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 403
    assert "used before" in refused.value.read().decode()
    refused.value.close()
