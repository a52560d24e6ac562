"""What people and providers see: who is offered, in which order, what is remembered, and our metadata."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest

from daypass.secret import Secret
from daypass.server.domain.provider_list import ListedProvider, OidcClient
from support.federation_world import OTHER_ACCOUNT, FederationWorld, open_federation_world
from support.sign_in_world import ACCOUNT, ENDPOINT
from support.stand_in_providers import saml_provider


@pytest.fixture
async def fed() -> AsyncIterator[FederationWorld]:
    world = await open_federation_world()
    yield world
    await world.world.storage.close()


def ways(text: str) -> list[str]:
    return re.findall(r"<a[^>]*>(Continue with [^<]+)</a>", text)


async def test_providers_stand_before_the_form_and_shared_names_have_their_account(
    fed: FederationWorld,
) -> None:
    page = await fed.world.tab().get("/signin/new")
    assert ways(page.text) == [
        "Continue with Acme Connect",
        f"Continue with Corp ({ACCOUNT})",
        f"Continue with Corp ({OTHER_ACCOUNT})",
        "Continue with root or IAM user",
    ]


async def test_a_label_of_the_settings_names_a_saml_provider(fed: FederationWorld) -> None:
    listed = (ListedProvider(fed.other_provider.arn, "Head office", None),)
    world = fed.world.rebuilt(identity_providers=listed)
    assert ways((await world.tab().get("/signin")).text) == [
        "Continue with Head office",
        "Continue with Corp",
        "Continue with root or IAM user",
    ]
    world = fed.world.rebuilt(identity_providers=listed, show_saml_providers=False)
    assert ways((await world.tab().get("/signin")).text) == [
        "Continue with Head office",
        "Continue with root or IAM user",
    ]


async def test_a_listed_provider_that_was_deleted_is_not_offered(fed: FederationWorld) -> None:
    gone = f"arn:aws:iam::{ACCOUNT}:oidc-provider/gone.example"
    listed = (ListedProvider(gone, "Gone", OidcClient(gone, "c", Secret(""))),)
    world = fed.world.rebuilt(identity_providers=listed)
    assert "Gone" not in (await world.tab().get("/signin")).shown


async def test_without_providers_the_page_is_as_it_was(fed: FederationWorld) -> None:
    world = fed.world.rebuilt(show_saml_providers=False)
    page = await world.tab().get("/signin")
    assert ways(page.text) == ["Continue with root or IAM user"]
    assert "More providers" not in page.text and 'class="or"' not in page.text


async def test_twenty_providers_are_in_view_and_the_others_behind_one_control(fed: FederationWorld) -> None:
    for number in range(25):
        provider = saml_provider(fed.world.parts.ring, f"Extra{number:02d}", ACCOUNT, now=fed.world.now)
        await fed.world.storage.saml_providers.create_saml_provider(provider)
    text = (await fed.world.tab().get("/signin")).text
    before, _, behind = text.partition("<summary>More providers</summary>")
    assert len(ways(before)) == 20
    assert len(ways(behind)) == 9  # 28 providers and the form


async def test_the_provider_used_last_is_first_for_half_a_year(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    answer = await tab.get(f"/signin/federate?{urlencode({'provider': fed.other_provider.arn})}")
    (cookie,) = [line for line in answer.cookies if line.startswith("daypass-8080-provider=")]
    attributes = cookie.lower()
    assert "httponly" in attributes and "samesite=lax" in attributes and "path=/" in attributes
    assert f"max-age={180 * 86400}" in attributes
    page = await tab.get("/signin/new")
    assert ways(page.text)[0] == f"Continue with Corp ({OTHER_ACCOUNT})"
    assert len(ways(page.text)) == 4
    assert "Used last in this browser" in page.shown


async def test_a_remembered_provider_counts_only_while_it_is_offered(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    for text in ("", "%%%", "x" * 2000, "aGVsbG8", "gICA"):
        tab.cookies["daypass-8080-provider"] = text
        page = await tab.get("/signin/new")
        assert page.status == 200
        assert "Used last" not in page.shown


async def test_over_tls_the_remembered_provider_is_in_a_host_cookie(fed: FederationWorld) -> None:
    world = fed.world.rebuilt(saml=fed.saml, external_url="https://login.example")
    answer = await world.tab().get(f"/signin/federate?{urlencode({'provider': fed.provider.arn})}")
    (cookie,) = [line for line in answer.cookies if line.startswith("__Host-daypass-provider=")]
    assert "Secure" in cookie and "Domain" not in cookie


async def test_a_refused_beginning_is_not_remembered(fed: FederationWorld) -> None:
    answer = await fed.world.tab().get("/signin/federate?provider=nobody")
    assert not any("provider=" in line for line in answer.cookies)


async def test_general_metadata_has_no_key_and_own_metadata_has_ours(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    general = await tab.get("/saml/metadata")
    assert general.text == f"{ENDPOINT}/saml {ENDPOINT}/saml  None"
    assert general.headers["content-type"] == "application/samlmetadata+xml"
    own = await tab.get(f"/saml/metadata/{fed.provider.provider_uuid}")
    place = fed.own_place()
    logout = f"{ENDPOINT}/saml/logout/{fed.provider.provider_uuid}"
    assert own.text == f"{place} {place} {logout} {fed.provider.service_certificate}"
    assert (await tab.get("/saml/metadata/SAMLNOBODY")).status == 404
