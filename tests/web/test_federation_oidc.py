"""Signing in through an OpenID Connect provider: `state`, browser, nonce and verifier, roles by trust, saying no."""

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest

from daypass.protocol.aws.errors import IDPCommunicationError, InvalidIdentityToken
from daypass.server.domain.role_session import FederatedIdentity
from support.federation_world import ISSUER, FederationWorld, open_federation_world
from support.sign_in_world import ACCOUNT, ENDPOINT, Answer, Tab, Terminal
from support.stand_in_providers import federated_role


@pytest.fixture
async def fed() -> AsyncIterator[FederationWorld]:
    world = await open_federation_world()
    world.oidc.token = world.token()
    yield world
    await world.world.storage.close()


async def come_back(tab: Tab, state: str, **changes: str) -> Answer:
    return await tab.get("/oidc/callback?" + urlencode({"state": state, "code": "c0de", **changes}))


async def test_every_role_that_trusts_the_token_is_offered_and_one_is_taken_straight_away(
    fed: FederationWorld,
) -> None:
    tab = fed.world.tab()
    page = await come_back(tab, await fed.begin_oidc(tab))
    assert f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/ada@example.com" in page.shown
    assert "via Acme Connect as ada-at-op" in page.shown
    second = federated_role(ACCOUNT, "Second", fed.oidc_provider.arn, now=fed.world.now)
    await fed.world.storage.roles.create_role(second)
    page = await come_back(tab, await fed.begin_oidc(tab))
    assert "Choose a role" in page.shown
    assert second.arn in page.shown and fed.arn("Deployer") in page.shown
    assert fed.arn("Reader") not in page.shown


async def test_roles_beyond_one_page_of_the_listing_are_asked_too(fed: FederationWorld) -> None:
    for number in range(120):
        role = federated_role(ACCOUNT, f"a{number:03d}", fed.provider.arn, now=fed.world.now)
        await fed.world.storage.roles.create_role(role)
    last = federated_role(ACCOUNT, "zzz", fed.oidc_provider.arn, now=fed.world.now)
    await fed.world.storage.roles.create_role(last)
    tab = fed.world.tab()
    page = await come_back(tab, await fed.begin_oidc(tab))
    assert last.arn in page.shown and fed.arn("Deployer") in page.shown


async def test_the_session_names_issuer_subject_and_the_providers_session(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    await come_back(tab, await fed.begin_oidc(tab))
    event = await fed.world.last_event()
    session = await fed.world.storage.sign_in_sessions.load_sign_in_session(
        str(event.detail["sign_in_session"]), now=fed.world.now
    )
    assert session is not None and session.role_session is not None
    assert session.role_session.identity == FederatedIdentity(
        fed.oidc_provider.arn, ISSUER, "ada-at-op", "", "sid-1"
    )
    assert session.expires_at == fed.world.now + 3600


async def test_nonce_and_verifier_of_the_beginning_are_redeemed(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    state = await fed.begin_oidc(tab)
    began = fed.oidc.asked[-1]
    assert began["redirect_uri"] == f"{ENDPOINT}/oidc/callback"
    assert len({state, began["nonce"], began["code_challenge"]}) == 3
    assert all(len(text) == 43 for text in (state, began["nonce"], began["code_challenge"]))
    await come_back(tab, state)
    redeemed = fed.oidc.redeemed[-1]
    assert redeemed["code"].reveal() == "c0de"
    assert redeemed["redirect_uri"] == began["redirect_uri"]


async def test_state_is_used_once(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    state = await fed.begin_oidc(tab)
    await come_back(tab, state)
    again = await come_back(tab, state)
    assert again.status == 400
    assert len(fed.oidc.redeemed) == 1
    for invented in ("", "x" * 43):
        assert (await come_back(tab, invented)).status == 400


async def test_an_answer_counts_only_in_the_browser_that_began_it(fed: FederationWorld) -> None:
    state = await fed.begin_oidc(fed.world.tab())
    other = fed.world.tab()
    page = await come_back(other, state)
    assert page.status == 403
    assert "another browser" in page.shown
    assert fed.oidc.redeemed == []
    event = await fed.world.last_event()
    assert (event.error_code, event.detail["identity_provider"]) == ("other_browser", fed.oidc_provider.arn)


async def test_another_issuers_answer_is_refused(fed: FederationWorld) -> None:
    """RFC 9207 §2.4: mix-up."""
    tab = fed.world.tab()
    page = await come_back(tab, await fed.begin_oidc(tab), iss="https://evil.example")
    assert page.status == 403
    assert fed.oidc.redeemed == []
    page = await come_back(tab, await fed.begin_oidc(tab), iss=ISSUER)
    assert page.status == 200


@pytest.mark.parametrize("error", ["access_denied", "<b>server_error</b>" * 20])
async def test_a_no_leads_to_a_page_from_which_to_begin_again(fed: FederationWorld, error: str) -> None:
    tab, terminal = fed.world.tab(), Terminal(fed.world)
    await tab.get(terminal.authorize_url)
    request = tab.hidden["request"]
    state = await fed.begin_oidc(tab, request=request)
    page = await come_back(tab, state, error=error, error_description="Buy <i>now</i>")
    assert page.status == 403
    assert "The sign-in was cancelled at Acme Connect" in page.shown
    assert "Buy" not in page.shown and "server_error" not in page.shown
    assert quote(request, safe="") in page.text
    assert (await fed.world.last_event()).error_code == "rejected"


async def test_an_answer_without_a_code_is_no_answer(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    assert (await come_back(tab, await fed.begin_oidc(tab), code="")).status == 403
    assert fed.oidc.redeemed == []


async def test_a_token_that_does_not_hold_signs_nobody_in(fed: FederationWorld) -> None:
    fed.oidc.token = InvalidIdentityToken("the token is not acceptable", detail="nonce")
    tab = fed.world.tab()
    page = await come_back(tab, await fed.begin_oidc(tab))
    assert page.status == 403
    assert "/saml" not in page.shown
    event = await fed.world.last_event()
    assert (event.error_code, event.detail["reason"]) == ("not_acceptable", "nonce")
    assert "assumed-role" not in (await tab.get("/")).shown


async def test_a_provider_that_cannot_be_reached_is_said_so(fed: FederationWorld) -> None:
    fed.oidc.unreachable = IDPCommunicationError("the identity provider could not be reached")
    answer = await fed.world.tab().get(f"/signin/federate?{urlencode({'provider': fed.oidc_provider.arn})}")
    assert answer.status == 502
    assert "Acme Connect cannot be reached" in answer.shown


async def test_no_role_that_trusts_the_token_is_a_page_and_a_row(fed: FederationWorld) -> None:
    await fed.world.storage.roles.update_role(
        ACCOUNT, "Deployer", trust_policy=fed.roles["Stranger"].trust_policy
    )
    tab = fed.world.tab()
    page = await come_back(tab, await fed.begin_oidc(tab))
    assert page.status == 403
    assert "There is no role for you here" in page.shown
    event = await fed.world.last_event()
    assert event.error_code == "no_role"
    assert "ada-at-op" in str(event.detail["reason"])


async def test_a_provider_that_is_no_longer_listed_gets_no_code(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    state = await fed.begin_oidc(tab)
    tab.world = fed.world.rebuilt(saml=fed.saml, oidc=fed.oidc)
    assert (await come_back(tab, state)).status == 404
    assert fed.oidc.redeemed == []


async def test_the_verifier_is_not_readable_in_the_database(fed: FederationWorld) -> None:
    state = await fed.begin_oidc(fed.world.tab())
    row = await fed.world.storage.federation.take_federation_request(state, now=fed.world.now)
    assert row is not None
    assert row.nonce == fed.oidc.asked[-1]["nonce"]
    opened = fed.world.parts.ring.open("federation", row.sealed_verifier)[0].decode()
    assert opened.rpartition(" ")[2] not in row.sealed_verifier
    broken = replace(row, request_id="again", sealed_verifier="x")
    await fed.world.storage.federation.begin_federation(broken)
    tab = fed.world.tab()
    await tab.get("/")
    assert (await come_back(tab, "again")).status == 403
