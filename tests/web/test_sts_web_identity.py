"""AssumeRoleWithWebIdentity: the real relying party over documents from memory, through the Query API."""

from typing import Any

import pytest

from daypass.protocol.aws.sigv4 import Credentials
from daypass.secret import Secret
from daypass.server.domain.identity_provider import OidcProvider
from support.query_world import (
    ACCOUNT,
    NOW,
    OTHER_ACCOUNT,
    Answer,
    QueryWorld,
    allow,
    encode_query,
    policy_text,
    trust,
)
from support.sts_credentials import events_of, session_of
from support.token_provider import CLIENT_ID, ISSUER, TokenProvider

PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com/team"
KEY = "idp.example.com/team"
WITH_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
REFUSED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"


def _trusting(action: Any = WITH_WEB_IDENTITY, **condition: Any) -> dict[str, object]:
    more = {"Condition": condition} if condition else {}
    return trust({"Federated": PROVIDER}, action, **more)


@pytest.fixture
async def trusted(world: QueryWorld) -> QueryWorld:
    """A world whose first account trusts the provider."""
    await world.storage.oidc_providers.create_oidc_provider(
        OidcProvider(ACCOUNT, ISSUER, (CLIENT_ID, "second"), (), NOW)
    )
    return world


async def _assume(world: QueryWorld, role: str, token: str | None = None, **more: str) -> Answer:
    parameters = {
        "RoleArn": role,
        "RoleSessionName": "ada",
        "WebIdentityToken": world.provider.token() if token is None else token,
    }
    return await world.call_unsigned("AssumeRoleWithWebIdentity", **(parameters | more))


async def test_a_token_of_a_trusted_provider_becomes_credentials(trusted: QueryWorld) -> None:
    role = await trusted.new_role(
        "web", _trusting(StringEquals={f"{KEY}:aud": CLIENT_ID, f"{KEY}:sub": "ada-lovelace"})
    )
    answer = await _assume(trusted, role)
    assert answer.value("AssumedRoleUser/Arn") == f"arn:aws:sts::{ACCOUNT}:assumed-role/web/ada"
    assert answer.value("SubjectFromWebIdentityToken") == "ada-lovelace"
    assert answer.value("Provider") == ISSUER
    assert answer.value("Audience") == CLIENT_ID
    assert answer.value("Credentials/Expiration") == "2030-03-17T18:46:40Z"
    assert not answer.has("PackedPolicySize")
    assert not answer.has("SourceIdentity")
    identity = await trusted.call(session_of(answer), "sts", "GetCallerIdentity")
    assert identity.value("Arn") == f"arn:aws:sts::{ACCOUNT}:assumed-role/web/ada"


async def test_it_works_by_get_too(trusted: QueryWorld) -> None:
    role = await trusted.new_role("web", _trusting())
    query = encode_query(
        {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleArn": role,
            "RoleSessionName": "ada",
            "WebIdentityToken": trusted.provider.token(),
        }
    )
    assert (await trusted.send("GET", query, (("Host", "127.0.0.1:1"),))).status == 200


async def test_a_signature_on_it_is_not_looked_at(trusted: QueryWorld) -> None:
    role = await trusted.new_role("web", _trusting())
    foreign = Credentials("AKIAIOSFODNN7EXAMPLE", Secret("x" * 40), None)
    for service in ("sts", "iam"):
        answer = await trusted.call(
            foreign,
            service,
            "AssumeRoleWithWebIdentity",
            RoleArn=role,
            RoleSessionName="ada",
            WebIdentityToken=trusted.provider.token(),
            Version="2011-06-15",
        )
        assert answer.status == 200, answer.text


async def test_what_is_missing_or_does_not_trust_is_refused_in_the_same_words(trusted: QueryWorld) -> None:
    deaf = await trusted.new_role("deaf", trust({"Federated": f"{PROVIDER}2"}, WITH_WEB_IDENTITY))
    account = await trusted.new_role("account", trust({"AWS": ACCOUNT}, "sts:*"))
    other = await trusted.new_role("other", _trusting(StringEquals={f"{KEY}:sub": "bob"}))
    denied = await trusted.new_role("denied", _trusting(), _trusting("sts:*") | {"Effect": "Deny"})
    wrong_action = await trusted.new_role("saml", _trusting("sts:AssumeRoleWithSAML"))
    missing = f"arn:aws:iam::{ACCOUNT}:role/nobody"
    elsewhere = f"arn:aws:iam::{OTHER_ACCOUNT}:role/nobody"
    for role in (deaf, account, other, denied, wrong_action, missing, elsewhere):
        answer = await _assume(trusted, role)
        assert (answer.status, answer.code, answer.message) == (403, "AccessDenied", REFUSED), role


async def test_everybody_does_not_mean_somebody_of_an_identity_provider(trusted: QueryWorld) -> None:
    role = await trusted.new_role("public", trust("*", "sts:*"))
    assert (await _assume(trusted, role)).code == "AccessDenied"
    denied = await trusted.new_role("closed", _trusting(), trust("*", "sts:*") | {"Effect": "Deny"})
    assert (await _assume(trusted, denied)).code == "AccessDenied", "a Deny does mean them"


async def test_the_path_of_the_role_counts(trusted: QueryWorld) -> None:
    await trusted.new_role("web", _trusting(), Path="/team/")
    assert (await _assume(trusted, f"arn:aws:iam::{ACCOUNT}:role/web")).code == "AccessDenied"
    assert (await _assume(trusted, f"arn:aws:iam::{ACCOUNT}:role/team/web")).status == 200


async def test_another_account_s_provider_vouches_for_nobody_here(trusted: QueryWorld) -> None:
    """The role of the second account names the first account's provider; its own account has none."""
    document = f'{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Federated":"{PROVIDER}"}},"Action":"{WITH_WEB_IDENTITY}"}}]}}'
    created = await trusted.call(
        trusted.other_root, "iam", "CreateRole", RoleName="web", AssumeRolePolicyDocument=document
    )
    assert (await _assume(trusted, created.value("Role/Arn"))).code == "AccessDenied"


@pytest.mark.parametrize(
    "claims, code",
    [
        ({"iss": "https://evil.example.com"}, "AccessDenied"),
        ({"iss": "https://[broken"}, "AccessDenied"),
        ({"iss": "https://idp.example.com/te\ud800am"}, "InvalidIdentityToken"),
        ({"iss": "https://idp.example.com/te\x00am"}, "AccessDenied"),
        ({"iss": "http://idp.example.com/team"}, "AccessDenied"),
        ({"aud": "another"}, "InvalidIdentityToken"),
        ({"exp": NOW - 3600}, "ExpiredTokenException"),
        ({"nbf": NOW + 3600}, "InvalidIdentityToken"),
        ({"sub": None}, "InvalidIdentityToken"),
        ({"sub": "ada\x00"}, "InvalidIdentityToken"),
        ({"https://aws.amazon.com/tags": {"principal_tags": {"aws:x": ["1"]}}}, "InvalidIdentityToken"),
        ({"https://aws.amazon.com/tags": {"principal_tags": {"a": ["1", "2"]}}}, "InvalidIdentityToken"),
        ({"https://aws.amazon.com/tags": "x"}, "InvalidIdentityToken"),
        ({"https://aws.amazon.com/source_identity": "a b"}, "InvalidIdentityToken"),
    ],
)
async def test_a_token_that_does_not_hold_is_refused(
    trusted: QueryWorld, claims: dict[str, Any], code: str
) -> None:
    role = await trusted.new_role("web", _trusting("sts:*"))
    assert (await _assume(trusted, role, trusted.provider.token(**claims))).code == code


async def test_a_token_by_another_key_is_refused(trusted: QueryWorld) -> None:
    role = await trusted.new_role("web", _trusting())
    forged = TokenProvider(lambda: trusted.now).token()
    answer = await _assume(trusted, role, forged)
    assert (answer.status, answer.code) == (400, "InvalidIdentityToken")


async def test_a_provider_that_does_not_answer_is_said_to_be_one(trusted: QueryWorld) -> None:
    role = await trusted.new_role("web", _trusting())
    trusted.provider.http.is_down = True
    answer = await _assume(trusted, role)
    assert (answer.status, answer.code) == (400, "IDPCommunicationError")


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("WebIdentityToken", "x" * 20_001),
        ("WebIdentityToken", "x"),
        ("RoleSessionName", "a b"),
        ("RoleSessionName", "x"),
        ("RoleArn", f"arn:aws:iam::{ACCOUNT}:user/ada-lovelace"),
        ("RoleArn", "x" * 30),
        ("DurationSeconds", "899"),
        ("DurationSeconds", "43201"),
        ("DurationSeconds", "3601"),
        ("PolicyArns.member.1.arn", "arn:aws:iam::111122223333:policy/missing"),
        ("ProviderId", "www.amazon.com"),
    ],
)
async def test_parameters_are_bounded_and_none_is_ignored(
    trusted: QueryWorld, parameter: str, value: str
) -> None:
    role = await trusted.new_role("web", _trusting())
    answer = await _assume(trusted, role, **{parameter: value})
    assert (answer.status, answer.code) == (400, "ValidationError")


async def test_a_stranger_s_token_causes_no_call_to_anybody(trusted: QueryWorld) -> None:
    role = await trusted.new_role("web", _trusting())
    await _assume(trusted, role, trusted.provider.token(iss="https://evil.example.com"))
    await _assume(trusted, role, "a.b.c")
    await _assume(trusted, role, "x" * 20_001)
    assert trusted.provider.http.asked == []


async def test_the_role_s_maximum_bounds_the_duration(trusted: QueryWorld) -> None:
    role = await trusted.new_role("web", _trusting(), MaxSessionDuration="7200")
    assert (await _assume(trusted, role, DurationSeconds="7201")).code == "ValidationError"
    session = session_of(await _assume(trusted, role, DurationSeconds="7200"))
    trusted.now += 7199
    assert (await trusted.call(session, "sts", "GetCallerIdentity")).status == 200
    trusted.now += 1
    assert (await trusted.call(session, "sts", "GetCallerIdentity")).code == "ExpiredToken"


async def test_claims_are_condition_keys(trusted: QueryWorld) -> None:
    token = trusted.provider.token(groups=["staff", "admins"], email_verified=True, level=3, SUB="bob")
    holds = {
        "any": {"ForAnyValue:StringEquals": {f"{KEY}:groups": "admins"}},
        "bool": {"Bool": {f"{KEY}:email_verified": "true"}},
        "number": {"NumericGreaterThan": {f"{KEY}:level": "2"}},
        "sub": {"StringEquals": {f"{KEY}:sub": "ada-lovelace"}},
        "name": {"StringEquals": {"sts:RoleSessionName": "ada"}},
        "provider": {"StringEquals": {"aws:FederatedProvider": ISSUER}},
        "address": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}},
    }
    fails = {
        "other-group": {"ForAnyValue:StringEquals": {f"{KEY}:groups": "owners"}},
        "all": {"ForAllValues:StringEquals": {f"{KEY}:groups": "admins"}},
        "spoofed-sub": {"StringEquals": {f"{KEY}:sub": "bob"}},
        "no-principal": {"Null": {"aws:PrincipalArn": "false"}},
        "elsewhere": {"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}},
    }
    for name, condition in {**holds, **fails}.items():
        role = await trusted.new_role(name, _trusting(**condition))
        assert (await _assume(trusted, role, token)).code == ("" if name in holds else "AccessDenied"), name


async def test_tags_and_source_identity_need_their_own_permissions(trusted: QueryWorld) -> None:
    tags = {"principal_tags": {"team": ["blue"], "cost": ["7"]}, "transitive_tag_keys": ["team"]}
    token = trusted.provider.token(**{"https://aws.amazon.com/tags": tags})
    bare = await trusted.new_role("bare", _trusting())
    assert (await _assume(trusted, bare, token)).code == "AccessDenied"
    both = [WITH_WEB_IDENTITY, "sts:TagSession"]
    tagged = await trusted.new_role("tagged", _trusting(both, StringEquals={"aws:RequestTag/team": "blue"}))
    answer = await _assume(trusted, tagged, token)
    assert 0 < int(answer.value("PackedPolicySize")) <= 100
    green = trusted.provider.token(**{"https://aws.amazon.com/tags": {"principal_tags": {"team": ["green"]}}})
    assert (await _assume(trusted, tagged, green)).code == "AccessDenied"

    named = trusted.provider.token(**{"https://aws.amazon.com/source_identity": "ada"})
    assert (await _assume(trusted, bare, named)).code == "AccessDenied"
    sourced = await trusted.new_role("sourced", _trusting([WITH_WEB_IDENTITY, "sts:SetSourceIdentity"]))
    assert (await _assume(trusted, sourced, named)).value("SourceIdentity") == "ada"


async def test_flattened_tags_are_tags(trusted: QueryWorld) -> None:
    token = trusted.provider.token(
        **{
            "https://aws.amazon.com/tags/principal_tags/team": ["blue"],
            "https://aws.amazon.com/tags/transitive_tag_keys": ["team"],
        }
    )
    condition = {"ForAllValues:StringEquals": {"sts:TransitiveTagKeys": "team", "aws:TagKeys": "team"}}
    role = await trusted.new_role("web", _trusting([WITH_WEB_IDENTITY, "sts:TagSession"], **condition))
    assert (await _assume(trusted, role, token)).status == 200


async def test_tags_beyond_the_room_of_a_session_are_refused(trusted: QueryWorld) -> None:
    tags = {f"key-{number}": ["x" * 200] for number in range(10)}
    token = trusted.provider.token(**{"https://aws.amazon.com/tags": {"principal_tags": tags}})
    role = await trusted.new_role("web", _trusting([WITH_WEB_IDENTITY, "sts:TagSession"]))
    answer = await _assume(trusted, role, token)
    assert (answer.status, answer.code) == (400, "PackedPolicyTooLarge")


async def test_success_and_denial_are_audited_and_strangers_are_not(trusted: QueryWorld) -> None:
    role = await trusted.new_role("web", _trusting())
    deaf = await trusted.new_role("deaf", _trusting("sts:AssumeRoleWithSAML"))
    await _assume(trusted, role, trusted.provider.token(iss="https://evil.example.com"))
    await _assume(trusted, role, TokenProvider(lambda: trusted.now).token())
    assert await events_of(trusted, "AssumeRoleWithWebIdentity") == []
    token = trusted.provider.token()
    answer = await _assume(trusted, role, token)
    await _assume(trusted, deaf, token)
    refused, assumed = await events_of(trusted, "AssumeRoleWithWebIdentity")
    assert (assumed.principal_arn, assumed.account_id, assumed.error_code) == (PROVIDER, ACCOUNT, "")
    assert dict(assumed.detail) == {
        "roleArn": role,
        "roleSessionName": "ada",
        "identity_provider": PROVIDER,
        "idp_subject": "ada-lovelace",
        "accessKeyId": answer.value("AccessKeyId"),
        "assumedRoleArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/web/ada",
        "expiresAt": NOW + 3600,
    }
    assert (refused.error_code, refused.detail["idp_subject"]) == ("AccessDenied", "ada-lovelace")
    assert token not in repr((assumed, refused))


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
