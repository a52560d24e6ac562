"""AssumeRoleWithSAML: real signed assertions, the real service provider, through the Query API."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from daypass.server.domain.identity_provider import SamlProvider
from daypass.server.domain.role_session import FederatedIdentity
from daypass.server.domain.tokens import open_session_token
from support.query_world import (
    ACCOUNT,
    ALTERNATE_URL,
    OTHER_ACCOUNT,
    Answer,
    QueryWorld,
    allow,
    open_query_world,
    policy_text,
    trust,
)
from support.saml_forge import ACS, GENERIC_ACS, IDP, NOW, Draft, encryptor, key, metadata, set_attribute
from support.sts_credentials import events_of, session_of

PROVIDER = f"arn:aws:iam::{ACCOUNT}:saml-provider/Example"
WITH_SAML = "sts:AssumeRoleWithSAML"
REFUSED = "Not authorized to perform sts:AssumeRoleWithSAML"
PREFIX = "https://aws.amazon.com/SAML/Attributes/"


@pytest.fixture
async def trusted() -> AsyncIterator[QueryWorld]:
    """A world at the forge's hour whose first account trusts the forge."""
    world = await open_query_world(clock_starts_at=NOW)
    await world.storage.saml_providers.create_saml_provider(_provider(world))
    yield world
    await world.storage.close()


def _provider(world: QueryWorld, name: str = "Example", uuid: str = "SAMLAAAABBBBCCCCDDDD") -> SamlProvider:
    return SamlProvider(
        account_id=ACCOUNT,
        name=name,
        provider_uuid=uuid,
        metadata_document=metadata(key("idp")),
        entity_id=IDP,
        created_at=NOW,
        valid_until=NOW + 86_400,
        sealed_service_key=world.ring.seal("saml-key", key("ours").private_der),
        service_certificate=key("ours").bare,
        assertion_encryption="Allowed",
    )


def _trusting(action: Any = WITH_SAML, **condition: Any) -> dict[str, object]:
    more = {"Condition": condition} if condition else {}
    return trust({"Federated": PROVIDER}, action, **more)


def _draft(*roles: str, **attributes: str | Sequence[str]) -> Draft:
    """An assertion that names the roles; an attribute given as a text has that one value."""
    members: dict[str, Sequence[str]] = {
        "Role": [f"{role},{PROVIDER}" for role in roles],
        "RoleSessionName": ["ada"],
    }
    for name, values in attributes.items():
        members[name] = [values] if isinstance(values, str) else values
    return Draft(
        attributes={
            name if "/" in name or name.startswith("urn:") else PREFIX + name: values
            for name, values in members.items()
            if values
        }
    )


async def _assume(world: QueryWorld, role: str, draft: Draft | None = None, **more: str) -> Answer:
    parameters = {
        "RoleArn": role,
        "PrincipalArn": PROVIDER,
        "SAMLAssertion": "" if "SAMLAssertion" in more else (draft or _draft(role)).field(),
    }
    return await world.call_unsigned("AssumeRoleWithSAML", **(parameters | more))


async def test_an_assertion_of_a_trusted_provider_becomes_credentials(trusted: QueryWorld) -> None:
    role = await trusted.new_role("reader", _trusting(StringEquals={"saml:aud": ACS}))
    answer = await _assume(trusted, role)
    assert answer.value("AssumedRoleUser/Arn") == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/ada"
    assert answer.value("Subject") == "ada@example.com"
    assert answer.value("SubjectType") == "persistent"
    assert answer.value("Issuer") == IDP
    assert answer.value("Audience") == ACS
    assert len(answer.value("NameQualifier")) == 28, "base64 of a SHA-1"
    assert answer.value("Credentials/Expiration") == "2027-01-15T09:00:00Z"
    assert not answer.has("PackedPolicySize")
    identity = await trusted.call(session_of(answer), "sts", "GetCallerIdentity")
    assert identity.value("Arn") == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/ada"


async def test_the_credentials_know_the_person_and_the_end_of_the_session_at_the_provider(
    trusted: QueryWorld,
) -> None:
    """A browser session may be made of them: then logout, audit and the provider's end must reach it."""
    role = await trusted.new_role("reader", _trusting())
    answer = await _assume(trusted, role)
    claims, _ = open_session_token(trusted.ring, answer.value("SessionToken"))
    assert claims.identity == FederatedIdentity(
        PROVIDER, IDP, "ada@example.com", "persistent", "_session1", NOW + 28_800
    )


async def test_an_assertion_serves_several_roles_while_it_lives(trusted: QueryWorld) -> None:
    roles = [await trusted.new_role(name, _trusting()) for name in ("one", "two")]
    draft = _draft(*roles)
    for role in (*roles, roles[0]):
        assert (await _assume(trusted, role, draft)).status == 200
    trusted.now += 1200
    assert (await _assume(trusted, roles[0], draft)).code == "ExpiredTokenException"


async def test_the_pair_may_stand_in_either_order_but_must_be_this_one(trusted: QueryWorld) -> None:
    role = await trusted.new_role("reader", _trusting())
    other = await trusted.new_role("other", _trusting())
    for pair in (f"{PROVIDER},{role}", f" {role} , {PROVIDER} "):
        assert (await _assume(trusted, role, _draft(Role=pair))).status == 200
    assert (await _assume(trusted, role, _draft(other))).code == "AccessDenied", "not named in the assertion"
    elsewhere = f"{role},arn:aws:iam::{ACCOUNT}:saml-provider/Another"
    assert (await _assume(trusted, role, _draft(Role=elsewhere))).code == "AccessDenied"
    for nonsense in (role, f"{role},{role}", f"{PROVIDER},{PROVIDER}", f"{role},{PROVIDER},{role}", ","):
        assert (await _assume(trusted, role, _draft(Role=nonsense))).code == "InvalidIdentityToken"


async def test_missing_things_and_missing_saml_trust_are_refused_in_the_same_words(
    trusted: QueryWorld,
) -> None:
    deaf = await trusted.new_role("deaf", trust({"Federated": f"{PROVIDER}2"}, WITH_SAML))
    account = await trusted.new_role("account", trust({"AWS": ACCOUNT}, "sts:*"))
    public = await trusted.new_role("public", trust("*", "sts:*"))
    other = await trusted.new_role("other", _trusting(StringEquals={"saml:sub": "bob"}))
    denied = await trusted.new_role("denied", _trusting(), _trusting("sts:*") | {"Effect": "Deny"})
    web = await trusted.new_role("web", _trusting("sts:AssumeRoleWithWebIdentity"))
    missing = f"arn:aws:iam::{ACCOUNT}:role/nobody"
    for role in (deaf, account, public, other, denied, web, missing):
        answer = await _assume(trusted, role)
        assert (answer.status, answer.code, answer.message) == (403, "AccessDenied", REFUSED), role
    answer = await _assume(trusted, missing, PrincipalArn=f"arn:aws:iam::{ACCOUNT}:saml-provider/Nobody")
    assert (answer.code, answer.message) == ("AccessDenied", REFUSED)


async def test_the_path_of_the_role_counts_for_an_assertion_too(trusted: QueryWorld) -> None:
    await trusted.new_role("reader", _trusting(), Path="/team/")
    assert (await _assume(trusted, f"arn:aws:iam::{ACCOUNT}:role/reader")).code == "AccessDenied"
    assert (await _assume(trusted, f"arn:aws:iam::{ACCOUNT}:role/team/reader")).status == 200


async def test_a_provider_vouches_in_its_own_account_only(trusted: QueryWorld) -> None:
    document = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRoleWithSAML",'
        f'"Principal":{{"Federated":"{PROVIDER}"}}}}]}}'
    )
    created = await trusted.call(
        trusted.other_root, "iam", "CreateRole", RoleName="reader", AssumeRolePolicyDocument=document
    )
    role = created.value("Role/Arn")
    assert role.startswith(f"arn:aws:iam::{OTHER_ACCOUNT}:")
    assert (await _assume(trusted, role)).code == "AccessDenied"


@pytest.mark.parametrize(
    "change, code",
    [
        ({"signed_by": key("attacker")}, "InvalidIdentityToken"),
        ({"sign_assertion": False}, "InvalidIdentityToken"),
        ({"issuer": "https://evil.example.com"}, "InvalidIdentityToken"),
        ({"audience": "https://another.example.com/saml"}, "InvalidIdentityToken"),
        ({"recipient": "https://another.example.com/saml"}, "InvalidIdentityToken"),
        ({"recipient": ACS + "X"}, "InvalidIdentityToken"),
        (
            {
                "assertion_changes": (
                    set_attribute("saml:Conditions", "NotOnOrAfter", "2020-01-01T00:00:00Z"),
                )
            },
            "ExpiredTokenException",
        ),
    ],
)
async def test_an_assertion_that_does_not_hold_is_refused(
    trusted: QueryWorld, change: dict[str, object], code: str
) -> None:
    role = await trusted.new_role("reader", _trusting())
    answer = await _assume(trusted, role, _draft(role).with_(**change))
    assert (answer.status, answer.code) == (400, code), answer.text


@pytest.mark.parametrize("place", [GENERIC_ACS, f"{ALTERNATE_URL}/saml", ACS])
async def test_every_address_of_this_server_is_its_audience(trusted: QueryWorld, place: str) -> None:
    role = await trusted.new_role("reader", _trusting())
    draft = _draft(role).with_(recipient=place, audience=place, destination=place)
    assert (await _assume(trusted, role, draft)).value("Audience") == place


async def test_an_encrypted_assertion_is_opened_with_our_key_for_the_provider(trusted: QueryWorld) -> None:
    role = await trusted.new_role("reader", _trusting())
    draft = _draft(role).with_(encrypt=encryptor(key("ours")))
    assert (await _assume(trusted, role, draft)).status == 200
    other = _draft(role).with_(encrypt=encryptor(key("attacker")))
    assert (await _assume(trusted, role, other)).code == "InvalidIdentityToken"


@pytest.mark.parametrize(
    "attributes",
    [
        {"RoleSessionName": ()},
        {"RoleSessionName": ["ada", "bob"]},
        {"RoleSessionName": "a"},
        {"RoleSessionName": "a b"},
        {"RoleSessionName": "x" * 65},
        {"SessionDuration": "899"},
        {"SessionDuration": "43201"},
        {"SessionDuration": "3600.5"},
        {"SessionDuration": "-900"},
        {"SessionDuration": ["900", "901"]},
        {"SourceIdentity": "a b"},
        {"PrincipalTag:team": ["a", "b"]},
        {"PrincipalTag:aws:team": "a"},
        {"PrincipalTag:": "a"},
        {"PrincipalTag:team": "a", "PrincipalTag:TEAM": "b"},
        {"PrincipalTag:team": "x" * 257},
        {f"PrincipalTag:{number}": "x" for number in range(51)},
        {"TransitiveTagKeys": "team"},
        {"Role": ()},
    ],
)
async def test_an_attribute_that_is_not_legal_refuses_the_assertion(
    trusted: QueryWorld, attributes: dict[str, Any]
) -> None:
    role = await trusted.new_role("reader", _trusting("sts:*"))
    answer = await _assume(trusted, role, _draft(role, **attributes))
    assert (answer.status, answer.code) == (400, "InvalidIdentityToken"), answer.text


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("SAMLAssertion", "x" * 100_001),
        ("SAMLAssertion", "x"),
        ("PrincipalArn", "x" * 30),
        ("PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/Example-Provider"),
        ("RoleArn", f"arn:aws:iam::{ACCOUNT}:user/ada-lovelace"),
        ("DurationSeconds", "899"),
        ("DurationSeconds", "43201"),
        ("DurationSeconds", "3601"),
        ("PolicyArns.member.1.arn", "arn:aws:iam::111122223333:policy/missing"),
    ],
)
async def test_saml_parameters_are_bounded_and_none_is_ignored(
    trusted: QueryWorld, parameter: str, value: str
) -> None:
    role = await trusted.new_role("reader", _trusting())
    answer = await _assume(trusted, role, **{parameter: value})
    assert (answer.status, answer.code) == (400, "ValidationError")


async def test_the_shortest_of_all_durations_counts(trusted: QueryWorld) -> None:
    role = await trusted.new_role("reader", _trusting(), MaxSessionDuration="43200")

    async def seconds(asked: str | None = None, **attributes: str) -> int:
        more = {} if asked is None else {"DurationSeconds": asked}
        answer = await _assume(trusted, role, _draft(role, **attributes), **more)
        assert answer.status == 200, answer.text
        return int((await events_of(trusted, "AssumeRoleWithSAML"))[0].detail["expiresAt"]) - NOW

    assert await seconds() == 3600
    assert await seconds("7200") == 7200
    assert await seconds(SessionDuration="7200") == 7200
    assert await seconds("7200", SessionDuration="900") == 900
    assert await seconds("900", SessionDuration="7200") == 900
    assert await seconds("43200") == 28_800, "the session at the provider ends then"


async def test_session_duration_is_held_against_the_role_s_maximum(trusted: QueryWorld) -> None:
    role = await trusted.new_role("reader", _trusting())
    answer = await _assume(trusted, role, _draft(role, SessionDuration="7200"))
    assert answer.code == "ValidationError"


async def test_a_session_that_ended_at_the_provider_gives_nothing(trusted: QueryWorld) -> None:
    role = await trusted.new_role("reader", _trusting())
    change = set_attribute("saml:AuthnStatement", "SessionNotOnOrAfter", "2027-01-15T08:00:00Z")
    answer = await _assume(trusted, role, _draft(role).with_(assertion_changes=(change,)))
    assert answer.code == "ExpiredTokenException"


async def test_attributes_are_saml_condition_keys(trusted: QueryWorld) -> None:
    attributes: dict[str, Sequence[str]] = {
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.1": ["staff", "member"],
        "urn:oid:2.5.4.3": ["Ada"],
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": ["ada@example.com"],
    }
    holds = {
        "list": {"ForAnyValue:StringEquals": {"saml:edupersonaffiliation": "staff"}},
        "cn": {"ForAllValues:StringEquals": {"saml:cn": "Ada"}, "Null": {"saml:cn": "false"}},
        "mail": {"StringLike": {"saml:mail": "*@example.com"}},
        "sub": {"StringEquals": {"saml:sub": "ada@example.com", "saml:sub_type": "persistent"}},
        "iss": {"StringEquals": {"saml:iss": IDP}},
        "doc": {"StringEquals": {"saml:doc": f"{ACCOUNT}/Example"}},
        "name": {"StringEquals": {"sts:RoleSessionName": "ada"}},
        "provider": {"ArnEquals": {"aws:FederatedProvider": PROVIDER}},
    }
    fails = {
        "other": {"ForAnyValue:StringEquals": {"saml:edupersonaffiliation": "alum"}},
        "doc2": {"StringEquals": {"saml:doc": f"{OTHER_ACCOUNT}/Example"}},
        "principal": {"Null": {"aws:PrincipalArn": "false"}},
        "address": {"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}},
    }
    for name, condition in {**holds, **fails}.items():
        role = await trusted.new_role(name, _trusting(**condition))
        answer = await _assume(trusted, role, _draft(role, **attributes))
        assert answer.code == ("" if name in holds else "AccessDenied"), name


async def test_saml_tags_and_source_identity_need_their_own_permissions(trusted: QueryWorld) -> None:
    bare = await trusted.new_role("bare", _trusting())
    tagged = {"PrincipalTag:team": "blue", "PrincipalTag:cost": "7", "TransitiveTagKeys": "team"}
    assert (await _assume(trusted, bare, _draft(bare, **tagged))).code == "AccessDenied"
    assert (await _assume(trusted, bare, _draft(bare, SourceIdentity="ada"))).code == "AccessDenied"
    role = await trusted.new_role(
        "tagged",
        _trusting(
            [WITH_SAML, "sts:TagSession", "sts:SetSourceIdentity"],
            StringEquals={"aws:RequestTag/team": "blue", "sts:SourceIdentity": "ada"},
        ),
    )
    answer = await _assume(trusted, role, _draft(role, SourceIdentity="ada", **tagged))
    assert answer.value("SourceIdentity") == "ada"
    assert 0 < int(answer.value("PackedPolicySize")) <= 100


async def test_what_a_federated_session_may_do_can_depend_on_its_tags_and_provider(
    trusted: QueryWorld,
) -> None:
    role = await trusted.new_role("tagged", _trusting([WITH_SAML, "sts:TagSession"]))
    condition = {"StringEquals": {"aws:PrincipalTag/team": "blue", "aws:FederatedProvider": PROVIDER}}
    policy = await trusted.new_policy("by-tag", allow("iam:ListUsers", Condition=condition))
    await trusted.call(trusted.root, "iam", "AttachRolePolicy", RoleName="tagged", PolicyArn=policy)
    for team, code in (("blue", ""), ("red", "AccessDenied")):
        session = session_of(await _assume(trusted, role, _draft(role, **{"PrincipalTag:team": team})))
        assert (await trusted.call(session, "iam", "ListUsers")).code == code


async def test_saml_success_and_denial_are_audited_and_strangers_are_not(trusted: QueryWorld) -> None:
    role = await trusted.new_role("reader", _trusting())
    deaf = await trusted.new_role("deaf", _trusting("sts:AssumeRoleWithWebIdentity"))
    await _assume(trusted, role, _draft(role).with_(signed_by=key("attacker")))
    await _assume(trusted, role, PrincipalArn=f"arn:aws:iam::{ACCOUNT}:saml-provider/Nobody")
    assert await events_of(trusted, "AssumeRoleWithSAML") == []
    answer = await _assume(trusted, role)
    await _assume(trusted, deaf)
    refused, assumed = await events_of(trusted, "AssumeRoleWithSAML")
    assert (assumed.principal_arn, assumed.account_id, assumed.error_code) == (PROVIDER, ACCOUNT, "")
    assert dict(assumed.detail) == {
        "roleArn": role,
        "principalArn": PROVIDER,
        "identity_provider": PROVIDER,
        "idp_subject": "ada@example.com",
        "accessKeyId": answer.value("AccessKeyId"),
        "assumedRoleArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/ada",
        "expiresAt": NOW + 3600,
    }
    assert (refused.error_code, refused.detail["idp_subject"]) == ("AccessDenied", "ada@example.com")


async def test_a_session_policy_narrows_the_federatedsession_of(trusted: QueryWorld) -> None:
    role = await trusted.new_role("web", _trusting())
    attached = await trusted.call(
        trusted.root,
        "iam",
        "AttachRolePolicy",
        RoleName="web",
        PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess",
    )
    assert attached.status == 200
    session = session_of(await _assume(trusted, role, Policy=policy_text(allow("iam:ListUsers"))))
    assert (await trusted.call(session, "iam", "ListUsers")).status == 200
    assert (await trusted.call(session, "iam", "ListRoles")).code == "AccessDenied"
