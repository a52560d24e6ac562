"""A picture of every page of federation, light, dark and on a phone, for a person to look at; what can be judged
without eyes is judged. Providers stand in: the pages are the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from daypass.protocol.aws.errors import IDPCommunicationError
from daypass.secret import Secret
from daypass.server.domain.identity_provider import OidcProvider
from daypass.server.domain.provider_list import ListedProvider, OidcClient
from support.accessibility import check_accessible
from support.live_providers import create_account, create_role
from support.live_site import Listener, LiveSite
from support.sign_in_world import ACCOUNT, NOW, Terminal
from support.stand_in_providers import StandInOidc, StandInSaml, saml_assertion, saml_provider, with_roles

pytestmark = pytest.mark.browser

ARTIFACTS = Path(__file__).parents[1] / "artifacts" / "pages"
OTHER_ACCOUNT = "444455556666"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "device_scale_factor": 2},
}
UNNAMED = """() => [...document.querySelectorAll('a, button, summary, input:not([type=hidden])')]
  .filter(e => !(e.ariaLabel || e.textContent.trim() || (e.labels && e.labels.length)))
  .map(e => e.outerHTML)"""
POST = """([url, text]) => { const form = document.createElement('form'); form.method = 'post'; form.action = url;
  const field = document.createElement('input'); field.name = 'SAMLResponse'; field.value = text;
  form.append(field); document.body.append(form); form.submit(); }"""


class Album:
    """Takes the pictures of one look."""

    def __init__(self, page: Page, look: str) -> None:
        self._page = page
        self._look = look

    def keep(self, name: str) -> None:
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        self._page.screenshot(path=ARTIFACTS / f"{name}-{self._look}.png", full_page=True)
        wide = "document.documentElement.scrollWidth <= innerWidth"
        assert self._page.evaluate(wide), f"{name} is too wide"
        assert self._page.locator("h1").count() == 1
        assert self._page.title().endswith("· daypass")
        assert self._page.evaluate(UNNAMED) == []
        check_accessible(self._page, name)


class Site(LiveSite):
    """With one SAML provider in two accounts, one OpenID Connect provider and some roles."""

    def __init__(self) -> None:
        self.saml, self.oidc = StandInSaml(), StandInOidc()
        arn = OidcProvider(ACCOUNT, "https://op.example/realm", (), (), NOW).arn
        listed = (ListedProvider(arn, "Acme Connect", OidcClient(arn, "c", Secret("s"))),)
        super().__init__(parts={"saml": self.saml, "oidc": self.oidc, "identity_providers": listed})
        self.oidc_arn = arn
        self.run(self._furnish())

    async def _furnish(self) -> None:
        world = self.world
        storage = world.storage
        await create_account(world, OTHER_ACCOUNT)
        self.providers = [
            saml_provider(world.parts.ring, "Corp", account, now=NOW) for account in (ACCOUNT, OTHER_ACCOUNT)
        ]
        for provider in self.providers:
            await storage.saml_providers.create_saml_provider(provider)
        await storage.oidc_providers.create_oidc_provider(
            OidcProvider(ACCOUNT, "https://op.example/realm", ("c",), (), NOW)
        )
        self.roles = [
            (await create_role(world, name, provider.arn, provider.account_id)).arn
            for name, provider in [
                ("ReadOnlyAnalyst", self.providers[0]),
                ("Administrator", self.providers[0]),
                ("PlatformEngineeringProductionAuditor", self.providers[1]),
            ]
        ]
        for number in range(30):
            await storage.saml_providers.create_saml_provider(
                saml_provider(world.parts.ring, f"Subsidiary{number:02d}", ACCOUNT, now=NOW)
            )

    def respond(self, page: Page, name: str, *, roles: list[str], **changes: Any) -> None:
        """Bring the provider's answer."""
        here, there = self.providers
        subject = changes.pop("subject", "ada.lovelace@example.com")
        first = saml_assertion(
            here, f"{self.url}/saml", now=NOW, assertion_id=f"_{name}", subject=subject, **changes
        )
        mine = [arn for arn in roles if ACCOUNT in arn]
        others = [arn for arn in roles if ACCOUNT not in arn]
        made = [with_roles(first, *mine)] if mine else []
        if others:
            second = replace(first, provider_arn=there.arn)
            made.append(with_roles(second, *others))
        roles_attribute = "https://aws.amazon.com/SAML/Attributes/Role"
        pairs = tuple(pair for each in made for pair in each.attributes[roles_attribute])
        made = [replace(each, attributes={**each.attributes, roles_attribute: pairs}) for each in made]
        self.saml.prepare(name, *made)
        self.post(page, name)

    def post(self, page: Page, name: str) -> None:
        """From a page of nobody's."""
        page.goto("about:blank")
        with page.expect_navigation():
            page.evaluate(POST, [f"{self.url}/saml", name])


@pytest.fixture
def federated() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_of_federation_has_its_picture(
    look: str, new_context: Callable[..., BrowserContext], federated: Site, listener: Listener
) -> None:
    site = federated
    page = new_context(**LOOKS[look]).new_page()
    album = Album(page, look)
    terminal = Terminal(site.world, redirect_uri=listener.redirect_uri)
    link = terminal.authorize_url.replace("http://127.0.0.1:8080", site.url)
    page.goto(link)
    album.keep("federation-choose-how")
    page.route("https://idp.example/**", lambda route: route.fulfill(body="<title>idp</title>"))
    page.get_by_role("link", name=f"Continue with Corp ({ACCOUNT})").click()
    page.goto(link)
    page.get_by_text("More providers").click()
    album.keep("federation-choose-how-remembered")
    site.respond(page, "roles", roles=site.roles)
    album.keep("federation-choose-role")
    page.get_by_role("button", name=site.roles[2]).click()
    album.keep("federation-home")
    site.respond(page, "second", roles=site.roles[:1], subject="an-opaque-and-persistent-name-" * 8)
    album.keep("federation-choose-role-long-name")
    page.get_by_role("button", name=site.roles[0]).click()
    page.goto(link)
    album.keep("federation-sessions")
    site.respond(page, "none", roles=[f"arn:aws:iam::{ACCOUNT}:role/Gone{n}" for n in range(12)])
    album.keep("federation-no-role")
    site.post(page, "none")
    album.keep("federation-replayed")
    site.saml.prepare("elsewhere", saml_assertion(site.providers[0], "https://x.example", now=NOW))
    site.post(page, "elsewhere")
    album.keep("federation-not-accepted")
    page.goto(f"{site.url}/signin/federate?provider=nobody")
    album.keep("federation-unknown")
    site.oidc.unreachable = IDPCommunicationError("the identity provider could not be reached")
    page.goto(f"{site.url}/signin/federate?provider={site.oidc_arn}")
    album.keep("federation-unreachable")
