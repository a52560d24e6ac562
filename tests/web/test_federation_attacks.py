"""Attacks on federated sign-in as an outsider would try them, each refused or turned into a question to the person."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest

from support.federation_world import FederationWorld, open_federation_world
from support.sign_in_world import Answer, Tab, Terminal, call_app, remote_terminal


@pytest.fixture
async def fed() -> AsyncIterator[FederationWorld]:
    world = await open_federation_world()
    world.oidc.token = world.token()
    yield world
    await world.world.storage.close()


async def pending_request_of(terminal: Terminal) -> str:
    """The sealed request that whoever runs the terminal reads off the page in their own browser."""
    tab = terminal.world.tab()
    await tab.get(terminal.authorize_url)
    return tab.hidden["request"]


async def open_link(fed: FederationWorld, tab: Tab, provider_arn: str, request: str, site: str) -> Answer:
    """The browser follows a link to `/signin/federate` that stands on `site`."""
    query = urlencode({"provider": provider_arn} | ({"request": request} if request else {}))
    cookies = "; ".join(f"{name}={value}" for name, value in tab.cookies.items())
    headers = [("Sec-Fetch-Site", site), *([("Cookie", cookies)] if cookies else [])]
    return await call_app(fed.world.pages_app, "GET", f"/signin/federate?{query}", headers=headers)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("make_terminal", [Terminal, remote_terminal])
async def test_another_sites_link_cannot_sign_a_strangers_terminal_in_through_a_provider(
    fed: FederationWorld, site: str, make_terminal: type[Terminal]
) -> None:
    request = await pending_request_of(make_terminal(fed.world))
    victim = fed.world.tab()
    await victim.get("/")
    for provider_arn in (fed.provider.arn, fed.oidc_provider.arn):
        answer = await open_link(fed, victim, provider_arn, request, site)
        assert answer.status == 303
        assert answer.location == "/signin?" + urlencode({"request": request})
    assert fed.saml.asked == fed.oidc.asked == []


@pytest.mark.parametrize("site", ["same-origin", "none"])
async def test_our_own_link_with_a_waiting_terminal_leads_to_the_provider(
    fed: FederationWorld, site: str
) -> None:
    request = await pending_request_of(Terminal(fed.world))
    answer = await open_link(fed, fed.world.tab(), fed.provider.arn, request, site)
    assert answer.location.startswith("https://idp.example/sso?")


async def test_another_sites_link_may_begin_a_sign_in_that_no_terminal_waits_for(
    fed: FederationWorld,
) -> None:
    answer = await open_link(fed, fed.world.tab(), fed.provider.arn, "", "cross-site")
    assert answer.location.startswith("https://idp.example/sso?")


async def test_the_issuer_of_the_answer_is_held_against_what_the_provider_promises(
    fed: FederationWorld,
) -> None:
    for given, issuer in (({}, ""), ({"iss": fed.oidc_provider.url}, fed.oidc_provider.url)):
        tab = fed.world.tab()
        query = {"state": await fed.begin_oidc(tab), "code": "c0de", **given}
        await tab.get(f"/oidc/callback?{urlencode(query)}")
        assert fed.oidc.redeemed[-1]["issuer"] == issuer
