"""Managed policies, roles and attachments over the wire."""

import json
import re
from urllib.parse import unquote

import pytest

from daypass.server.web.iam import build_iam_operations
from support.query_world import ACCOUNT, OTHER_ACCOUNT, QueryWorld, allow, deny, policy_text, trust

SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/Example"
OIDC = f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com"
BOB = f"arn:aws:iam::{ACCOUNT}:user/bob"
DEVICE = f"arn:aws:iam::{ACCOUNT}:mfa/phone"
CODES = {"AuthenticationCode1": "000000", "AuthenticationCode2": "000000"}
TAG = {"Tags.member.1.Key": "a", "Tags.member.1.Value": "b"}
SIGN_IN = "arn:aws:iam::aws:policy/SignInLocalDevelopmentAccess"
DOCUMENT = policy_text(allow("s3:GetObject", resource="arn:aws:s3:::a b/*"))


async def test_a_policy_is_created_and_read_back_encoded(world: QueryWorld) -> None:
    created = await world.call(
        world.root,
        "iam",
        "CreatePolicy",
        PolicyName="Reads",
        Path="/team/",
        PolicyDocument=DOCUMENT,
        Description="reads & lists",
    )
    arn = f"arn:aws:iam::{ACCOUNT}:policy/team/Reads"
    assert created.value("Policy/Arn") == arn
    assert re.fullmatch(r"ANPA[A-Z2-7]{17}", created.value("Policy/PolicyId"))
    assert created.value("Policy/DefaultVersionId") == "v1"
    assert created.value("Policy/AttachmentCount") == "0"
    await world.new_user("alice", arn)
    got = await world.call(world.root, "iam", "GetPolicy", PolicyArn=arn)
    assert got.value("Policy/AttachmentCount") == "1"
    assert got.value("Policy/Description") == "reads & lists"
    version = await world.call(world.root, "iam", "GetPolicyVersion", PolicyArn=arn, VersionId="v1")
    encoded = version.value("PolicyVersion/Document")
    assert unquote(encoded) == DOCUMENT
    assert not set(' {}"+/') & set(encoded)
    missing = await world.call(world.root, "iam", "GetPolicyVersion", PolicyArn=arn, VersionId="v2")
    assert missing.code == "NoSuchEntity"


async def test_a_malformed_policy_is_refused_with_the_position(world: QueryWorld) -> None:
    text = '{"Version": "2012-10-17",\n "Statement": [{"Effect": "Perhaps", "Action": "*", "Resource": "*"}]}'
    answer = await world.call(world.root, "iam", "CreatePolicy", PolicyName="x", PolicyDocument=text)
    assert (answer.status, answer.code) == (400, "MalformedPolicyDocument")
    assert "line 2" in answer.message
    assert "Statement[0].Effect" in answer.message
    trusting = policy_text(trust({"AWS": ACCOUNT}))
    answer = await world.call(world.root, "iam", "CreatePolicy", PolicyName="x", PolicyDocument=trusting)
    assert answer.code == "MalformedPolicyDocument"
    assert (await world.call(world.root, "iam", "ListPolicies", Scope="Local")).values("PolicyName") == []


async def test_a_policy_beyond_the_quota_is_refused(world: QueryWorld) -> None:
    long = policy_text(allow(*(f"s3:Get{number:0>60}" for number in range(100))))
    answer = await world.call(world.root, "iam", "CreatePolicy", PolicyName="x", PolicyDocument=long)
    assert (answer.status, answer.code) == (409, "LimitExceeded")


async def test_a_policy_name_is_taken_once(world: QueryWorld) -> None:
    await world.new_policy("Reads", allow("s3:*"))
    answer = await world.call(world.root, "iam", "CreatePolicy", PolicyName="reads", PolicyDocument=DOCUMENT)
    assert (answer.status, answer.code) == (409, "EntityAlreadyExists")


async def test_a_policy_is_deleted_when_it_is_attached_nowhere(world: QueryWorld) -> None:
    arn = await world.new_policy("Reads", allow("s3:*"))
    await world.new_user("alice", arn)
    assert (await world.call(world.root, "iam", "DeletePolicy", PolicyArn=arn)).code == "DeleteConflict"
    await world.call(world.root, "iam", "DetachUserPolicy", UserName="alice", PolicyArn=arn)
    assert (await world.call(world.root, "iam", "DeletePolicy", PolicyArn=arn)).status == 200
    assert (await world.call(world.root, "iam", "DeletePolicy", PolicyArn=arn)).code == "NoSuchEntity"


async def test_shipped_policies_can_be_read_and_not_deleted(world: QueryWorld) -> None:
    got = await world.call(world.root, "iam", "GetPolicy", PolicyArn=SIGN_IN)
    assert got.value("Policy/PolicyName") == "SignInLocalDevelopmentAccess"
    assert got.value("Policy/AttachmentCount") == "0"
    version = got.value("Policy/DefaultVersionId")
    document = await world.call(world.root, "iam", "GetPolicyVersion", PolicyArn=SIGN_IN, VersionId=version)
    assert json.loads(unquote(document.value("Document"))) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["signin:AuthorizeOAuth2Access", "signin:CreateOAuth2Token"],
                "Resource": "arn:aws:signin:*:*:oauth2/public-client/*",
            }
        ],
    }
    refused = await world.call(world.root, "iam", "DeletePolicy", PolicyArn=SIGN_IN)
    assert (refused.status, refused.code) == (400, "UnmodifiableEntity")


async def test_another_account_s_policy_is_closed_even_to_root(world: QueryWorld) -> None:
    arn = await world.new_policy("Reads", allow("s3:*"))
    await world.call(world.other_root, "iam", "CreateUser", UserName="carol")
    for action in ("GetPolicy", "DeletePolicy"):
        answer = await world.call(world.other_root, "iam", action, PolicyArn=arn)
        assert (answer.status, answer.code) == (403, "AccessDenied")
    for more in ({"PolicyArn": arn}, {"PolicyArn": arn.replace(ACCOUNT, "999999999999")}):
        attach = await world.call(world.other_root, "iam", "AttachUserPolicy", UserName="carol", **more)
        assert attach.code == "AccessDenied"
    listed = await world.call(world.other_root, "iam", "ListPolicies", Scope="Local")
    assert listed.values("PolicyName") == []


@pytest.mark.parametrize(
    "arn", ["x" * 20, f"arn:aws:iam::{ACCOUNT}:user/alice-and-bob", f"arn:aws:iam::{ACCOUNT}:policy/*"]
)
async def test_an_arn_that_is_no_policy_is_refused(world: QueryWorld, arn: str) -> None:
    assert (await world.call(world.root, "iam", "GetPolicy", PolicyArn=arn)).code == "InvalidInput"


async def test_policies_are_listed_own_first_in_pages(world: QueryWorld) -> None:
    for name in ("Beta", "alpha", "ReadOnlyAccess"):
        await world.new_policy(name, allow("s3:*"))
    seen: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = await world.call(world.root, "iam", "ListPolicies", MaxItems="2", **more)
        seen += page.values("Arn")
        if page.value("IsTruncated") == "false":
            break
        more = {"Marker": page.value("Marker")}
    names = [arn.removeprefix("arn:aws:iam::").replace(":policy/", " ") for arn in seen]
    assert names == [
        f"{ACCOUNT} alpha",
        f"{ACCOUNT} Beta",
        f"{ACCOUNT} ReadOnlyAccess",
        "aws AdministratorAccess",
        "aws AmazonS3FullAccess",
        "aws AmazonS3ReadOnlyAccess",
        "aws IAMFullAccess",
        "aws IAMReadOnlyAccess",
        "aws IAMUserChangePassword",
        "aws ReadOnlyAccess",
        "aws SignInLocalDevelopmentAccess",
    ]
    own = await world.call(world.root, "iam", "ListPolicies", Scope="Local")
    assert own.values("PolicyName") == ["alpha", "Beta", "ReadOnlyAccess"]
    shipped = await world.call(world.root, "iam", "ListPolicies", Scope="AWS", OnlyAttached="false")
    assert len(shipped.values("PolicyName")) == 8


@pytest.mark.parametrize(
    "more", [{"OnlyAttached": "yes"}, {"PolicyUsageFilter": "Boundary"}, {"Scope": "Mine"}]
)
async def test_filters_that_are_not_understood_are_refused(world: QueryWorld, more: dict[str, str]) -> None:
    assert (await world.call(world.root, "iam", "ListPolicies", **more)).code == "ValidationError"


async def test_a_role_is_created_and_found(world: QueryWorld) -> None:
    text = policy_text(trust({"AWS": OTHER_ACCOUNT}))
    created = await world.call(
        world.root,
        "iam",
        "CreateRole",
        RoleName="Reader",
        Path="/team/",
        AssumeRolePolicyDocument=text,
        Description="reads",
        MaxSessionDuration="7200",
    )
    assert created.value("Role/Arn") == f"arn:aws:iam::{ACCOUNT}:role/team/Reader"
    assert re.fullmatch(r"AROA[A-Z2-7]{17}", created.value("Role/RoleId"))
    got = await world.call(world.root, "iam", "GetRole", RoleName="reader")
    assert unquote(got.value("Role/AssumeRolePolicyDocument")) == text
    assert got.value("Role/MaxSessionDuration") == "7200"
    assert got.value("Role/Description") == "reads"
    again = await world.call(
        world.root, "iam", "CreateRole", RoleName="READER", AssumeRolePolicyDocument=text
    )
    assert (again.code, again.message) == ("EntityAlreadyExists", "Role with name READER already exists.")


@pytest.mark.parametrize("document", ["", "{}", policy_text(allow("sts:AssumeRole")), "not json"])
async def test_a_trust_policy_that_is_none_is_refused(world: QueryWorld, document: str) -> None:
    answer = await world.call(
        world.root, "iam", "CreateRole", RoleName="x", AssumeRolePolicyDocument=document
    )
    assert answer.code == ("MalformedPolicyDocument" if document else "ValidationError")


async def test_a_trust_policy_beyond_the_quota_is_refused(world: QueryWorld) -> None:
    arns = [f"arn:aws:iam::{ACCOUNT}:user/{number:0>60}" for number in range(30)]
    answer = await world.call(
        world.root,
        "iam",
        "CreateRole",
        RoleName="x",
        AssumeRolePolicyDocument=policy_text(trust({"AWS": arns})),
    )
    assert (answer.status, answer.code) == (409, "LimitExceeded")


@pytest.mark.parametrize("seconds", ["3599", "43201"])
async def test_a_role_s_maximum_is_bounded(world: QueryWorld, seconds: str) -> None:
    answer = await world.call(
        world.root,
        "iam",
        "CreateRole",
        RoleName="x",
        AssumeRolePolicyDocument=policy_text(trust("*")),
        MaxSessionDuration=seconds,
    )
    assert answer.code == "ValidationError"


async def test_roles_are_listed_and_deleted(world: QueryWorld) -> None:
    for name in ("b", "a", "c"):
        await world.new_role(name, trust({"AWS": ACCOUNT}))
    page = await world.call(world.root, "iam", "ListRoles", MaxItems="2")
    assert page.values("RoleName") == ["a", "b"]
    await world.call(world.root, "iam", "AttachRolePolicy", RoleName="a", PolicyArn=SIGN_IN)
    refused = await world.call(world.root, "iam", "DeleteRole", RoleName="a")
    assert (refused.status, refused.code) == (409, "DeleteConflict")
    await world.call(world.root, "iam", "DetachRolePolicy", RoleName="a", PolicyArn=SIGN_IN)
    assert (await world.call(world.root, "iam", "DeleteRole", RoleName="a")).status == 200
    assert (await world.call(world.root, "iam", "GetRole", RoleName="a")).code == "NoSuchEntity"


@pytest.mark.parametrize("holder", ["User", "Role"])
async def test_policies_are_attached_listed_and_detached(world: QueryWorld, holder: str) -> None:
    await world.new_user("one")
    await world.new_role("one", trust({"AWS": ACCOUNT}))
    name = {f"{holder}Name": "one"}
    own = await world.new_policy("Own", allow("s3:*"))
    for arn in (SIGN_IN, own, own):
        attached = await world.call(world.root, "iam", f"Attach{holder}Policy", **name, PolicyArn=arn)
        assert attached.status == 200
    first = await world.call(world.root, "iam", f"ListAttached{holder}Policies", **name, MaxItems="1")
    assert (first.values("PolicyName"), first.values("PolicyArn")) == (["Own"], [own])
    marker = first.value("Marker")
    second = await world.call(world.root, "iam", f"ListAttached{holder}Policies", **name, Marker=marker)
    assert second.values("PolicyArn") == [SIGN_IN]
    assert second.value("IsTruncated") == "false"
    none = await world.call(world.root, "iam", f"ListAttached{holder}Policies", **name, PathPrefix="/x/")
    assert none.values("PolicyArn") == []
    assert none.has("AttachedPolicies")
    await world.call(world.root, "iam", f"Detach{holder}Policy", **name, PolicyArn=own)
    gone = await world.call(world.root, "iam", f"Detach{holder}Policy", **name, PolicyArn=own)
    assert (gone.status, gone.code) == (404, "NoSuchEntity")


@pytest.mark.parametrize("holder", ["User", "Role"])
async def test_attaching_what_or_to_whom_there_is_not_is_refused(world: QueryWorld, holder: str) -> None:
    await world.new_user("one")
    await world.new_role("one", trust({"AWS": ACCOUNT}))
    action = f"Attach{holder}Policy"
    nobody = await world.call(world.root, "iam", action, **{f"{holder}Name": "nobody"}, PolicyArn=SIGN_IN)
    assert (nobody.code, nobody.message) == (
        "NoSuchEntity",
        f"The {holder.lower()} with name nobody cannot be found.",
    )
    for arn in (f"arn:aws:iam::{ACCOUNT}:policy/None", "arn:aws:iam::aws:policy/None"):
        nothing = await world.call(world.root, "iam", action, **{f"{holder}Name": "one"}, PolicyArn=arn)
        assert nothing.message == f"Policy {arn} does not exist or is not attachable."


async def test_more_than_ten_policies_are_refused(world: QueryWorld) -> None:
    await world.new_user("alice")
    for number in range(11):
        arn = await world.new_policy(f"p{number}", allow("s3:*"))
        answer = await world.call(world.root, "iam", "AttachUserPolicy", UserName="alice", PolicyArn=arn)
        assert answer.code == ("" if number < 10 else "LimitExceeded")


async def test_which_policy_is_attached_can_be_a_condition(world: QueryWorld) -> None:
    """Delegating "may hand out sign-in access, nothing more" is what the key iam:PolicyARN is for."""
    condition = {"ArnEquals": {"iam:PolicyARN": SIGN_IN}}
    alice = await world.new_user("alice", allow("iam:AttachUserPolicy", Condition=condition))
    assert (
        await world.call(alice, "iam", "AttachUserPolicy", UserName="alice", PolicyArn=SIGN_IN)
    ).status == 200
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    answer = await world.call(alice, "iam", "AttachUserPolicy", UserName="alice", PolicyArn=admin)
    assert answer.code == "AccessDenied"


@pytest.mark.parametrize(
    "action, parameters",
    [
        ("CreateUser", {"UserName": "x"}),
        ("GetUser", {"UserName": "bob"}),
        ("ListUsers", {}),
        ("UpdateUser", {"UserName": "bob", "NewPath": "/x/"}),
        ("TagUser", {"UserName": "bob", **TAG}),
        ("UntagUser", {"UserName": "bob", "TagKeys.member.1": "a"}),
        ("ListUserTags", {"UserName": "bob"}),
        ("PutUserPermissionsBoundary", {"UserName": "bob", "PermissionsBoundary": SIGN_IN}),
        ("DeleteUserPermissionsBoundary", {"UserName": "bob"}),
        ("ListSigningCertificates", {"UserName": "bob"}),
        ("ListSSHPublicKeys", {"UserName": "bob"}),
        ("ListServiceSpecificCredentials", {"UserName": "bob"}),
        ("CreateAccessKey", {"UserName": "bob"}),
        ("ListAccessKeys", {"UserName": "bob"}),
        ("UpdateAccessKey", {"UserName": "bob", "AccessKeyId": "AKIA" + "A" * 16, "Status": "Inactive"}),
        ("DeleteAccessKey", {"UserName": "bob", "AccessKeyId": "AKIA" + "A" * 16}),
        ("GetAccessKeyLastUsed", {"AccessKeyId": "AKIA" + "A" * 16}),
        ("CreateGroup", {"GroupName": "x"}),
        ("GetGroup", {"GroupName": "staff"}),
        ("ListGroups", {}),
        ("UpdateGroup", {"GroupName": "staff", "NewPath": "/x/"}),
        ("DeleteGroup", {"GroupName": "staff"}),
        ("AddUserToGroup", {"GroupName": "staff", "UserName": "bob"}),
        ("RemoveUserFromGroup", {"GroupName": "staff", "UserName": "bob"}),
        ("ListGroupsForUser", {"UserName": "bob"}),
        ("AttachGroupPolicy", {"GroupName": "staff", "PolicyArn": SIGN_IN}),
        ("DetachGroupPolicy", {"GroupName": "staff", "PolicyArn": SIGN_IN}),
        ("ListAttachedGroupPolicies", {"GroupName": "staff"}),
        ("PutUserPolicy", {"UserName": "bob", "PolicyName": "p", "PolicyDocument": DOCUMENT}),
        ("GetUserPolicy", {"UserName": "bob", "PolicyName": "p"}),
        ("DeleteUserPolicy", {"UserName": "bob", "PolicyName": "p"}),
        ("ListUserPolicies", {"UserName": "bob"}),
        ("PutGroupPolicy", {"GroupName": "staff", "PolicyName": "p", "PolicyDocument": DOCUMENT}),
        ("GetGroupPolicy", {"GroupName": "staff", "PolicyName": "p"}),
        ("DeleteGroupPolicy", {"GroupName": "staff", "PolicyName": "p"}),
        ("ListGroupPolicies", {"GroupName": "staff"}),
        ("PutRolePolicy", {"RoleName": "reader", "PolicyName": "p", "PolicyDocument": DOCUMENT}),
        ("GetRolePolicy", {"RoleName": "reader", "PolicyName": "p"}),
        ("DeleteRolePolicy", {"RoleName": "reader", "PolicyName": "p"}),
        ("ListRolePolicies", {"RoleName": "reader"}),
        ("PutRolePermissionsBoundary", {"RoleName": "reader", "PermissionsBoundary": SIGN_IN}),
        ("DeleteRolePermissionsBoundary", {"RoleName": "reader"}),
        ("ListInstanceProfilesForRole", {"RoleName": "reader"}),
        ("CreatePolicyVersion", {"PolicyArn": SIGN_IN, "PolicyDocument": DOCUMENT}),
        ("ListPolicyVersions", {"PolicyArn": SIGN_IN}),
        ("SetDefaultPolicyVersion", {"PolicyArn": SIGN_IN, "VersionId": "v1"}),
        ("DeletePolicyVersion", {"PolicyArn": SIGN_IN, "VersionId": "v1"}),
        ("TagPolicy", {"PolicyArn": SIGN_IN, **TAG}),
        ("UntagPolicy", {"PolicyArn": SIGN_IN, "TagKeys.member.1": "a"}),
        ("ListPolicyTags", {"PolicyArn": SIGN_IN}),
        ("ListEntitiesForPolicy", {"PolicyArn": SIGN_IN}),
        ("CreateAccountAlias", {"AccountAlias": "another"}),
        ("DeleteAccountAlias", {"AccountAlias": "example"}),
        ("ListAccountAliases", {}),
        ("GetAccountSummary", {}),
        ("UpdateAccountPasswordPolicy", {"RequireNumbers": "true"}),
        ("GetAccountPasswordPolicy", {}),
        ("DeleteAccountPasswordPolicy", {}),
        ("EnableOutboundWebIdentityFederation", {}),
        ("DisableOutboundWebIdentityFederation", {}),
        ("GetOutboundWebIdentityFederationInfo", {}),
        ("CreateVirtualMFADevice", {"VirtualMFADeviceName": "phone"}),
        ("EnableMFADevice", {"UserName": "bob", "SerialNumber": DEVICE, **CODES}),
        ("ResyncMFADevice", {"UserName": "bob", "SerialNumber": DEVICE, **CODES}),
        ("DeactivateMFADevice", {"UserName": "bob", "SerialNumber": DEVICE}),
        ("DeleteVirtualMFADevice", {"SerialNumber": DEVICE}),
        ("GetMFADevice", {"UserName": "bob", "SerialNumber": DEVICE}),
        ("TagMFADevice", {"SerialNumber": DEVICE, **TAG}),
        ("UntagMFADevice", {"SerialNumber": DEVICE, "TagKeys.member.1": "a"}),
        ("ListMFADeviceTags", {"SerialNumber": DEVICE}),
        ("ListMFADevices", {"UserName": "bob"}),
        ("ListVirtualMFADevices", {}),
        ("SimulateCustomPolicy", {"PolicyInputList.member.1": DOCUMENT, "ActionNames.member.1": "s3:Get"}),
        ("SimulatePrincipalPolicy", {"PolicySourceArn": BOB, "ActionNames.member.1": "s3:Get"}),
        ("GetContextKeysForCustomPolicy", {"PolicyInputList.member.1": DOCUMENT}),
        ("GetContextKeysForPrincipalPolicy", {"PolicySourceArn": BOB}),
        ("GetAccountAuthorizationDetails", {}),
        ("GenerateCredentialReport", {}),
        ("GetCredentialReport", {}),
        ("DeleteUser", {"UserName": "bob"}),
        ("CreateLoginProfile", {"UserName": "bob", "Password": "long enough password"}),
        ("GetLoginProfile", {"UserName": "bob"}),
        ("UpdateLoginProfile", {"UserName": "bob", "Password": "long enough password"}),
        ("DeleteLoginProfile", {"UserName": "bob"}),
        ("ChangePassword", {"OldPassword": "x", "NewPassword": "long enough password"}),
        ("CreatePolicy", {"PolicyName": "x", "PolicyDocument": DOCUMENT}),
        ("GetPolicy", {"PolicyArn": SIGN_IN}),
        ("GetPolicyVersion", {"PolicyArn": SIGN_IN, "VersionId": "v1"}),
        ("ListPolicies", {}),
        ("DeletePolicy", {"PolicyArn": SIGN_IN}),
        ("CreateRole", {"RoleName": "x", "AssumeRolePolicyDocument": policy_text(trust("*"))}),
        ("GetRole", {"RoleName": "reader"}),
        ("ListRoles", {}),
        ("DeleteRole", {"RoleName": "reader"}),
        ("AttachUserPolicy", {"UserName": "bob", "PolicyArn": SIGN_IN}),
        ("DetachUserPolicy", {"UserName": "bob", "PolicyArn": SIGN_IN}),
        ("ListAttachedUserPolicies", {"UserName": "bob"}),
        ("AttachRolePolicy", {"RoleName": "reader", "PolicyArn": SIGN_IN}),
        ("DetachRolePolicy", {"RoleName": "reader", "PolicyArn": SIGN_IN}),
        ("ListAttachedRolePolicies", {"RoleName": "reader"}),
        ("UpdateRole", {"RoleName": "reader", "Description": "x"}),
        ("UpdateRoleDescription", {"RoleName": "reader", "Description": "x"}),
        ("UpdateAssumeRolePolicy", {"RoleName": "reader", "PolicyDocument": policy_text(trust("*"))}),
        ("TagRole", {"RoleName": "reader", **TAG}),
        ("UntagRole", {"RoleName": "reader", "TagKeys.member.1": "a"}),
        ("ListRoleTags", {"RoleName": "reader"}),
        ("CreateSAMLProvider", {"Name": "x", "SAMLMetadataDocument": "x" * 1000}),
        ("GetSAMLProvider", {"SAMLProviderArn": SAML}),
        ("ListSAMLProviders", {}),
        ("UpdateSAMLProvider", {"SAMLProviderArn": SAML, "AssertionEncryptionMode": "Required"}),
        ("DeleteSAMLProvider", {"SAMLProviderArn": SAML}),
        ("TagSAMLProvider", {"SAMLProviderArn": SAML, **TAG}),
        ("UntagSAMLProvider", {"SAMLProviderArn": SAML, "TagKeys.member.1": "a"}),
        ("ListSAMLProviderTags", {"SAMLProviderArn": SAML}),
        ("CreateOpenIDConnectProvider", {"Url": "https://new.example.com"}),
        ("GetOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC}),
        ("ListOpenIDConnectProviders", {}),
        ("DeleteOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC}),
        ("AddClientIDToOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC, "ClientID": "x"}),
        ("RemoveClientIDFromOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC, "ClientID": "a"}),
        ("UpdateOpenIDConnectProviderThumbprint", {"OpenIDConnectProviderArn": OIDC, "ThumbprintList": ""}),
        ("TagOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC, **TAG}),
        ("UntagOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC, "TagKeys.member.1": "a"}),
        ("ListOpenIDConnectProviderTags", {"OpenIDConnectProviderArn": OIDC}),
    ],
)
async def test_every_action_asks_policy_for_itself(
    world: QueryWorld, action: str, parameters: dict[str, str]
) -> None:
    """Allowed everything but this one action, the caller is refused, and nothing has changed."""
    alice = await world.new_user("alice", allow("*"), deny(f"iam:{action}"))
    await world.new_user("bob")
    await world.call(world.root, "iam", "CreateGroup", GroupName="staff")
    await world.new_role("reader", trust({"AWS": ACCOUNT}))
    created = await world.call(
        world.root,
        "iam",
        "CreateOpenIDConnectProvider",
        Url="https://idp.example.com",
        **{"ClientIDList.member.1": "a", "ThumbprintList.member.1": "a" * 40},
    )
    assert created.status == 200, created.text
    before = await world.storage.accounts.load_revision(ACCOUNT)
    answer = await world.call(alice, "iam", action, **parameters)
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert f"is not authorized to perform: iam:{action} on resource: " in answer.message
    assert await world.storage.accounts.load_revision(ACCOUNT) == before


async def test_the_table_of_permissions_is_complete(world: QueryWorld) -> None:
    """Every action served is in the test above."""
    served = build_iam_operations(
        storage=world.storage,
        ring=world.ring,
        hasher=world.hasher,
        randomness=world.randomness,
        saml=world.saml,
    )
    marks = test_every_action_asks_policy_for_itself.pytestmark  # type: ignore[attr-defined]  # pytest's
    rows = next(mark for mark in marks if mark.name == "parametrize").args[1]
    assert {row[0] for row in rows} == set(served)
