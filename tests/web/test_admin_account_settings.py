"""The account's page, identity providers, tags and versions in the admin pages: what is shown, and what a form begins with."""

import html
import re
from collections.abc import AsyncIterator

import pytest

from support.admin_world import (
    GATE,
    METADATA,
    OIDC,
    OTHER_DOCUMENT,
    READ_ONLY,
    SAML,
    THUMBPRINT,
    enter,
    open_admin_world,
    press,
)
from support.sign_in_world import ACCOUNT, ENDPOINT, SignInWorld


@pytest.fixture
async def site() -> AsyncIterator[SignInWorld]:
    site = await open_admin_world()
    yield site
    await site.storage.close()


async def test_the_alias_is_set_and_its_sign_in_address_shown(site: SignInWorld) -> None:
    tab, base = await enter(site)
    await press(tab, base, "CreateAccountAlias", AccountAlias="acme-two")
    assert tab.url == f"{base}?done=CreateAccountAlias"
    assert "The alias is set." in tab.answer.text
    assert f"{ENDPOINT}/console/acme-two" in tab.answer.shown
    await tab.get(f"{base}/call?call=CreateAccountAlias")
    assert 'value="acme-two"' in tab.answer.text
    assert f'href="{base}">Cancel' in tab.answer.text
    await press(tab, base, "DeleteAccountAlias", AccountAlias="acme-two")
    assert f"{ENDPOINT}/console/{ACCOUNT}" in tab.answer.shown


async def test_an_alias_that_cannot_be_is_refused_beside_its_field(site: SignInWorld) -> None:
    tab, base = await enter(site)
    answer = await press(tab, base, "CreateAccountAlias", AccountAlias="No Capitals")
    assert answer.status == 400
    assert (
        'aria-describedby="field-AccountAlias-hint field-AccountAlias-error" aria-invalid="true"'
        in answer.text
    )
    assert 'value="No Capitals"' in answer.text
    assert 'href="#field-AccountAlias"' in answer.text


async def test_the_password_policy_form_begins_with_what_is_in_force(site: SignInWorld) -> None:
    tab, base = await enter(site)
    wanted = {"MinimumPasswordLength": "20", "RequireNumbers": "true", "MaxPasswordAge": "90"}
    await press(tab, base, "UpdateAccountPasswordPolicy", **wanted)
    for words in ("At least 20 characters", "A digit", "Changed after 90 days"):
        assert words in tab.answer.text
    policy = await site.storage.account_settings.load_password_policy(ACCOUNT)
    assert policy is not None
    assert (policy.minimum_password_length, policy.require_numbers, policy.require_symbols) == (
        20,
        True,
        False,
    )
    assert not policy.allow_users_to_change_password
    await tab.get(f"{base}/call?call=UpdateAccountPasswordPolicy")
    assert re.search(r'name="MinimumPasswordLength"[^>]* value="20"', tab.answer.text)
    assert 'name="RequireNumbers" value="true" checked' in tab.answer.text
    assert 'name="AllowUsersToChangePassword" value="true">' in tab.answer.text


async def test_the_credential_report_is_the_apis_as_a_file(site: SignInWorld) -> None:
    tab, base = await enter(site)
    answer = await tab.get(f"{base}/credential-report.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="credential-report-{ACCOUNT}.csv"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.text.startswith("user,arn,user_creation_time")
    assert f"arn:aws:iam::{ACCOUNT}:user/alice" in answer.text


async def test_providers_are_listed_shown_and_added(site: SignInWorld) -> None:
    tab, base = await enter(site)
    await tab.get(f"{base}/providers")
    for name in ("Okta", "token.example.com"):
        assert name in tab.answer.shown
    await press(tab, base, "CreateSAMLProvider", Name="Entra", SAMLMetadataDocument=METADATA)
    assert "<h1>Entra</h1>" in tab.answer.text
    assert METADATA in html.unescape(tab.answer.text)
    provider = await site.storage.saml_providers.load_saml_provider(SAML.replace("Okta", "Entra"))
    assert provider is not None
    assert f"{ENDPOINT}/saml/acs/{provider.provider_uuid}" in tab.answer.shown
    url = "https://issuer.example.com/realms/staff"
    await press(tab, base, "CreateOpenIDConnectProvider", Url=url, ClientIDList="one\r\ntwo\r\n")
    made = await site.storage.oidc_providers.load_oidc_provider(
        f"arn:aws:iam::{ACCOUNT}:oidc-provider/issuer.example.com/realms/staff"
    )
    assert made is not None
    assert made.client_ids == ("one", "two")
    assert "issuer.example.com/realms/staff" in tab.answer.shown


async def test_metadata_that_is_none_is_refused_and_kept_to_be_mended(site: SignInWorld) -> None:
    tab, base = await enter(site)
    answer = await press(tab, base, "CreateSAMLProvider", Name="Entra", SAMLMetadataDocument="<oops/>")
    assert answer.status == 400
    assert "&lt;oops/&gt;" in answer.text
    assert await site.storage.saml_providers.load_saml_provider(SAML.replace("Okta", "Entra")) is None


async def test_a_long_metadata_document_fits_into_the_form(site: SignInWorld) -> None:
    """Providers publish metadata of a hundred kilobytes; encoded for a form it is more."""
    tab, base = await enter(site)
    padded = f"{METADATA}<!--{'A' * 200_000}-->"
    answer = await press(tab, base, "CreateSAMLProvider", Name="Long", SAMLMetadataDocument=padded)
    assert answer.status == 200


async def test_the_thumbprint_form_begins_with_what_is_there(site: SignInWorld) -> None:
    tab, base = await enter(site)
    where = "/call?call=UpdateOpenIDConnectProviderThumbprint&OpenIDConnectProviderArn="
    await tab.get(f"{base}{where}{OIDC}")
    assert f"\n{THUMBPRINT}</textarea>" in tab.answer.text


async def test_a_tag_is_changed_by_its_key(site: SignInWorld) -> None:
    tab, base = await enter(site)
    tag = {"Tags.member.1.Key": "team", "Tags.member.1.Value": "red"}
    await press(tab, base, "TagRole", RoleName="Archivist", **tag)
    [link] = re.findall(r'href="([^"]+)" aria-label="Change the tag team"', tab.answer.text)
    await tab.get(html.unescape(link))
    assert re.search(r'name="Tags.member.1.Key"[^>]* value="team"', tab.answer.text)
    await press(tab, base, "TagRole", RoleName="Archivist", **{**tag, "Tags.member.1.Value": "blue"})
    role = await site.storage.roles.load_role(ACCOUNT, "Archivist")
    assert role is not None
    assert role.tags == (("team", "blue"),)


async def test_two_versions_of_a_policy_are_compared_line_by_line(site: SignInWorld) -> None:
    tab, base = await enter(site)
    await press(
        tab, base, "CreatePolicyVersion", PolicyArn=GATE, PolicyDocument=OTHER_DOCUMENT, SetAsDefault="true"
    )
    await tab.get(f"{base}/policy?arn={GATE}&version=v1&against=v2")
    added = re.findall(
        r'<span class="added">(.*)</span>\s*(?=<span|</code)',
        tab.answer.text.replace("</span><span", "</span>\n<span"),
    )
    text = re.sub(r"<[^>]+>", "", html.unescape("\n".join(added)))
    assert '"signin:*"' in text
    assert "From v2 to v1" in tab.answer.text
    assert "s3:PutObject" in tab.answer.text
    await tab.get(f"{base}/policy?arn={GATE}&version=v2&against=v2")
    assert "say the same" in tab.answer.text
    await tab.get(f"{base}/policy?arn={GATE}&version=v1&against=v9")
    assert "nothing to compare" in tab.answer.text


async def test_a_policy_with_a_path_is_shown_where_it_was_made(site: SignInWorld) -> None:
    tab, base = await enter(site)
    await press(tab, base, "CreatePolicy", PolicyName="Mine", Path="/team/", PolicyDocument=OTHER_DOCUMENT)
    assert f"arn:aws:iam::{ACCOUNT}:policy/team/Mine" in tab.answer.shown


async def test_a_deletion_says_what_goes_before_it_goes(site: SignInWorld) -> None:
    tab, base = await enter(site)
    before = len(await site.audit())
    await tab.get(f"{base}/call?call=DeleteUser&UserName=alice")
    for line in (
        "The password goes.",
        "Access key AKIAEXAMPLEEXAMPLE00 goes.",
        "Policy SignInLocalDevelopmentAccess is detached.",
        "Inline policy photos goes, and its text with it.",
        "alice leaves the group readers.",
        "The user alice goes.",
    ):
        assert line in tab.answer.text
    assert len(await site.audit()) == before
    await tab.get(f"{base}/call?call=DeleteUser&UserName=nobody")
    assert "What will happen" not in tab.answer.text


@pytest.mark.parametrize(
    ("button", "place"),
    [
        ("CreateUser", "/users"),
        ("CreateGroup", "/groups"),
        ("CreateRole", "/roles"),
        ("CreatePolicy", "/policies"),
        ("CreateSAMLProvider", "/providers"),
        ("CreateOpenIDConnectProvider", "/providers"),
        ("UpdateAccountPasswordPolicy", ""),
        ("DeleteUser&UserName=alice", "/user?name=alice"),
        ("DeleteRole&RoleName=Archivist", "/role?name=Archivist"),
        ("UpdateUser&UserName=alice", "/user?name=alice"),
        (f"AttachUserPolicy&UserName=alice&PolicyArn={READ_ONLY}", "/user?name=alice"),
    ],
)
async def test_cancel_leads_to_a_page_that_is_there(site: SignInWorld, button: str, place: str) -> None:
    tab, base = await enter(site)
    await tab.get(f"{base}/call?call={button}")
    [back] = re.findall(r'href="([^"]+)">Cancel', tab.answer.text)
    assert html.unescape(back) == base + place
    assert (await tab.get(html.unescape(back))).status == 200


async def test_a_renamed_user_is_shown_under_the_new_name(site: SignInWorld) -> None:
    tab, base = await enter(site)
    await tab.get(f"{base}/call?call=UpdateUser&UserName=bob")
    assert re.search(r'name="NewUserName"[^>]* value="bob"', tab.answer.text)
    await press(tab, base, "UpdateUser", UserName="bob", NewUserName="robert", NewPath="/")
    assert "<h1>robert</h1>" in tab.answer.text
    await press(tab, base, "UpdateUser", UserName="robert", NewPath="/staff/")
    assert f"arn:aws:iam::{ACCOUNT}:user/staff/robert" in tab.answer.shown


async def test_a_renamed_user_stays_signed_in_and_keeps_what_is_attached(site: SignInWorld) -> None:
    person, _ = await enter(site, "alice")
    tab, base = await enter(site)
    await press(tab, base, "UpdateUser", UserName="alice", NewUserName="alicia", NewPath="/")
    for kept in ("readers", "photos", "SignInLocalDevelopmentAccess", "AKIAEXAMPLEEXAMPLE00"):
        assert kept in tab.answer.shown
    await person.get("/")
    assert len(person.session_ids) == 1


async def test_a_user_without_a_password_any_more_is_signed_out(site: SignInWorld) -> None:
    person, _ = await enter(site, "alice")
    tab, base = await enter(site)
    await press(tab, base, "DeleteLoginProfile", UserName="alice")
    await person.get("/")
    assert person.session_ids == []
