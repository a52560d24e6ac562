"""Attacks on federated sign-in as an outsider would try them, each refused or turned into a question to the person."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest

from daypass.protocol.aws.errors import InvalidIdentityToken
from daypass.server.domain.tokens import open_refresh_token
from daypass.server.flows.revoke import RevokeFlow
from support.federation_world import FederationWorld, open_federation_world
from support.sign_in_world import ACCOUNT, Answer, Tab, Terminal, call_app, remote_terminal


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


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
@pytest.mark.parametrize("make_terminal", [Terminal, remote_terminal])
async def test_a_link_elsewhere_cannot_sign_a_strangers_terminal_in_through_a_provider(
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


async def test_our_own_link_with_a_waiting_terminal_leads_to_the_provider(fed: FederationWorld) -> None:
    request = await pending_request_of(Terminal(fed.world))
    answer = await open_link(fed, fed.world.tab(), fed.provider.arn, request, "same-origin")
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


async def test_whom_a_refusal_was_for_is_audited_once_the_provider_vouched_for_them(
    fed: FederationWorld,
) -> None:
    """A role nobody has, an illegal attribute, the same answer twice; and a forgery, which names nobody."""
    refused = (
        (fed.assertion("Stranger"), "no_role"),
        (
            fed.assertion("Reader", assertion_id="_2", attributes={"RoleSessionName": "not a name"}),
            "not_acceptable",
        ),
        (fed.assertion("Reader", assertion_id="_2"), "replayed"),
    )
    for assertion, reason in refused:
        await fed.answer_saml(fed.world.tab(), assertion)
        event = await fed.world.last_event()
        assert (event.error_code, event.detail.get("idp_subject")) == (reason, "ada@example.com")
    forged = InvalidIdentityToken("the identity provider's message is not acceptable", detail="signature")
    text = fed.saml.prepare("forged", forged, provider_arns=[fed.provider.arn])
    await fed.post_response(text)
    event = await fed.world.last_event()
    assert (event.error_code, "idp_subject" in event.detail) == ("not_acceptable", False)


@pytest.mark.parametrize(
    "claims",
    [{"sub": "ada-at-op", "https://aws.amazon.com/source_identity": 1}, {"sub": "ada-at-op"}],
)
async def test_whom_a_refused_token_was_for_is_audited(
    fed: FederationWorld, claims: dict[str, object]
) -> None:
    stranger = fed.roles["Stranger"].trust_policy
    await fed.world.storage.roles.update_role(ACCOUNT, "Deployer", trust_policy=stranger)
    fed.oidc.token = fed.token(claims=claims)
    tab = fed.world.tab()
    await tab.get("/oidc/callback?" + urlencode({"state": await fed.begin_oidc(tab), "code": "c0de"}))
    event = await fed.world.last_event()
    assert (event.error_code != "", event.detail.get("idp_subject")) == (True, "ada-at-op")


async def test_a_provider_deleted_while_the_person_chooses_vouches_for_nobody(fed: FederationWorld) -> None:
    """Whoever stole its key has at most an open page."""
    tab = fed.world.tab()
    await fed.answer_saml(tab, fed.assertion("Reader"))
    await fed.world.storage.saml_providers.delete_saml_provider(fed.provider.arn)
    page = await tab.submit("/signin/federated/role", role=fed.arn("Reader"))
    assert (page.status, "assumed-role" in page.shown) == (404, False)
    event = await fed.world.last_event()
    assert (event.error_code, event.detail["idp_subject"]) == ("unknown_provider", "ada@example.com")
    tab = fed.world.tab()
    state = await fed.begin_oidc(tab)
    callback = "/oidc/callback?" + urlencode({"state": state, "code": "c0de"})
    location = (await tab.get(callback, follow=False)).location
    await fed.world.storage.oidc_providers.delete_oidc_provider(fed.oidc_provider.arn)
    page = await tab.get(location)
    assert (page.status, "assumed-role" in page.shown) == (404, False)


async def test_signing_out_and_revoking_name_the_person_as_the_provider_does(fed: FederationWorld) -> None:
    terminal, tab = Terminal(fed.world), fed.world.tab()
    request = await pending_request_of(terminal)
    answer = await fed.sign_in_saml(tab, "Reader", request=request)
    tokens = await terminal.redeem(terminal.code_from(answer.location if answer.status == 302 else tab.url))
    revocation = RevokeFlow(
        sessions=fed.world.storage.login_sessions,
        audit=fed.world.storage.audit,
        directory=fed.world.parts.directory,
        ring=fed.world.parts.ring,
        randomness=fed.world.parts.randomness,
    )
    claims, _ = open_refresh_token(fed.world.parts.ring, tokens.refresh_token.reveal())
    caller = (await fed.world.last_event()).caller
    await revocation.revoke(tokens.refresh_token, dpop_jkt=claims.dpop_jkt, caller=caller, now=fed.world.now)
    await tab.get("/")
    await tab.submit("/signin/sign-out")
    for event, name in zip(
        (await fed.world.audit())[-2:], ("RevokeOAuth2Token", "ConsoleLogout"), strict=True
    ):
        assert event.event_name == name
        assert event.detail["identity_provider"] == fed.provider.arn
        assert event.detail["idp_subject"] == "ada@example.com"


@pytest.mark.parametrize(
    "address",
    [
        "/oidc/callback?state=%00",
        "/signin/federate?provider=%00:saml-provider/x",
        "/saml/metadata/\0",
        "/saml/logout/\0?SAMLRequest=x",
    ],
)
async def test_an_address_with_a_nul_never_reaches_the_database(fed: FederationWorld, address: str) -> None:
    page = await fed.world.tab().get(address)
    assert (page.status, "There is nothing here" in page.shown) == (404, True)


async def test_each_sign_in_has_a_secret_of_its_own_and_none_that_was_there_before(
    fed: FederationWorld,
) -> None:
    """Session fixation: whoever planted or copied a cookie has nothing afterwards."""
    secrets = []
    for _ in range(2):
        tab = fed.world.tab()
        await tab.get("/")
        planted = dict(tab.cookies)
        await fed.sign_in_saml(tab, "Reader")
        (name,) = planted
        secrets.append(tab.cookies[name])
        attacker = fed.world.tab()
        attacker.cookies = planted
        assert "assumed-role" not in (await attacker.get("/")).shown
        assert tab.cookies[name] != planted[name]
    assert len(set(secrets)) == 2


async def test_a_sign_in_finished_in_another_browser_is_refused_and_audited_with_the_person(
    fed: FederationWorld,
) -> None:
    """A phisher began it, and sent the address at the provider to somebody who is signed in there."""
    phisher, victim = fed.world.tab(), fed.world.tab()
    request_id = await fed.begin_saml(phisher)
    assertion = fed.assertion("Reader", audience=fed.own_place(), in_response_to=request_id)
    page = await fed.answer_saml(victim, assertion, path=f"/saml/acs/{fed.provider.provider_uuid}")
    assert "assumed-role" not in page.shown
    event = await fed.world.last_event()
    assert (event.event_name, event.error_code) == ("ConsoleLogin", "other_browser")
    assert event.detail["identity_provider"] == fed.provider.arn
    assert event.detail["idp_subject"] == "ada@example.com"
    count = len(await fed.world.audit())
    await victim.get("/signin/federated?ticket=nonsense")
    assert len(await fed.world.audit()) == count, "whoever makes something up leaves no row"
