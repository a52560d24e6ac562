"""The calls Terraform's AWS provider makes, in its order, for each kind of resource: create, read, plan, change, destroy.

The provider is a program of its own that cannot be installed with the tests, so its sequence is played by boto3. A plan
is clean when what is read back equals what was written: documents as JSON, everything else to the letter. (Terraform AWS
provider, resources aws_iam_user, aws_iam_role, aws_iam_policy, their attachments one by one and exclusive, groups, keys,
virtual MFA devices, identity providers, outbound federation and account settings, and its data sources)
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.exceptions import ClientError

from support.organisation import ACCOUNT, Organisation
from support.query_world import allow, policy_text, trust
from support.saml_forge import make_key, metadata

pytestmark = pytest.mark.clients

TAGS = [{"Key": "Environment", "Value": "test"}, {"Key": "ManagedBy", "Value": "terraform"}]
READER = "arn:aws:iam::aws:policy/ReadOnlyAccess"
DOCUMENT = policy_text(allow("s3:GetObject", resource="arn:aws:s3:::bucket/*"))
CHANGED = policy_text(allow("s3:GetObject", "s3:PutObject", resource="arn:aws:s3:::bucket/*"))
TRUST = policy_text(trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))


@pytest.fixture
def provider() -> Iterator[Any]:
    """The provider's IAM client, once it has asked who it is."""
    with Organisation() as organisation:
        identity = organisation.client("sts", organisation.world.root).get_caller_identity()
        assert identity["Account"] == ACCOUNT
        yield organisation.iam


def gone(call: Any, **parameters: Any) -> bool:
    """Whether the provider takes the resource for deleted: it waits for NoSuchEntity."""
    with pytest.raises(ClientError) as refusal:
        call(**parameters)
    return str(refusal.value.response["Error"]["Code"]) == "NoSuchEntity"


def sorted_tags(tags: list[dict[str, str]]) -> list[dict[str, str]]:
    return sorted(tags, key=lambda tag: tag["Key"])


def test_a_user_is_planned_clean_changed_and_destroyed(provider: Any) -> None:
    provider.create_user(UserName="deploy", Path="/ci/", PermissionsBoundary=READER, Tags=TAGS)

    def read(name: str) -> Any:
        return provider.get_user(UserName=name)["User"]

    first = read("deploy")
    assert (first["UserName"], first["Path"]) == ("deploy", "/ci/")
    assert first["PermissionsBoundary"]["PermissionsBoundaryArn"] == READER
    assert sorted_tags(first["Tags"]) == TAGS
    assert read("deploy") == first, "a second plan sees the same"
    provider.update_user(UserName="deploy", NewUserName="deployer", NewPath="/")
    provider.delete_user_permissions_boundary(UserName="deployer")
    provider.untag_user(UserName="deployer", TagKeys=["ManagedBy"])
    provider.tag_user(UserName="deployer", Tags=[{"Key": "Environment", "Value": "prod"}])
    changed = read("deployer")
    assert "PermissionsBoundary" not in changed
    assert changed["Tags"] == [{"Key": "Environment", "Value": "prod"}]
    assert changed["UserId"] == first["UserId"]

    provider.attach_user_policy(UserName="deployer", PolicyArn=READER)
    attached = provider.list_attached_user_policies(UserName="deployer")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [READER]
    provider.put_user_policy(UserName="deployer", PolicyName="inline", PolicyDocument=DOCUMENT)
    inline = provider.get_user_policy(UserName="deployer", PolicyName="inline")
    assert inline["PolicyDocument"] == json.loads(DOCUMENT)
    key = provider.create_access_key(UserName="deployer")["AccessKey"]
    listed = provider.list_access_keys(UserName="deployer")["AccessKeyMetadata"]
    assert listed == [{name: key[name] for name in ("UserName", "AccessKeyId", "Status", "CreateDate")}]
    assert provider.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["UserName"] == "deployer"
    provider.create_login_profile(
        UserName="deployer", Password="correct horse battery", PasswordResetRequired=True
    )
    assert provider.get_login_profile(UserName="deployer")["LoginProfile"]["PasswordResetRequired"]

    provider.detach_user_policy(UserName="deployer", PolicyArn=READER)
    provider.delete_user_policy(UserName="deployer", PolicyName="inline")
    # force_destroy
    assert provider.list_groups_for_user(UserName="deployer")["Groups"] == []
    for row in provider.list_access_keys(UserName="deployer")["AccessKeyMetadata"]:
        provider.delete_access_key(UserName="deployer", AccessKeyId=row["AccessKeyId"])
    assert provider.list_ssh_public_keys(UserName="deployer")["SSHPublicKeys"] == []
    assert provider.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"] == []
    assert provider.list_mfa_devices(UserName="deployer")["MFADevices"] == []
    provider.delete_login_profile(UserName="deployer")
    assert provider.list_signing_certificates(UserName="deployer")["Certificates"] == []
    assert provider.list_service_specific_credentials(UserName="deployer")["ServiceSpecificCredentials"] == []
    provider.delete_user(UserName="deployer")
    assert gone(provider.get_user, UserName="deployer")


def test_a_role_is_planned_clean_changed_and_destroyed(provider: Any) -> None:
    provider.create_role(
        RoleName="app",
        Path="/service/",
        AssumeRolePolicyDocument=TRUST,
        Description="runs the app",
        MaxSessionDuration=7200,
        PermissionsBoundary=READER,
        Tags=TAGS,
    )

    def read() -> Any:
        role = provider.get_role(RoleName="app")["Role"]
        inline = provider.list_role_policies(RoleName="app")["PolicyNames"]
        attached = provider.list_attached_role_policies(RoleName="app")["AttachedPolicies"]
        return role, inline, attached

    role, inline, attached = read()
    assert role["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert (role["Description"], role["MaxSessionDuration"], role["Path"]) == (
        "runs the app",
        7200,
        "/service/",
    )
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == READER
    assert sorted_tags(role["Tags"]) == TAGS
    assert (inline, attached) == ([], [])
    assert read() == (role, inline, attached)
    other = policy_text(
        trust({"AWS": [f"arn:aws:iam::{ACCOUNT}:root"]}, Condition={"Bool": {"aws:SecureTransport": "true"}})
    )
    provider.update_assume_role_policy(RoleName="app", PolicyDocument=other)
    provider.update_role_description(RoleName="app", Description="")
    provider.update_role(RoleName="app", MaxSessionDuration=3600)
    provider.delete_role_permissions_boundary(RoleName="app")
    provider.untag_role(RoleName="app", TagKeys=["ManagedBy", "Environment"])
    changed, _, _ = read()
    assert changed["AssumeRolePolicyDocument"] == json.loads(other)
    assert changed.get("Description", "") == ""
    assert changed["MaxSessionDuration"] == 3600
    assert "PermissionsBoundary" not in changed
    assert "Tags" not in changed

    provider.attach_role_policy(RoleName="app", PolicyArn=READER)
    assert read()[2] == [{"PolicyName": "ReadOnlyAccess", "PolicyArn": READER}]
    provider.put_role_policy(RoleName="app", PolicyName="inline", PolicyDocument=DOCUMENT)
    assert read()[1] == ["inline"]
    assert provider.get_role_policy(RoleName="app", PolicyName="inline")["PolicyDocument"] == json.loads(
        DOCUMENT
    )
    # force_detach_policies
    assert provider.list_instance_profiles_for_role(RoleName="app")["InstanceProfiles"] == []
    for policy in read()[2]:
        provider.detach_role_policy(RoleName="app", PolicyArn=policy["PolicyArn"])
    for name in read()[1]:
        provider.delete_role_policy(RoleName="app", PolicyName=name)
    provider.delete_role(RoleName="app")
    assert gone(provider.get_role, RoleName="app")


def test_a_policy_is_planned_clean_changed_six_times_and_destroyed(provider: Any) -> None:
    arn = provider.create_policy(
        PolicyName="buckets", Path="/team/", Description="reads", PolicyDocument=DOCUMENT, Tags=TAGS
    )["Policy"]["Arn"]

    def read() -> Any:
        policy = provider.get_policy(PolicyArn=arn)["Policy"]
        version = provider.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])
        return policy, version["PolicyVersion"]["Document"]

    policy, document = read()
    assert document == json.loads(DOCUMENT)
    assert (policy["PolicyName"], policy["Path"], policy["Description"]) == ("buckets", "/team/", "reads")
    assert sorted_tags(policy["Tags"]) == TAGS
    assert policy["AttachmentCount"] == 0
    assert read() == (policy, document)
    for number in range(6):
        versions = provider.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) >= 5:
            oldest = min(
                (each for each in versions if not each["IsDefaultVersion"]),
                key=lambda each: int(each["VersionId"][1:]),
            )
            provider.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        wanted = CHANGED if number % 2 else DOCUMENT
        provider.create_policy_version(PolicyArn=arn, PolicyDocument=wanted, SetAsDefault=True)
        assert read()[1] == json.loads(wanted)
    for version in provider.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            provider.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    provider.delete_policy(PolicyArn=arn)
    assert gone(provider.get_policy, PolicyArn=arn)


def test_groups_memberships_and_account_settings_are_planned_clean(provider: Any) -> None:
    provider.create_group(GroupName="devs", Path="/team/")
    group = provider.get_group(GroupName="devs")["Group"]
    assert (group["GroupName"], group["Path"]) == ("devs", "/team/")
    for name in ("a", "b"):
        provider.create_user(UserName=name)
        provider.add_user_to_group(GroupName="devs", UserName=name)
    members = provider.get_paginator("get_group").paginate(GroupName="devs")
    assert [user["UserName"] for page in members for user in page["Users"]] == ["a", "b"]
    assert [each["GroupName"] for each in provider.list_groups_for_user(UserName="a")["Groups"]] == ["devs"]
    provider.attach_group_policy(GroupName="devs", PolicyArn=READER)
    attached = provider.list_attached_group_policies(GroupName="devs")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [READER]
    provider.put_group_policy(GroupName="devs", PolicyName="inline", PolicyDocument=DOCUMENT)
    assert provider.get_group_policy(GroupName="devs", PolicyName="inline")["PolicyDocument"] == json.loads(
        DOCUMENT
    )
    provider.update_group(GroupName="devs", NewGroupName="makers", NewPath="/")
    provider.detach_group_policy(GroupName="makers", PolicyArn=READER)
    provider.delete_group_policy(GroupName="makers", PolicyName="inline")
    for name in ("a", "b"):
        provider.remove_user_from_group(GroupName="makers", UserName=name)
        provider.delete_user(UserName=name)
    provider.delete_group(GroupName="makers")
    assert gone(provider.get_group, GroupName="makers")

    wanted = {
        "MinimumPasswordLength": 16,
        "RequireSymbols": True,
        "RequireNumbers": True,
        "RequireUppercaseCharacters": False,
        "RequireLowercaseCharacters": True,
        "AllowUsersToChangePassword": True,
        "MaxPasswordAge": 90,
        "PasswordReusePrevention": 5,
        "HardExpiry": False,
    }
    provider.update_account_password_policy(**wanted)
    read = provider.get_account_password_policy()["PasswordPolicy"]
    assert {name: read[name] for name in wanted} == wanted
    assert read["ExpirePasswords"]
    provider.delete_account_password_policy()
    assert gone(provider.get_account_password_policy)
    provider.create_account_alias(AccountAlias="planned")
    assert provider.list_account_aliases()["AccountAliases"] == ["planned"]
    provider.delete_account_alias(AccountAlias="planned")


def test_documents_are_read_back_to_the_letter(provider: Any) -> None:
    """The provider compares JSON; other tools compare texts."""
    written = '{ "Version":"2012-10-17",\n  "Statement": [ {"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":"*"} ] }\n'
    arn = provider.create_policy(PolicyName="spaced", PolicyDocument=written)["Policy"]["Arn"]
    answers: list[bytes] = []
    provider.meta.events.register(
        "after-call.iam", lambda http_response, **_: answers.append(http_response.content)
    )
    provider.get_policy_version(PolicyArn=arn, VersionId="v1")
    encoded = answers[0].split(b"<Document>")[1].split(b"</Document>")[0].decode()
    assert unquote(encoded) == written


def test_a_virtual_device_is_planned_clean_and_destroyed(provider: Any) -> None:
    """The listing has no tags: the provider asks for them apart."""
    made = provider.create_virtual_mfa_device(Path="/ci/", VirtualMFADeviceName="phone", Tags=TAGS)
    serial = made["VirtualMFADevice"]["SerialNumber"]
    assert serial == f"arn:aws:iam::{ACCOUNT}:mfa/ci/phone"
    assert made["VirtualMFADevice"]["QRCodePNG"].startswith(b"\x89PNG")
    assert len(made["VirtualMFADevice"]["Base32StringSeed"]) == 32

    def read() -> tuple[Any, Any]:
        pages = provider.get_paginator("list_virtual_mfa_devices").paginate()
        found = [device for page in pages for device in page["VirtualMFADevices"]]
        (device,) = [device for device in found if device["SerialNumber"] == serial]
        return device, provider.list_mfa_device_tags(SerialNumber=serial)["Tags"]

    device, tags = read()
    assert device == {"SerialNumber": serial}, "nobody's: neither a user nor a date"
    assert sorted_tags(tags) == TAGS
    assert read() == (device, tags)
    provider.untag_mfa_device(SerialNumber=serial, TagKeys=["ManagedBy"])
    provider.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "Environment", "Value": "prod"}])
    assert read()[1] == [{"Key": "Environment", "Value": "prod"}]
    provider.delete_virtual_mfa_device(SerialNumber=serial)
    assert gone(provider.list_mfa_device_tags, SerialNumber=serial)
    assert gone(provider.delete_virtual_mfa_device, SerialNumber=serial)


def test_identity_providers_are_planned_clean_changed_and_destroyed(provider: Any) -> None:
    arn = provider.create_open_id_connect_provider(
        Url="https://token.example.com", ClientIDList=["one", "two"], Tags=TAGS
    )["OpenIDConnectProviderArn"]

    def read() -> Any:
        found = provider.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        del found["ResponseMetadata"]
        return found

    first = read()
    assert first["Url"].removeprefix("https://") == "token.example.com"
    assert sorted(first["ClientIDList"]) == ["one", "two"]
    assert sorted_tags(first["Tags"]) == TAGS
    assert read() == first
    thumbprint = "0123456789abcdef0123456789abcdef01234567"
    provider.update_open_id_connect_provider_thumbprint(
        OpenIDConnectProviderArn=arn, ThumbprintList=[thumbprint]
    )
    provider.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="three")
    provider.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="one")
    provider.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=["ManagedBy"])
    changed = read()
    assert (changed["ThumbprintList"], sorted(changed["ClientIDList"])) == ([thumbprint], ["three", "two"])
    pages = provider.get_paginator("list_open_id_connect_provider_tags").paginate(
        OpenIDConnectProviderArn=arn
    )
    assert [tag for page in pages for tag in page["Tags"]] == changed["Tags"] == TAGS[:1]
    provider.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert gone(provider.get_open_id_connect_provider, OpenIDConnectProviderArn=arn)

    document = metadata(make_key("idp", end=10 * 365 * 86_400))
    saml = provider.create_saml_provider(Name="corp", SAMLMetadataDocument=document, Tags=TAGS)
    found = provider.get_saml_provider(SAMLProviderArn=saml["SAMLProviderArn"])
    assert (found["SAMLMetadataDocument"], sorted_tags(found["Tags"])) == (document, TAGS)
    provider.update_saml_provider(SAMLProviderArn=saml["SAMLProviderArn"], SAMLMetadataDocument=document)
    assert provider.list_saml_provider_tags(SAMLProviderArn=saml["SAMLProviderArn"])["Tags"] == found["Tags"]
    provider.delete_saml_provider(SAMLProviderArn=saml["SAMLProviderArn"])
    assert gone(provider.get_saml_provider, SAMLProviderArn=saml["SAMLProviderArn"])


def test_outbound_federation_that_is_on_already_is_adopted_and_switched_off(provider: Any) -> None:
    with pytest.raises(provider.exceptions.FeatureEnabledException):
        provider.enable_outbound_web_identity_federation()
    info = provider.get_outbound_web_identity_federation_info()
    assert info["JwtVendingEnabled"] is True
    provider.disable_outbound_web_identity_federation()
    with pytest.raises(provider.exceptions.FeatureDisabledException):
        provider.get_outbound_web_identity_federation_info()
    made = provider.enable_outbound_web_identity_federation()
    assert made["IssuerIdentifier"] == info["IssuerIdentifier"]


def test_exclusive_attachments_and_inline_policies_take_away_what_others_gave(provider: Any) -> None:
    """aws_iam_policy_attachment, …_policy_attachments_exclusive, …_policies_exclusive, of each kind of holder."""
    arn = provider.create_policy(PolicyName="shared", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    provider.create_user(UserName="holder")
    provider.create_group(GroupName="holder")
    provider.create_role(RoleName="holder", AssumeRolePolicyDocument=TRUST)
    for kind in ("user", "group", "role"):
        named = {f"{kind.title()}Name": "holder"}
        getattr(provider, f"attach_{kind}_policy")(**named, PolicyArn=arn)
        getattr(provider, f"attach_{kind}_policy")(**named, PolicyArn=READER)
        getattr(provider, f"put_{kind}_policy")(**named, PolicyName="stray", PolicyDocument=DOCUMENT)
    pages = list(provider.get_paginator("list_entities_for_policy").paginate(PolicyArn=arn))
    for kind in ("User", "Group", "Role"):
        assert [each[f"{kind}Name"] for page in pages for each in page[f"Policy{kind}s"]] == ["holder"]
    for kind in ("user", "group", "role"):
        named = {f"{kind.title()}Name": "holder"}
        pages = provider.get_paginator(f"list_attached_{kind}_policies").paginate(**named)
        assert {each["PolicyArn"] for page in pages for each in page["AttachedPolicies"]} == {arn, READER}
        getattr(provider, f"detach_{kind}_policy")(**named, PolicyArn=READER)
        getattr(provider, f"detach_{kind}_policy")(**named, PolicyArn=arn)
        assert gone(getattr(provider, f"detach_{kind}_policy"), **named, PolicyArn=arn)
        pages = provider.get_paginator(f"list_{kind}_policies").paginate(**named)
        assert [name for page in pages for name in page["PolicyNames"]] == ["stray"]
        getattr(provider, f"delete_{kind}_policy")(**named, PolicyName="stray")
        assert gone(getattr(provider, f"get_{kind}_policy"), **named, PolicyName="stray")
    assert provider.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 0


def test_data_sources_and_tag_refreshes_find_what_is_there(provider: Any) -> None:
    provider.create_user(UserName="ann", Path="/team/", Tags=TAGS)
    provider.create_role(RoleName="app", Path="/team/", AssumeRolePolicyDocument=TRUST, Tags=TAGS)
    arn = provider.create_policy(PolicyName="own", Path="/team/", PolicyDocument=DOCUMENT, Tags=TAGS)[
        "Policy"
    ]["Arn"]
    assert sorted_tags(provider.list_user_tags(UserName="ann")["Tags"]) == TAGS
    assert sorted_tags(provider.list_role_tags(RoleName="app")["Tags"]) == TAGS
    assert sorted_tags(provider.list_policy_tags(PolicyArn=arn)["Tags"]) == TAGS
    below = {"PathPrefix": "/team/"}
    assert [user["UserName"] for user in provider.list_users(**below)["Users"]] == ["ann"]
    assert [role["RoleName"] for role in provider.list_roles(**below)["Roles"]] == ["app"]
    assert [policy["Arn"] for policy in provider.list_policies(**below, Scope="All")["Policies"]] == [arn]
    assert [
        policy["Arn"] for policy in provider.list_policies(Scope="AWS")["Policies"] if policy["Arn"] == READER
    ] == [READER]
    key = provider.create_access_key(UserName="ann")["AccessKey"]
    provider.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    (listed,) = provider.list_access_keys(UserName="ann")["AccessKeyMetadata"]
    assert listed["Status"] == "Inactive"
    provider.attach_user_policy(UserName="ann", PolicyArn=arn)
    simulated = provider.simulate_principal_policy(
        PolicySourceArn=provider.get_user(UserName="ann")["User"]["Arn"],
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=["arn:aws:s3:::bucket/key"],
    )["EvaluationResults"]
    assert [result["EvalDecision"] for result in simulated] == ["allowed", "implicitDeny"]
    assert provider.get_account_summary()["SummaryMap"]["Users"] == 1
