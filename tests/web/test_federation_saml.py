"""Signing in through a SAML provider: who may prove it, what is used once, which browser, which roles."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest

from daypass.protocol.aws.errors import ExpiredIdentityToken, IDPRejectedClaim, InvalidIdentityToken
from daypass.server.domain.role_session import FederatedIdentity
from support.federation_world import OTHER_ACCOUNT, FederationWorld, open_federation_world
from support.sign_in_world import ACCOUNT, ENDPOINT, Tab, Terminal, query_of
from support.stand_in_providers import NOT_ACCEPTABLE, with_roles


@pytest.fixture
async def fed() -> AsyncIterator[FederationWorld]:
    world = await open_federation_world()
    yield world
    await world.world.storage.close()


def offered(text: str) -> list[str]:
    return re.findall(r'name="role" value="([^"]+)"', text)


async def take(tab: Tab, role_arn: str, **fields: str):
    return await tab.submit("/signin/federated/role", role=role_arn, **fields)


async def test_one_role_of_a_sign_in_that_began_here_is_taken_straight_away(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    answer = await fed.sign_in_saml(tab, "Reader")
    assert answer.status == 200
    assert f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/ada" in answer.shown
    assert "Role session" in answer.shown
    assert "via Corp as ada@example.com" in answer.shown


async def test_the_session_is_the_role_with_identity_tags_and_the_earliest_end(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    attributes = {"PrincipalTag:team": "red", "SessionDuration": "1800"}
    await fed.sign_in_saml(tab, "Reader", attributes=attributes)
    (event,) = [each for each in await fed.world.audit() if each.event_name == "ConsoleLogin"]
    session = await fed.world.storage.sign_in_sessions.load_sign_in_session(
        str(event.detail["sign_in_session"]), now=fed.world.now
    )
    assert session is not None and session.role_session is not None
    assert session.expires_at == fed.world.now + 1800
    assert (session.account_id, session.principal_kind, session.credentials_epoch) == (ACCOUNT, "role", 0)
    assert session.principal_id == f"{fed.roles['Reader'].role_id}:ada"
    assert session.role_session.role_arn == fed.arn("Reader")
    assert session.role_session.tags == (("team", "red"),)
    assert session.role_session.identity == FederatedIdentity(
        fed.provider.arn, fed.provider.entity_id, "ada@example.com", "persistent", "session-1"
    )
    assert event.principal_arn == session.principal_arn
    assert event.detail["identity_provider"] == fed.provider.arn
    assert event.detail["idp_subject"] == "ada@example.com"
    assert event.detail["role"] == fed.arn("Reader")


async def test_the_end_of_the_session_at_the_provider_ends_ours(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    await fed.sign_in_saml(tab, "Reader", session_ends_at=fed.world.now + 700)
    fed.world.now += 699
    assert "assumed-role" in (await tab.get("/")).shown
    fed.world.now += 1
    assert "assumed-role" not in (await tab.get("/")).shown


async def test_several_roles_are_chosen_among_by_arn(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    page = await fed.sign_in_saml(tab, "Reader", "Writer")
    assert "<h1>Choose a role</h1>" in page.text
    assert offered(page.text) == [fed.arn("Reader"), fed.arn("Writer")]
    answer = await take(tab, fed.arn("Writer"))
    assert f"arn:aws:sts::{ACCOUNT}:assumed-role/Writer/ada" in answer.shown


async def test_roles_of_two_accounts_come_with_their_own_providers(fed: FederationWorld) -> None:
    here = fed.assertion("Reader")
    there = replace(here, provider_arn=fed.other_provider.arn)
    pairs = {
        "https://aws.amazon.com/SAML/Attributes/Role": (
            f"{fed.arn('Reader')},{fed.provider.arn}",
            f"{fed.other_provider.arn},{fed.arn('Auditor')}",
        )
    }
    here, there = (replace(each, attributes={**each.attributes, **pairs}) for each in (here, there))
    fed.saml.prepare("both", here, there)
    tab = fed.world.tab()
    page = await tab.get((await fed.post_response("both")).location)
    assert offered(page.text) == [fed.arn("Reader"), fed.arn("Auditor")]
    assert "4444-5555-6666" in page.shown
    answer = await take(tab, fed.arn("Auditor"))
    assert f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/Auditor/ada" in answer.shown


async def test_a_role_whose_provider_did_not_prove_the_assertion_is_not_offered(fed: FederationWorld) -> None:
    here = fed.assertion("Reader")
    pairs = (f"{fed.arn('Reader')},{fed.provider.arn}", f"{fed.arn('Auditor')},{fed.other_provider.arn}")
    role = "https://aws.amazon.com/SAML/Attributes/Role"
    here = replace(here, attributes={**here.attributes, role: pairs})
    fed.saml.prepare("one", here, provider_arns=(fed.provider.arn, fed.other_provider.arn))
    page = await fed.world.tab().get((await fed.post_response("one")).location)
    assert offered(page.text) == [fed.arn("Reader")]


async def test_what_began_at_the_provider_needs_a_click_even_for_one_role(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    page = await fed.answer_saml(tab, fed.assertion("Reader"))
    assert page.status == 200
    assert offered(page.text) == [fed.arn("Reader")]
    assert "ada@example.com" in page.shown
    assert "began at Corp" in page.shown
    assert await fed.world.audit() == []
    assert "assumed-role/Reader/ada" in (await take(tab, fed.arn("Reader"))).shown


async def test_the_providers_form_neither_reads_nor_sets_a_cookie(fed: FederationWorld) -> None:
    """The browser's own cookie did not come along: a new one would throw its sessions away."""
    fed.saml.prepare("good", fed.assertion("Reader"))
    assert (await fed.post_response("good")).cookies == []
    assert (await fed.post_response("bad")).cookies == []


async def test_the_choice_needs_our_form(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    await fed.answer_saml(tab, fed.assertion("Reader"))
    fields = {"ticket": tab.hidden["ticket"], "role": fed.arn("Reader")}
    assert (await tab.post("/signin/federated/role", fields)).status == 403
    assert (await tab.post("/signin/federated/role", {**fields, "csrf": "0a0b0c0d" + "0" * 64})).status == 403


async def test_an_assertion_is_used_once(fed: FederationWorld) -> None:
    fed.saml.prepare("good", fed.assertion("Reader"))
    assert (await fed.post_response("good")).status == 303
    again = await fed.post_response("good")
    assert again.status == 403
    assert "used before" in again.shown
    event = await fed.world.last_event()
    assert (event.event_name, event.error_code) == ("ConsoleLogin", "replayed")
    assert event.detail["identity_provider"] == fed.provider.arn


async def test_an_assertion_is_used_once_whichever_address_it_comes_to(fed: FederationWorld) -> None:
    own = fed.assertion("Reader", audience=fed.own_place())
    fed.saml.prepare("own", own)
    fed.saml.prepare("general", replace(own, audience=f"{ENDPOINT}/saml"))
    assert (await fed.post_response("own", f"/saml/acs/{fed.provider.provider_uuid}")).status == 303
    assert (await fed.post_response("general")).status == 403


async def test_a_request_is_answered_once(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    request_id = await fed.begin_saml(tab)
    place = f"/saml/acs/{fed.provider.provider_uuid}"
    answer = fed.assertion("Reader", audience=fed.own_place(), in_response_to=request_id)
    assert (await fed.answer_saml(tab, answer, path=place)).status == 200
    second = await fed.answer_saml(tab, replace(answer, assertion_id="_2"), path=place)
    assert second.status == 400
    assert "No sign-in is waiting" in second.shown


async def test_an_answer_to_a_request_nobody_made_is_refused(fed: FederationWorld) -> None:
    page = await fed.answer_saml(fed.world.tab(), fed.assertion("Reader", in_response_to="_invented"))
    assert page.status == 400
    assert "No sign-in is waiting" in page.shown


async def test_a_request_waits_ten_minutes(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    request_id = await fed.begin_saml(tab)
    fed.world.now += 600
    page = await fed.answer_saml(tab, fed.assertion("Reader", in_response_to=request_id))
    assert page.status == 400


async def test_signed_words_must_answer_the_request_the_message_names(fed: FederationWorld) -> None:
    """Only the assertion is signed: the message around it may be an attacker's."""
    request_id = await fed.begin_saml(fed.world.tab())
    fed.saml.prepare("stripped", fed.assertion("Reader", in_response_to=request_id), in_response_to="")
    refused = await fed.post_response("stripped")
    assert refused.status == 403
    added = fed.assertion("Reader")
    request_id = await fed.begin_saml(fed.world.tab())
    fed.saml.prepare("added", added, in_response_to=request_id)
    assert (await fed.post_response("added")).status == 403


async def test_a_request_is_answered_by_the_provider_that_was_asked(fed: FederationWorld) -> None:
    request_id = await fed.begin_saml(fed.world.tab())
    other = replace(fed.assertion("Reader"), provider_arn=fed.other_provider.arn, in_response_to=request_id)
    fed.saml.prepare("other", with_roles(other, fed.arn("Auditor")))
    assert (await fed.post_response("other")).status == 403
    assert [each["provider"] for each in fed.saml.verified] == [fed.provider.arn]
    request_id = await fed.begin_saml(fed.world.tab())
    place = fed.own_place(fed.other_provider)
    fed.saml.prepare("there", replace(other, audience=place, in_response_to=request_id))
    answer = await fed.post_response("there", f"/saml/acs/{fed.other_provider.provider_uuid}")
    assert answer.status == 403
    assert len(fed.saml.verified) == 1


async def test_what_began_in_one_browser_does_not_end_in_another(fed: FederationWorld) -> None:
    mine, theirs = fed.world.tab(), fed.world.tab()
    request_id = await fed.begin_saml(mine)
    assertion = fed.assertion("Reader", "Writer", in_response_to=request_id, audience=fed.own_place())
    fed.saml.prepare("mine", assertion)
    posted = await fed.post_response("mine", f"/saml/acs/{fed.provider.provider_uuid}")
    page = await theirs.get(posted.location)
    assert page.status == 403
    assert "another browser" in page.shown
    assert offered(page.text) == []
    await theirs.get("/")
    ticket = query_of(posted.location)["ticket"]
    assert (await take(theirs, fed.arn("Reader"), ticket=ticket)).status == 403
    assert (await mine.get(posted.location)).status == 200


async def test_a_ticket_is_used_once(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    await fed.sign_in_saml(tab, "Reader", "Writer")
    hidden = tab.hidden
    await take(tab, fed.arn("Reader"))
    await tab.get("/")
    answer = await take(tab, fed.arn("Writer"), ticket=hidden["ticket"])
    assert answer.status == 403  # the cookie changed with the sign-in, as did the CSRF token's browser
    other = fed.world.tab()
    await fed.answer_saml(other, fed.assertion("Reader", "Writer", assertion_id="_9"))
    ticket = other.hidden["ticket"]
    await take(other, fed.arn("Reader"))
    await other.get("/")
    second = await take(other, fed.arn("Writer"), ticket=ticket)
    assert second.status == 409
    assert "chosen already" in second.shown


async def test_a_ticket_lives_ten_minutes(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    await fed.answer_saml(tab, fed.assertion("Reader"))
    fed.world.now += 600
    assert (await take(tab, fed.arn("Reader"))).status == 400


async def test_a_changed_ticket_opens_nothing(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    await fed.answer_saml(tab, fed.assertion("Reader"))
    hidden = tab.hidden
    ticket = hidden["ticket"]
    altered = ticket[:-2] + ("AA" if ticket[-2:] != "AA" else "BB")
    for text in (altered, "", "x" * 16_001):
        fields = {**hidden, "ticket": text, "role": fed.arn("Reader")}
        assert (await tab.post("/signin/federated/role", fields)).status == 400


async def test_a_sealed_verifier_is_no_ticket(fed: FederationWorld) -> None:
    ticket = fed.world.parts.ring.seal("federation", b"verifier " + b"v" * 43)
    assert (await fed.world.tab().get(f"/signin/federated?ticket={ticket}")).status == 400


async def test_a_role_that_was_not_offered_is_not_given(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    await fed.answer_saml(tab, fed.assertion("Reader"))
    answer = await take(tab, fed.arn("Writer"))
    assert answer.status == 403
    assert "no longer open" in answer.shown


async def test_trust_is_asked_again_when_the_role_is_chosen(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    await fed.answer_saml(tab, fed.assertion("Reader", "Writer"))
    await fed.world.storage.roles.update_role(
        ACCOUNT, "Reader", trust_policy=fed.roles["Stranger"].trust_policy
    )
    answer = await take(tab, fed.arn("Reader"))
    assert answer.status == 403
    event = await fed.world.last_event()
    assert (event.error_code, event.detail["idp_subject"]) == ("role_changed", "ada@example.com")
    assert "assumed-role" not in (await tab.get("/")).shown


async def test_roles_that_do_not_trust_are_not_offered(fed: FederationWorld) -> None:
    page = await fed.answer_saml(fed.world.tab(), fed.assertion("Stranger", "Reader"))
    assert offered(page.text) == [fed.arn("Reader")]


async def test_without_a_usable_role_the_page_names_those_that_were_named(fed: FederationWorld) -> None:
    gone = f"arn:aws:iam::{ACCOUNT}:role/Gone"
    assertion = with_roles(fed.assertion(), gone, fed.arn("Stranger"))
    page = await fed.answer_saml(fed.world.tab(), assertion)
    assert page.status == 403
    assert "There is no role for you here" in page.shown
    assert gone in page.shown and fed.arn("Stranger") in page.shown
    event = await fed.world.last_event()
    assert (event.event_name, event.error_code, event.account_id) == ("ConsoleLogin", "no_role", ACCOUNT)
    assert "ada@example.com" in str(event.detail["reason"])
    assert "no such role" in str(event.detail["reason"])


async def test_a_role_path_must_be_the_roles_own(fed: FederationWorld) -> None:
    assertion = with_roles(fed.assertion(), f"arn:aws:iam::{ACCOUNT}:role/Writer")
    assert (await fed.answer_saml(fed.world.tab(), assertion)).status == 403


async def test_recipients_and_audiences_are_those_of_the_address_posted_to(fed: FederationWorld) -> None:
    world = fed.world.rebuilt(
        saml=fed.saml, oidc=fed.oidc, alternate_urls=frozenset({"https://inner.example"})
    )
    inner = replace(fed, world=world)
    fed.saml.prepare("general", fed.assertion("Reader"))
    await inner.post_response("general")
    asked = fed.saml.verified[-1]
    assert asked["recipients"] == {f"{ENDPOINT}/saml", "https://inner.example/saml"}
    assert fed.own_place() in asked["audiences"] and f"{ENDPOINT}/saml" in asked["audiences"]
    assert len(asked["audiences"]) == 4
    assert asked["decryption_keys"] == ()
    await inner.post_response("general", f"/saml/acs/{fed.provider.provider_uuid}")
    own = fed.saml.verified[-1]
    assert own["recipients"] == {fed.own_place(), fed.own_place().replace(ENDPOINT, "https://inner.example")}
    assert own["decryption_keys"] == (b"key of Corp",)


async def test_an_answer_for_another_place_is_refused_with_what_the_provider_must_be_told(
    fed: FederationWorld,
) -> None:
    page = await fed.answer_saml(fed.world.tab(), fed.assertion("Reader", audience=fed.own_place()))
    assert page.status == 403
    assert f"{ENDPOINT}/saml" in page.shown
    assert "11111111-2222-4333-8444-555555555555" in page.shown
    assert "another place" not in page.shown  # which check it was is for log and audit
    assert "another place" in str((await fed.world.last_event()).detail["reason"])


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (ExpiredIdentityToken("late", detail="clock"), 400, "took too long"),
        (IDPRejectedClaim("no", detail="status"), 403, "cancelled at Corp"),
        (InvalidIdentityToken(NOT_ACCEPTABLE, detail="wrapped"), 403, "was not accepted"),
    ],
)
async def test_each_cause_has_its_own_page_and_row(
    fed: FederationWorld, error: Exception, status: int, sentence: str
) -> None:
    fed.saml.prepare("refused", error, provider_arns=(fed.provider.arn,))  # type: ignore[arg-type]  # one of ours
    page = await fed.post_response("refused")
    assert page.status == status
    assert sentence in page.shown
    assert f"provider={quote(fed.provider.arn, safe='')}" in page.text
    assert (await fed.world.last_event()).detail["reason"] == error.detail  # type: ignore[attr-defined]  # any of the refusals


async def test_a_response_of_nobody_we_know_leaves_no_row(fed: FederationWorld) -> None:
    fed.saml.prepare(
        "foreign", fed.assertion("Reader"), provider_arns=("arn:aws:iam::999999999999:saml-provider/X",)
    )
    assert (await fed.post_response("foreign")).status == 404
    assert (await fed.post_response("garbage")).status == 403
    assert (await fed.post_response("foreign", "/saml/acs/SAMLNOBODY")).status == 404
    assert await fed.world.audit() == []


async def test_only_this_form_may_be_large_and_it_has_an_end(fed: FederationWorld) -> None:
    assert (await fed.post_response("x" * 200_000)).status == 403
    assert (await fed.post_response("x" * 262_144)).status == 413
    tab = fed.world.tab()
    await tab.get("/")
    assert (await tab.submit("/signin/sign-out", filler="x" * 33_000)).status == 413


async def test_a_form_without_a_response_is_refused(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    assert (await tab.post("/saml", {"RelayState": "x"})).status == 400


async def test_more_roles_than_are_looked_at_are_refused_in_words(fed: FederationWorld) -> None:
    named = with_roles(
        fed.assertion(assertion_id="_m"), *(f"arn:aws:iam::{ACCOUNT}:role/r{n}" for n in range(251))
    )
    page = await fed.answer_saml(fed.world.tab(), named)
    assert page.status == 400
    assert "Too many roles" in page.shown


async def test_words_of_the_provider_are_escaped_and_bounded(fed: FederationWorld) -> None:
    subject = "<script>alert(1)</script>" + "x" * 900
    page = await fed.answer_saml(fed.world.tab(), fed.assertion("Reader", subject=subject))
    assert "<script>alert" not in page.text
    assert "x" * 200 not in page.text
    tab = fed.world.tab()
    await fed.answer_saml(tab, fed.assertion("Reader", subject=subject, assertion_id="_2"))
    home = await take(tab, fed.arn("Reader"))
    assert "<script>alert" not in home.text and "x" * 100 not in home.text


async def test_a_waiting_terminal_gets_its_code_after_one_role(fed: FederationWorld) -> None:
    tab, terminal = fed.world.tab(), Terminal(fed.world)
    await tab.get(terminal.authorize_url)
    answer = await fed.sign_in_saml(tab, "Reader", request=tab.hidden["request"])
    code = terminal.code_from(answer.location if answer.status == 302 else tab.url)
    tokens = await terminal.redeem(code)
    assert tokens.refresh_token.reveal()


async def test_a_second_terminal_goes_on_from_the_chooser_without_a_password(fed: FederationWorld) -> None:
    tab, terminal = fed.world.tab(), Terminal(fed.world)
    await fed.sign_in_saml(tab, "Reader")
    page = await tab.get(terminal.authorize_url)
    assert "Continue with an active session" in page.shown
    assert "via Corp as ada@example.com" in page.shown
    await tab.submit("/signin/session", session=tab.session_ids[0])
    assert await terminal.redeem(terminal.code_from(tab.answer.location))


async def test_a_terminal_that_stopped_waiting_is_said_so_and_the_person_is_signed_in(
    fed: FederationWorld,
) -> None:
    tab, terminal = fed.world.tab(), Terminal(fed.world)
    await tab.get(terminal.authorize_url)
    request = tab.hidden["request"]
    fed.world.now += 300
    request_id = await fed.begin_saml(tab, request=request)
    fed.world.now += 301
    assertion = fed.assertion("Reader", in_response_to=request_id, audience=fed.own_place())
    page = await fed.answer_saml(tab, assertion, path=f"/saml/acs/{fed.provider.provider_uuid}")
    assert page.status == 400
    assert "expired" in page.shown
    assert "assumed-role/Reader/ada" in (await tab.get("/")).shown


async def test_the_browsers_secret_changes_with_the_sign_in(fed: FederationWorld) -> None:
    """No session fixation: a cookie planted before is worth nothing after."""
    tab = fed.world.tab()
    await tab.get("/")
    planted = dict(tab.cookies)
    await fed.sign_in_saml(tab, "Reader")
    assert tab.cookies != planted
    thief = fed.world.tab()
    thief.cookies = planted
    assert "assumed-role" not in (await thief.get("/")).shown


async def test_a_full_browser_says_so_and_the_role_can_be_taken_after_making_room(
    fed: FederationWorld,
) -> None:
    tab = fed.world.tab()
    for number in range(5):
        attributes = {}
        assertion_name = f"ada{number}"
        role_name = "https://aws.amazon.com/SAML/Attributes/RoleSessionName"
        made = fed.assertion("Reader", attributes=attributes, assertion_id=f"_full{number}")
        made = replace(made, attributes={**made.attributes, role_name: (assertion_name,)})
        await fed.answer_saml(tab, made)
        await take(tab, fed.arn("Reader"))
    await fed.answer_saml(tab, fed.assertion("Writer", assertion_id="_sixth"))
    ticket = tab.hidden["ticket"]
    full = await take(tab, fed.arn("Writer"))
    assert full.status == 409
    assert "five sessions" in full.shown
    await tab.get("/")
    await tab.submit("/signin/sign-out", session=tab.session_ids[0])
    await tab.get(f"/signin/federated?{urlencode({'ticket': ticket})}")
    assert "assumed-role/Writer/ada" in (await take(tab, fed.arn("Writer"))).shown


async def test_only_offered_providers_may_be_begun(fed: FederationWorld) -> None:
    tab = fed.world.tab()
    for arn in (
        f"arn:aws:iam::{ACCOUNT}:saml-provider/Nobody",
        f"arn:aws:iam::{ACCOUNT}:oidc-provider/elsewhere.example",
        "https://evil.example",
        "",
    ):
        answer = await tab.get(f"/signin/federate?{urlencode({'provider': arn})}")
        assert (answer.status, answer.headers.get("location")) == (404, None)
    hidden = fed.world.rebuilt(saml=fed.saml, oidc=fed.oidc, show_saml_providers=False)
    answer = await hidden.tab().get(f"/signin/federate?{urlencode({'provider': fed.provider.arn})}")
    assert answer.status == 404


async def test_a_sign_in_that_begins_here_uses_the_providers_own_name_for_us(fed: FederationWorld) -> None:
    await fed.begin_saml(fed.world.tab())
    asked = fed.saml.asked[-1]
    assert asked["entity_id"] == asked["consumer_url"] == fed.own_place()
    assert asked["service_key"] == b"key of Corp"
    assert re.fullmatch(r"_[0-9a-f]{32}", asked["request_id"])


async def test_a_pair_that_names_another_provider_of_the_account_does_not_count(fed: FederationWorld) -> None:
    """The role would trust the provider that proved it, but nobody was offered it through that one."""
    role = "https://aws.amazon.com/SAML/Attributes/Role"
    assertion = fed.assertion()
    pair = f"{fed.arn('Reader')},arn:aws:iam::{ACCOUNT}:saml-provider/Other"
    assertion = replace(assertion, attributes={**assertion.attributes, role: (pair,)})
    page = await fed.answer_saml(fed.world.tab(), assertion)
    assert page.status == 403
    assert "There is no role for you here" in page.shown


async def test_tags_beyond_a_sessions_packed_size_are_refused_in_words(fed: FederationWorld) -> None:
    tags = {f"PrincipalTag:key{number}": "v" * 256 for number in range(50)}
    tab = fed.world.tab()
    await fed.answer_saml(tab, fed.assertion("Reader", attributes=tags))
    page = await take(tab, fed.arn("Reader"))
    assert page.status == 403
    assert "packed size" in page.shown
    assert "assumed-role" not in (await tab.get("/")).shown


async def test_a_full_browser_keeps_its_sessions_and_the_ticket_until_there_is_room(
    fed: FederationWorld,
) -> None:
    """The write itself has the condition, and spends the ticket with it."""
    role_name = "https://aws.amazon.com/SAML/Attributes/RoleSessionName"
    tab = fed.world.tab()
    for number in range(6):
        made = fed.assertion("Reader", assertion_id=f"_race{number}")
        made = replace(made, attributes={**made.attributes, role_name: (f"ada{number}",)})
        await fed.answer_saml(tab, made)
        ticket_page = tab.hidden
        answer = await take(tab, fed.arn("Reader"))
    assert answer.status == 409
    home = await tab.get("/")
    assert len(set(re.findall(r"assumed-role/Reader/(ada[0-9])", home.shown))) == 5
    await tab.submit("/signin/sign-out", session=tab.session_ids[0])
    answer = await tab.post("/signin/federated/role", {**ticket_page, "role": fed.arn("Reader")})
    assert "assumed-role/Reader/ada5" in answer.shown
