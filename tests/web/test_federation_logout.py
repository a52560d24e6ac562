"""A provider ends a person's sessions: single logout by SAML, back-channel logout by OpenID Connect."""

import json
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest

from daypass.protocol.oauth.errors import TokenExpired
from daypass.secret import Secret
from daypass.server.ports.oidc import VerifiedLogoutToken
from daypass.server.ports.saml import VerifiedLogout
from support.federation_world import ISSUER, FederationWorld, open_federation_world
from support.sign_in_world import ENDPOINT, Answer, Tab, Terminal, call_app


@pytest.fixture
async def fed() -> AsyncIterator[FederationWorld]:
    world = await open_federation_world()
    world.oidc.token = world.token()
    yield world
    await world.world.storage.close()


def logout_place(fed: FederationWorld) -> str:
    return f"/saml/logout/{fed.provider.provider_uuid}"


def prepare(fed: FederationWorld, message: str, *indexes: str, subject: str = "ada@example.com") -> None:
    logout = VerifiedLogout(f"_{message}", subject, indexes, fed.world.now + 300)
    fed.saml.logouts[message] = (ENDPOINT + logout_place(fed), logout)


async def login(fed: FederationWorld, tab: Tab) -> tuple[Terminal, Secret]:
    """A terminal that is logged in through the SAML provider: and its refresh token."""
    terminal = Terminal(fed.world)
    await tab.get(terminal.authorize_url)
    await fed.sign_in_saml(tab, "Reader", request=tab.hidden["request"])
    tokens = await terminal.redeem(terminal.code_from(tab.answer.location))
    return terminal, tokens.refresh_token


async def post_logout_token(fed: FederationWorld, token: str, **headers: str) -> Answer:
    sent = [("Content-Type", headers.pop("content_type", "application/x-www-form-urlencoded"))]
    body = urlencode({"logout_token": token}).encode()
    return await call_app(fed.world.pages_app, "POST", "/oidc/logout", headers=sent, body=body)


async def test_single_logout_ends_the_browser_session_and_the_terminals_refresh(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    terminal, refresh_token = await login(fed, tab)
    prepare(fed, "SAMLRequest=bye&RelayState=here", "session-1")
    answer = await call_app(
        fed.world.pages_app, "GET", f"{logout_place(fed)}?SAMLRequest=bye&RelayState=here"
    )
    assert (answer.status, answer.location) == (303, "https://idp.example/answered")
    assert fed.saml.asked[-1]["relay_state"] == "here"
    assert fed.saml.asked[-1]["in_response_to"] == "_SAMLRequest=bye&RelayState=here"
    assert "assumed-role" not in (await tab.get("/")).shown
    with pytest.raises(TokenExpired):
        await terminal.refresh(refresh_token)
    rows = [each for each in await fed.world.audit() if each.event_name == "ConsoleLogout"]
    assert rows[-1].detail == {
        "identity_provider": fed.provider.arn,
        "idp_subject": "ada@example.com",
        "ended_sessions": 2,
    }


async def test_single_logout_of_another_session_or_person_ends_nothing(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    await login(fed, tab)
    prepare(fed, "other", "session-2")
    prepare(fed, "stranger", subject="bob@example.com")
    for message in ("other", "stranger"):
        answer = await call_app(
            fed.world.pages_app,
            "POST",
            logout_place(fed),
            headers=[("Content-Type", "application/x-www-form-urlencoded")],
            body=urlencode({"SAMLRequest": message}).encode(),
        )
        assert answer.status == 303
    assert "assumed-role" in (await tab.get("/")).shown


async def test_single_logout_without_an_index_ends_every_session_of_the_person(fed: FederationWorld) -> None:
    one, two = fed.world.tab(), fed.world.tab()
    await fed.sign_in_saml(one, "Reader")
    await fed.sign_in_saml(two, "Writer", idp_session="session-2")
    prepare(fed, "SAMLRequest=all")
    await call_app(fed.world.pages_app, "GET", f"{logout_place(fed)}?SAMLRequest=all")
    for tab in (one, two):
        assert "assumed-role" not in (await tab.get("/")).shown


async def test_a_logout_request_is_used_once(fed: FederationWorld) -> None:
    """Else a copy of yesterday's would end today's session."""
    tab = fed.world.tab()
    prepare(fed, "SAMLRequest=bye")
    first = await call_app(fed.world.pages_app, "GET", f"{logout_place(fed)}?SAMLRequest=bye")
    assert first.status == 303
    await fed.sign_in_saml(tab, "Reader")
    again = await call_app(fed.world.pages_app, "GET", f"{logout_place(fed)}?SAMLRequest=bye")
    assert again.status == 400
    assert "assumed-role" in (await tab.get("/")).shown


async def test_an_unproven_or_misdirected_logout_request_ends_nothing(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    await fed.sign_in_saml(tab, "Reader")
    prepare(fed, "SAMLRequest=bye")
    other = f"/saml/logout/{fed.other_provider.provider_uuid}"
    for place, status in ((other, 400), ("/saml/logout/SAMLNOBODY", 404)):
        answer = await call_app(fed.world.pages_app, "GET", f"{place}?SAMLRequest=bye")
        assert answer.status == status
    answer = await call_app(fed.world.pages_app, "GET", f"{logout_place(fed)}?SAMLRequest=forged")
    assert answer.status == 400
    assert "You were not signed out here" in answer.shown
    assert "assumed-role" in (await tab.get("/")).shown


async def test_a_provider_without_a_place_for_answers_leaves_the_person_on_a_page(
    fed: FederationWorld,
) -> None:
    fed.saml.logout_answer = ""
    prepare(fed, "SAMLRequest=bye")
    answer = await call_app(fed.world.pages_app, "GET", f"{logout_place(fed)}?SAMLRequest=bye")
    assert answer.status == 200
    assert "Corp ended your sessions here" in answer.shown


async def test_back_channel_logout_ends_browser_session_and_terminals_refresh(fed: FederationWorld) -> None:
    tab, terminal = fed.world.tab(), Terminal(fed.world)
    await tab.get(terminal.authorize_url)
    state = await fed.begin_oidc(tab, request=tab.hidden["request"])
    await tab.get(f"/oidc/callback?state={state}&code=c0de")
    tokens = await terminal.redeem(terminal.code_from(tab.answer.location))
    fed.oidc.logouts["bye"] = VerifiedLogoutToken(ISSUER, "", "sid-1", b"k" * 32, fed.world.now + 300)
    answer = await post_logout_token(fed, "bye")
    assert (answer.status, answer.body, answer.headers["cache-control"]) == (200, b"", "no-store")
    assert fed.oidc.logout_clients == [frozenset({"daypass-client"})]
    assert "assumed-role" not in (await tab.get("/")).shown
    with pytest.raises(TokenExpired):
        await terminal.refresh(tokens.refresh_token)


async def test_a_logout_token_is_used_once(fed: FederationWorld) -> None:
    fed.oidc.logouts["bye"] = VerifiedLogoutToken(ISSUER, "ada-at-op", "", b"k" * 32, fed.world.now + 300)
    assert (await post_logout_token(fed, "bye")).status == 200
    tab = fed.world.tab()
    await tab.get(f"/oidc/callback?state={await fed.begin_oidc(tab)}&code=c0de")
    assert (await post_logout_token(fed, "bye")).status == 400
    assert "assumed-role" in (await tab.get("/")).shown


async def test_a_refused_logout_token_is_answered_in_json(fed: FederationWorld) -> None:
    foreign = VerifiedLogoutToken("https://evil.example", "ada-at-op", "", b"f" * 32, fed.world.now + 300)
    fed.oidc.logouts["foreign"] = foreign
    for answer in (
        await post_logout_token(fed, "forged"),
        await post_logout_token(fed, "foreign"),
        await post_logout_token(fed, "bye", content_type="application/json"),
    ):
        assert answer.status == 400
        assert answer.headers["cache-control"] == "no-store"
        assert json.loads(answer.body)["error"] == "invalid_request"
    assert fed.oidc.logout_clients == []


async def test_a_relay_state_longer_than_the_binding_allows_does_not_go_back(fed: FederationWorld) -> None:
    """SAML V2.0 Bindings §3.4.3: at most 80 bytes."""
    for length, expected in ((80, "r" * 80), (81, "")):
        query = f"SAMLRequest=bye{length}&RelayState={'r' * length}"
        prepare(fed, query)
        await call_app(fed.world.pages_app, "GET", f"{logout_place(fed)}?{query}")
        assert fed.saml.asked[-1]["relay_state"] == expected
