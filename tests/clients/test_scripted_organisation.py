"""A scripted organisation, administered and used with unmodified boto3 and `aws iam` of both versions.

Two accounts, ten users, groups, roles with boundaries, a cross-account role, a policy that asks for a second factor,
password resets, access keys that are retired; and every refusal on the way.
"""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from botocore.exceptions import ClientError

from daypass.protocol.aws.sigv4 import Credentials
from daypass.secret import Secret
from support.aws_cli_v2 import aws_cli_v2
from support.organisation import ACCOUNT, AWS_CLI_V1, OTHER_ACCOUNT, Organisation, temporary
from support.query_world import allow, deny, policy_text, trust

pytestmark = pytest.mark.clients

USERS = ("ada", "bob", "cleo", "dan", "eve", "finn", "gus", "hal", "ida", "joe")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
READER = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
CEILING = f"arn:aws:iam::{ACCOUNT}:policy/Ceiling"
PASSWORD = "correct horse battery"


@pytest.fixture
def organisation() -> Iterator[Organisation]:
    with Organisation() as made:
        yield made


@pytest.fixture
def staffed(organisation: Organisation) -> Organisation:
    """Ten users, two groups, and the boundary everybody but root works under."""
    iam = organisation.iam
    iam.create_policy(
        PolicyName="Ceiling",
        PolicyDocument=policy_text(allow("iam:Get*", "iam:List*", "s3:*", "sts:*")),
    )
    for number, name in enumerate(USERS):
        iam.create_user(
            UserName=name,
            Path="/staff/" if number % 2 else "/",
            Tags=[{"Key": "team", "Value": "blue" if number < 5 else "red"}],
        )
    for group, members in (("admins", USERS[:1]), ("readers", USERS[1:5])):
        iam.create_group(GroupName=group)
        for member in members:
            iam.add_user_to_group(GroupName=group, UserName=member)
    iam.attach_group_policy(GroupName="admins", PolicyArn=ADMINISTRATOR)
    iam.attach_group_policy(GroupName="readers", PolicyArn=READER)
    return organisation


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """The code and the words of a call that must not succeed."""
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]


def code_of(call: Callable[..., Any], **parameters: Any) -> str:
    return refusal(call, **parameters)[0]


def test_the_staff_is_listed_in_every_direction(staffed: Organisation) -> None:
    iam = staffed.iam
    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 3})
    assert [user["UserName"] for page in pages for user in page["Users"]] == sorted(USERS)
    staff = iam.list_users(PathPrefix="/staff/")["Users"]
    assert [user["UserName"] for user in staff] == ["bob", "dan", "finn", "hal", "joe"]
    members = iam.get_paginator("get_group").paginate(GroupName="readers", PaginationConfig={"PageSize": 2})
    assert [user["UserName"] for page in members for user in page["Users"]] == list(USERS[1:5])
    groups = iam.list_groups_for_user(UserName="bob")["Groups"]
    assert [group["GroupName"] for group in groups] == ["readers"]
    entities = iam.list_entities_for_policy(PolicyArn=READER)
    assert [group["GroupName"] for group in entities["PolicyGroups"]] == ["readers"]
    assert entities["PolicyUsers"] == entities["PolicyRoles"] == []
    assert iam.list_entities_for_policy(PolicyArn=READER, EntityFilter="User")["PolicyGroups"] == []
    attached = iam.list_policies(OnlyAttached=True)["Policies"]
    assert [policy["PolicyName"] for policy in attached] == ["AdministratorAccess", "IAMReadOnlyAccess"]
    summary = iam.get_account_summary()["SummaryMap"]
    assert (summary["Users"], summary["Groups"], summary["Policies"]) == (10, 2, 1)
    assert summary["AccessKeysPerUserQuota"] == 2


def test_the_account_s_details_are_whole_over_pages_and_by_filter(staffed: Organisation) -> None:
    iam = staffed.iam
    iam.put_user_policy(UserName="ada", PolicyName="own", PolicyDocument=policy_text(allow("s3:*")))
    pages = iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 4})
    found: dict[str, list[Any]] = {
        "UserDetailList": [],
        "GroupDetailList": [],
        "RoleDetailList": [],
        "Policies": [],
    }
    for page in pages:
        for name, items in found.items():
            items += page[name]
    assert [user["UserName"] for user in found["UserDetailList"]] == sorted(USERS)
    ada = found["UserDetailList"][0]
    assert ada["GroupList"] == ["admins"]
    assert ada["UserPolicyList"][0]["PolicyDocument"] == json.loads(policy_text(allow("s3:*")))
    assert ada["Tags"] == [{"Key": "team", "Value": "blue"}]
    assert [group["GroupName"] for group in found["GroupDetailList"]] == ["admins", "readers"]
    assert found["GroupDetailList"][1]["AttachedManagedPolicies"][0]["PolicyArn"] == READER
    own = [policy for policy in found["Policies"] if policy["Arn"] == CEILING]
    assert own[0]["PolicyVersionList"][0]["IsDefaultVersion"]
    only = iam.get_account_authorization_details(Filter=["Group"])
    assert len(only["GroupDetailList"]) == 2
    assert only["UserDetailList"] == only["Policies"] == []


def test_membership_gives_and_leaving_takes_away_at_once(staffed: Organisation) -> None:
    bob = staffed.client("iam", staffed.user_key("bob"))
    eleventh = staffed.client("iam", staffed.user_key("joe"))
    assert bob.list_users()["Users"]
    assert code_of(bob.create_user, UserName="x") == "AccessDenied"
    assert code_of(eleventh.list_users) == "AccessDenied"
    staffed.iam.add_user_to_group(GroupName="readers", UserName="joe")
    assert eleventh.list_users()["Users"]
    staffed.iam.remove_user_from_group(GroupName="readers", UserName="joe")
    assert code_of(eleventh.list_users) == "AccessDenied"
    assert code_of(staffed.iam.remove_user_from_group, GroupName="readers", UserName="joe") == "NoSuchEntity"
    assert code_of(staffed.iam.add_user_to_group, GroupName="nobody", UserName="joe") == "NoSuchEntity"
    for number in range(10):
        staffed.iam.create_group(GroupName=f"g{number}")
        staffed.iam.add_user_to_group(GroupName=f"g{number}", UserName="joe")
    staffed.iam.add_user_to_group(GroupName="g0", UserName="joe")
    assert code_of(staffed.iam.add_user_to_group, GroupName="readers", UserName="joe") == "LimitExceeded"


def test_who_may_make_roles_only_below_a_boundary_cannot_leave_it(staffed: Organisation) -> None:
    """Delegated administration as AWS's guide describes it."""
    below = {"StringEquals": {"iam:PermissionsBoundary": CEILING}}
    staffed.iam.put_user_policy(
        UserName="cleo",
        PolicyName="delegate",
        PolicyDocument=policy_text(
            allow(
                "iam:CreateRole", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary", Condition=below
            ),
            allow("sts:AssumeRole"),
            deny("iam:DeleteRolePermissionsBoundary"),
        ),
    )
    key = staffed.user_key("cleo")
    cleo = staffed.client("iam", key)
    document = policy_text(trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/cleo"}))
    role = {"RoleName": "worker", "AssumeRolePolicyDocument": document}
    assert code_of(cleo.create_role, **role) == "AccessDenied"
    assert code_of(cleo.create_role, **role, PermissionsBoundary=ADMINISTRATOR) == "AccessDenied"
    made = cleo.create_role(**role, PermissionsBoundary=CEILING)["Role"]
    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == CEILING
    cleo.attach_role_policy(RoleName="worker", PolicyArn=ADMINISTRATOR)
    assert code_of(cleo.delete_role_permissions_boundary, RoleName="worker") == "AccessDenied"
    change = {"RoleName": "worker", "PermissionsBoundary": ADMINISTRATOR}
    assert code_of(cleo.put_role_permissions_boundary, **change) == "AccessDenied"
    worker = staffed.client("iam", staffed.assume(key, made["Arn"]))
    assert worker.list_users()["Users"], "what the boundary allows too"
    code, message = refusal(worker.create_user, UserName="x")
    assert code == "AccessDenied"
    assert "permissions boundary" in message
    assert code_of(staffed.iam.delete_policy, PolicyArn=CEILING) == "DeleteConflict"
    assert staffed.iam.get_policy(PolicyArn=CEILING)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    bounded = staffed.iam.list_entities_for_policy(PolicyArn=CEILING, PolicyUsageFilter="PermissionsBoundary")
    assert [found["RoleName"] for found in bounded["PolicyRoles"]] == ["worker"]
    staffed.iam.delete_role_permissions_boundary(RoleName="worker")
    assert worker.create_user(UserName="x")["User"]["UserName"] == "x"
    assert code_of(staffed.iam.delete_role_permissions_boundary, RoleName="worker") == "NoSuchEntity"


def test_another_account_s_role_needs_both_sides(staffed: Organisation) -> None:
    abroad = staffed.client("iam", staffed.world.other_root)
    dan = staffed.iam.get_user(UserName="dan")["User"]["Arn"]
    role = abroad.create_role(
        RoleName="auditor",
        AssumeRolePolicyDocument=policy_text(trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})),
    )["Role"]["Arn"]
    abroad.attach_role_policy(RoleName="auditor", PolicyArn=READER)
    key = staffed.user_key("dan")
    sts = staffed.client("sts", key)
    asked = {"RoleArn": role, "RoleSessionName": "work"}
    assert code_of(sts.assume_role, **asked) == "AccessDenied", "dan's account does not allow it yet"
    staffed.iam.put_user_policy(
        UserName="dan",
        PolicyName="abroad",
        PolicyDocument=policy_text(allow("sts:AssumeRole", resource=role)),
    )
    auditor = staffed.client("iam", staffed.assume(key, role))
    assert [each["RoleName"] for each in auditor.list_roles()["Roles"]] == ["auditor"]
    assert code_of(auditor.get_user, UserName="dan") == "NoSuchEntity", "it is the other account it sees"
    abroad.update_assume_role_policy(
        RoleName="auditor", PolicyDocument=policy_text(trust({"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"}))
    )
    assert code_of(sts.assume_role, **asked) == "AccessDenied"
    abroad.update_assume_role_policy(
        RoleName="auditor",
        PolicyDocument=policy_text(
            trust({"AWS": dan}, Condition={"StringEquals": {"sts:ExternalId": "agreed"}})
        ),
    )
    assert code_of(sts.assume_role, **asked) == "AccessDenied"
    assert sts.assume_role(**asked, ExternalId="agreed")["Credentials"]
    assert code_of(abroad.attach_user_policy, UserName="dan", PolicyArn=READER) == "NoSuchEntity"
    foreign = abroad.create_policy(PolicyName="p", PolicyDocument=policy_text(allow("s3:*")))["Policy"]["Arn"]
    assert code_of(staffed.iam.attach_user_policy, UserName="dan", PolicyArn=foreign) == "AccessDenied"
    assert code_of(staffed.iam.get_policy, PolicyArn=foreign) == "AccessDenied"


def enable_device(organisation: Organisation, user_name: str) -> tuple[str, pyotp.TOTP]:
    """A virtual device of the user, enabled by two codes in a row."""
    iam = organisation.iam
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=f"{user_name}-phone")["VirtualMFADevice"]
    app = pyotp.TOTP(made["Base32StringSeed"].decode())
    assert made["QRCodePNG"].startswith(b"\x89PNG\r\n")
    step = organisation.world.now // 30
    serial = made["SerialNumber"]
    asked = {"UserName": user_name, "SerialNumber": serial}
    for first, second in ((step, step - 1), (step - 1, step - 1), (step - 9, step - 8), (step - 2, step)):
        codes = {
            "AuthenticationCode1": app.generate_otp(first),
            "AuthenticationCode2": app.generate_otp(second),
        }
        assert code_of(iam.enable_mfa_device, **asked, **codes) == "InvalidAuthenticationCode"
    codes = {"AuthenticationCode1": app.generate_otp(step - 1), "AuthenticationCode2": app.generate_otp(step)}
    iam.enable_mfa_device(**asked, **codes)
    assert code_of(iam.enable_mfa_device, **asked, **codes) == "EntityAlreadyExists"
    return serial, app


def test_a_policy_that_asks_for_a_second_factor_is_met_with_one(staffed: Organisation) -> None:
    present = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    staffed.iam.put_user_policy(
        UserName="eve",
        PolicyName="careful",
        PolicyDocument=policy_text(allow("iam:CreateUser", Condition=present)),
    )
    serial, app = enable_device(staffed, "eve")
    key = staffed.user_key("eve")
    assert code_of(staffed.client("iam", key).create_user, UserName="x") == "AccessDenied"
    sts = staffed.client("sts", key)
    staffed.world.now += 30
    code = app.generate_otp(staffed.world.now // 30)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert code_of(sts.get_session_token, SerialNumber=serial, TokenCode=wrong) == "AccessDenied"
    session = temporary(sts.get_session_token(SerialNumber=serial, TokenCode=code)["Credentials"])
    assert code_of(sts.get_session_token, SerialNumber=serial, TokenCode=code) == "AccessDenied", "once only"
    assert staffed.client("iam", session).create_user(UserName="x")
    plain = temporary(sts.get_session_token()["Credentials"])
    assert code_of(staffed.client("iam", plain).create_user, UserName="y") == "AccessDenied"
    devices = staffed.iam.list_mfa_devices(UserName="eve")["MFADevices"]
    assert [(each["UserName"], each["SerialNumber"]) for each in devices] == [("eve", serial)]
    assert code_of(staffed.iam.delete_virtual_mfa_device, SerialNumber=serial) == "DeleteConflict"
    assert code_of(staffed.iam.delete_user, UserName="eve") == "DeleteConflict"
    assigned = staffed.iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert assigned[0]["User"]["UserName"] == "eve"
    step = staffed.world.now // 30
    again = {"UserName": "eve", "SerialNumber": serial}
    used = {"AuthenticationCode1": app.generate_otp(step - 1), "AuthenticationCode2": app.generate_otp(step)}
    assert code_of(staffed.iam.resync_mfa_device, **again, **used) == "InvalidAuthenticationCode"
    staffed.world.now += 60
    step += 2
    fresh = {"AuthenticationCode1": app.generate_otp(step - 1), "AuthenticationCode2": app.generate_otp(step)}
    staffed.iam.resync_mfa_device(**again, **fresh)
    staffed.iam.deactivate_mfa_device(**again)
    assert code_of(staffed.iam.deactivate_mfa_device, **again) == "NoSuchEntity"
    assert staffed.iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"] == []
    staffed.iam.delete_virtual_mfa_device(SerialNumber=serial)
    assert code_of(staffed.iam.delete_virtual_mfa_device, SerialNumber=serial) == "NoSuchEntity"


def test_passwords_follow_the_account_s_policy(staffed: Organisation) -> None:
    iam = staffed.iam
    assert code_of(iam.get_account_password_policy) == "NoSuchEntity"
    iam.update_account_password_policy(
        MinimumPasswordLength=14,
        RequireNumbers=True,
        RequireSymbols=True,
        RequireUppercaseCharacters=True,
        RequireLowercaseCharacters=True,
        AllowUsersToChangePassword=True,
        PasswordReusePrevention=2,
        MaxPasswordAge=90,
    )
    policy = iam.get_account_password_policy()["PasswordPolicy"]
    assert (policy["MinimumPasswordLength"], policy["ExpirePasswords"]) == (14, True)
    for password, word in (
        ("Short-1", "length of 14"),
        ("all-lower-case-1", "uppercase"),
        ("ALL-UPPER-CASE-1", "lowercase"),
        ("No-Digits-In-Here", "number"),
        ("NoSymbolsInHere1", "symbol"),
    ):
        code, message = refusal(iam.create_login_profile, UserName="finn", Password=password)
        assert code == "PasswordPolicyViolation"
        assert word in message
    first, second, third = "First-Password-1", "Second-Password-2", "Third-Password-3"
    iam.create_login_profile(UserName="finn", Password=first, PasswordResetRequired=True)
    assert iam.get_login_profile(UserName="finn")["LoginProfile"]["PasswordResetRequired"]
    finn = staffed.client("iam", staffed.user_key("finn"))
    assert code_of(finn.change_password, OldPassword="wrong", NewPassword=second) == "AccessDenied"
    assert code_of(finn.change_password, OldPassword=first, NewPassword=first) == "PasswordPolicyViolation"
    finn.change_password(OldPassword=first, NewPassword=second)
    assert not iam.get_login_profile(UserName="finn")["LoginProfile"]["PasswordResetRequired"]
    assert code_of(finn.change_password, OldPassword=second, NewPassword=first) == "PasswordPolicyViolation"
    finn.change_password(OldPassword=second, NewPassword=third)
    finn.change_password(OldPassword=third, NewPassword=first)
    iam.update_login_profile(UserName="finn", Password="Set-By-An-Admin-4", PasswordResetRequired=True)
    assert code_of(finn.change_password, OldPassword=first, NewPassword=third) == "AccessDenied"
    iam.put_user_policy(
        UserName="finn", PolicyName="never", PolicyDocument=policy_text(deny("iam:ChangePassword"))
    )
    changed = {"OldPassword": "Set-By-An-Admin-4", "NewPassword": third}
    assert code_of(finn.change_password, **changed) == "AccessDenied", "the setting does not outweigh a deny"
    iam.delete_user_policy(UserName="finn", PolicyName="never")
    iam.put_user_permissions_boundary(UserName="finn", PermissionsBoundary=CEILING)
    assert code_of(finn.change_password, **changed) == "AccessDenied", "nor a boundary"
    iam.delete_user_permissions_boundary(UserName="finn")
    finn.change_password(**changed)
    iam.delete_account_password_policy()
    assert code_of(iam.delete_account_password_policy) == "NoSuchEntity"


def test_an_access_key_is_found_and_retired(staffed: Organisation) -> None:
    iam = staffed.iam
    old, new = staffed.user_key("gus"), staffed.user_key("gus")
    assert code_of(iam.create_access_key, UserName="gus") == "LimitExceeded"
    assert len(old.secret_access_key.reveal()) == 40
    assert (
        staffed.client("sts", staffed.world.root).get_access_key_info(AccessKeyId=old.access_key_id)[
            "Account"
        ]
        == ACCOUNT
    )
    identity = staffed.client("sts", old).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/gus"
    used = iam.get_access_key_last_used(AccessKeyId=old.access_key_id)
    assert (used["UserName"], used["AccessKeyLastUsed"]["ServiceName"]) == ("gus", "sts")
    rows = iam.list_access_keys(UserName="gus")["AccessKeyMetadata"]
    assert {row["AccessKeyId"] for row in rows} == {old.access_key_id, new.access_key_id}
    assert all("SecretAccessKey" not in row for row in rows)
    change = {"UserName": "gus", "AccessKeyId": old.access_key_id}
    iam.update_access_key(**change, Status="Inactive")
    assert code_of(staffed.client("sts", old).get_caller_identity) == "InvalidClientTokenId"
    assert code_of(iam.delete_user, UserName="gus") == "DeleteConflict"
    iam.update_access_key(**change, Status="Active")
    assert staffed.client("sts", old).get_caller_identity()
    assert code_of(iam.update_access_key, **change, Status="Expired") == "InvalidInput"
    assert code_of(iam.delete_access_key, UserName="hal", AccessKeyId=old.access_key_id) == "NoSuchEntity"
    iam.delete_access_key(**change)
    assert code_of(staffed.client("sts", old).get_caller_identity) == "InvalidClientTokenId"
    assert code_of(iam.get_access_key_last_used, AccessKeyId=old.access_key_id) == "NoSuchEntity"
    abroad = staffed.client("iam", staffed.world.other_root)
    assert code_of(abroad.get_access_key_last_used, AccessKeyId=new.access_key_id) == "NoSuchEntity"
    code, message = refusal(iam.create_access_key)
    assert (code, "root" in message) == ("InvalidInput", True)
    assert iam.list_access_keys()["AccessKeyMetadata"] == []


def test_a_policy_has_five_versions_and_its_default_decides(staffed: Organisation) -> None:
    iam = staffed.iam
    arn = iam.create_policy(
        PolicyName="Moving",
        PolicyDocument=policy_text(allow("iam:ListUsers")),
        Tags=[{"Key": "team", "Value": "blue"}],
    )["Policy"]["Arn"]
    iam.attach_user_policy(UserName="hal", PolicyArn=arn)
    hal = staffed.client("iam", staffed.user_key("hal"))
    assert hal.list_users()
    version = {"PolicyArn": arn, "PolicyDocument": policy_text(allow("iam:ListRoles"))}
    assert iam.create_policy_version(**version)["PolicyVersion"]["VersionId"] == "v2"
    assert code_of(hal.list_roles) == "AccessDenied", "it is not the default"
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert hal.list_roles()
    assert code_of(hal.list_users) == "AccessDenied"
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["IsDefaultVersion"] is False
    for number in (3, 4, 5):
        made = iam.create_policy_version(**version, SetAsDefault=number == 5)["PolicyVersion"]
        assert (made["VersionId"], made["IsDefaultVersion"]) == (f"v{number}", number == 5)
    assert code_of(iam.create_policy_version, **version) == "LimitExceeded"
    assert code_of(iam.delete_policy_version, PolicyArn=arn, VersionId="v5") == "DeleteConflict"
    assert code_of(iam.set_default_policy_version, PolicyArn=arn, VersionId="v9") == "NoSuchEntity"
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    assert iam.create_policy_version(**version)["PolicyVersion"]["VersionId"] == "v6", "no number twice"
    listed = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [each["VersionId"] for each in listed] == ["v6", "v5", "v4", "v3", "v2"]
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "team", "Value": "blue"}]
    assert code_of(iam.delete_policy, PolicyArn=arn) == "DeleteConflict"
    iam.detach_user_policy(UserName="hal", PolicyArn=arn)
    code, message = refusal(iam.delete_policy, PolicyArn=arn)
    assert (code, "more than one version" in message) == ("DeleteConflict", True)
    assert code_of(iam.create_policy_version, PolicyArn=READER, PolicyDocument=version["PolicyDocument"]) == (
        "UnmodifiableEntity"
    )
    bad = refusal(iam.create_policy_version, PolicyArn=arn, PolicyDocument="{}")
    assert bad[0] == "MalformedPolicyDocument"


def test_inline_policies_live_in_their_holder_and_have_room_for_so_much(staffed: Organisation) -> None:
    iam = staffed.iam
    document = policy_text(allow("s3:GetObject"))
    for noun, name, room in (("user", "ida", 2048), ("group", "readers", 5120), ("role", "inl", 10_240)):
        holder = {f"{noun.title()}Name": name}
        if noun == "role":
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy_text(trust({"AWS": ACCOUNT})))
        put, get = getattr(iam, f"put_{noun}_policy"), getattr(iam, f"get_{noun}_policy")
        put(**holder, PolicyName="one", PolicyDocument=document)
        got = get(**holder, PolicyName="one")
        assert got["PolicyDocument"] == json.loads(document)
        assert got[f"{noun.title()}Name"] == name
        filler = policy_text(allow("s3:GetObject", resource="arn:aws:s3:::" + "x" * (room - 150)))
        assert code_of(put, **holder, PolicyName="two", PolicyDocument=filler) == "LimitExceeded"
        put(**holder, PolicyName="one", PolicyDocument=filler)
        assert getattr(iam, f"list_{noun}_policies")(**holder)["PolicyNames"] == ["one"]
        code, message = refusal(get, **holder, PolicyName="two")
        assert (code, message) == ("NoSuchEntity", f"The {noun} policy with name two cannot be found.")
        getattr(iam, f"delete_{noun}_policy")(**holder, PolicyName="one")
        assert code_of(getattr(iam, f"delete_{noun}_policy"), **holder, PolicyName="one") == "NoSuchEntity"
        assert code_of(put, **holder, PolicyName="x", PolicyDocument="[]") == "MalformedPolicyDocument"


def test_a_user_is_deleted_in_the_order_the_refusals_name(staffed: Organisation) -> None:
    iam = staffed.iam
    iam.create_login_profile(UserName="bob", Password=PASSWORD)
    key = staffed.user_key("bob")
    serial, _ = enable_device(staffed, "bob")
    iam.put_user_policy(UserName="bob", PolicyName="own", PolicyDocument=policy_text(allow("s3:*")))
    iam.attach_user_policy(UserName="bob", PolicyArn=READER)
    for word, undo in (
        ("delete login profile", lambda: iam.delete_login_profile(UserName="bob")),
        (
            "delete access keys",
            lambda: iam.delete_access_key(UserName="bob", AccessKeyId=key.access_key_id),
        ),
        ("MFA device", lambda: iam.deactivate_mfa_device(UserName="bob", SerialNumber=serial)),
        ("delete policies", lambda: iam.delete_user_policy(UserName="bob", PolicyName="own")),
        ("detach all policies", lambda: iam.detach_user_policy(UserName="bob", PolicyArn=READER)),
        ("groups", lambda: iam.remove_user_from_group(UserName="bob", GroupName="readers")),
    ):
        code, message = refusal(iam.delete_user, UserName="bob")
        assert (code, word in message) == ("DeleteConflict", True), message
        undo()
    iam.delete_user(UserName="bob")
    assert code_of(iam.get_user, UserName="bob") == "NoSuchEntity"
    for word, undo in (
        (
            "remove users",
            lambda: [iam.remove_user_from_group(UserName=name, GroupName="readers") for name in USERS[2:5]],
        ),
        ("detach", lambda: iam.detach_group_policy(GroupName="readers", PolicyArn=READER)),
    ):
        code, message = refusal(iam.delete_group, GroupName="readers")
        assert (code, word in message) == ("DeleteConflict", True), message
        undo()
    iam.delete_group(GroupName="readers")


def test_a_renamed_user_stays_the_same_person(staffed: Organisation) -> None:
    iam = staffed.iam
    key = staffed.user_key("joe")
    before = iam.get_user(UserName="joe")["User"]
    assert code_of(iam.update_user, UserName="joe", NewUserName="Ida") == "EntityAlreadyExists"
    iam.update_user(UserName="joe", NewUserName="joseph", NewPath="/moved/")
    after = iam.get_user(UserName="joseph")["User"]
    assert after["UserId"] == before["UserId"]
    assert after["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/moved/joseph"
    assert staffed.client("sts", key).get_caller_identity()["Arn"] == after["Arn"]
    assert code_of(iam.get_user, UserName="joe") == "NoSuchEntity"
    iam.put_user_policy(
        UserName="ada",
        PolicyName="not-there",
        PolicyDocument=policy_text(deny("iam:UpdateUser", resource=f"arn:aws:iam::{ACCOUNT}:user/root/*")),
    )
    ada = staffed.client("iam", staffed.user_key("ada"))
    assert code_of(ada.update_user, UserName="joseph", NewPath="/root/") == "AccessDenied", (
        "nor the new place"
    )


def test_tags_delegate(staffed: Organisation) -> None:
    blue = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    born_blue = {
        "StringEquals": {"aws:RequestTag/team": "blue"},
        "ForAllValues:StringEquals": {"aws:TagKeys": "team"},
    }
    staffed.iam.put_user_policy(
        UserName="dan",
        PolicyName="blue",
        PolicyDocument=policy_text(
            allow("iam:UpdateUser", "iam:PutUserPolicy", Condition=blue),
            allow("iam:CreateUser", "iam:TagUser", Condition=born_blue),
        ),
    )
    dan = staffed.client("iam", staffed.user_key("dan"))
    dan.update_user(UserName="cleo", NewPath="/moved/")
    assert code_of(dan.update_user, UserName="joe", NewPath="/moved/") == "AccessDenied"
    assert code_of(dan.create_user, UserName="new") == "AccessDenied"
    red = [{"Key": "team", "Value": "red"}]
    assert code_of(dan.create_user, UserName="new", Tags=red) == "AccessDenied"
    more = [{"Key": "team", "Value": "blue"}, {"Key": "rank", "Value": "high"}]
    assert code_of(dan.create_user, UserName="new", Tags=more) == "AccessDenied"
    dan.create_user(UserName="new", Tags=more[:1])
    staffed.iam.untag_user(UserName="new", TagKeys=["team"])
    assert staffed.iam.list_user_tags(UserName="new")["Tags"] == []
    assert code_of(dan.update_user, UserName="new", NewPath="/x/") == "AccessDenied"
    assert (
        code_of(staffed.iam.tag_user, UserName="new", Tags=[{"Key": "aws:x", "Value": ""}]) == "InvalidInput"
    )


def test_nobody_locks_the_last_root_out(staffed: Organisation) -> None:
    """Ada may do everything, and root keeps everything: its password, its devices and its rights are out of reach."""
    ada = staffed.client("iam", staffed.user_key("ada"))
    world = staffed.world
    before = staffed.loop.run(world.storage.accounts.load_account(ACCOUNT))
    for name in ("root", ACCOUNT, "example"):
        for call, more in (
            (ada.update_login_profile, {"Password": PASSWORD}),
            (ada.delete_login_profile, {}),
            (ada.create_login_profile, {"Password": PASSWORD}),
            (ada.put_user_policy, {"PolicyName": "p", "PolicyDocument": policy_text(deny("*"))}),
            (ada.put_user_permissions_boundary, {"PermissionsBoundary": READER}),
            (ada.delete_user, {}),
        ):
            assert code_of(call, UserName=name, **more) == "NoSuchEntity"
    device = ada.create_virtual_mfa_device(VirtualMFADeviceName="trap")["VirtualMFADevice"]
    app = pyotp.TOTP(device["Base32StringSeed"].decode())
    step = world.now // 30
    codes = {"AuthenticationCode1": app.generate_otp(step - 1), "AuthenticationCode2": app.generate_otp(step)}
    for name in ("root", ACCOUNT, "example"):
        refused = code_of(ada.enable_mfa_device, UserName=name, SerialNumber=device["SerialNumber"], **codes)
        assert refused == "NoSuchEntity"
    ada.update_account_password_policy(MinimumPasswordLength=128, HardExpiry=True, MaxPasswordAge=1)
    for name in USERS:
        staffed.iam.put_user_policy(
            UserName=name, PolicyName="nothing", PolicyDocument=policy_text(deny("*"))
        )
    assert code_of(ada.list_users) == "AccessDenied", "ada has locked herself out"
    assert staffed.loop.run(world.storage.accounts.load_account(ACCOUNT)).root_password_hash == (
        before.root_password_hash if before else ""
    )
    assert staffed.iam.list_mfa_devices()["MFADevices"] == []
    staffed.iam.delete_user_policy(UserName="ada", PolicyName="nothing")
    assert ada.list_users()["Users"], "and root let her in again"


def test_the_simulator_says_what_the_server_does(staffed: Organisation) -> None:
    iam = staffed.iam
    cleo = iam.get_user(UserName="cleo")["User"]["Arn"]
    iam.put_user_policy(
        UserName="cleo",
        PolicyName="some",
        PolicyDocument=policy_text(
            allow("iam:CreateUser", Condition={"Bool": {"aws:SecureTransport": "true"}}),
            deny("iam:ListRoles"),
        ),
    )
    asked = ["iam:ListUsers", "iam:ListRoles", "iam:CreateUser", "iam:DeleteUser"]
    results = iam.simulate_principal_policy(PolicySourceArn=cleo, ActionNames=asked)["EvaluationResults"]
    decisions = {result["EvalActionName"]: result["EvalDecision"] for result in results}
    assert decisions == {
        "iam:ListUsers": "allowed",
        "iam:ListRoles": "explicitDeny",
        "iam:CreateUser": "implicitDeny",
        "iam:DeleteUser": "implicitDeny",
    }
    denied = results[1]["MatchedStatements"][0]
    assert (denied["SourcePolicyId"], denied["SourcePolicyType"]) == ("user_cleo_some", "user")
    assert denied["StartPosition"]["Line"] == 1
    assert results[2]["MissingContextValues"] == ["aws:SecureTransport"]
    entry = {
        "ContextKeyName": "aws:SecureTransport",
        "ContextKeyValues": ["true"],
        "ContextKeyType": "boolean",
    }
    again = iam.simulate_principal_policy(
        PolicySourceArn=cleo, ActionNames=["iam:CreateUser"], ContextEntries=[entry]
    )["EvaluationResults"]
    assert again[0]["EvalDecision"] == "allowed"
    iam.put_user_permissions_boundary(UserName="cleo", PermissionsBoundary=CEILING)
    bounded = iam.simulate_principal_policy(
        PolicySourceArn=cleo, ActionNames=["iam:CreateUser"], ContextEntries=[entry]
    )["EvaluationResults"][0]
    assert bounded["EvalDecision"] == "implicitDeny"
    assert bounded["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    keys = iam.get_context_keys_for_principal_policy(PolicySourceArn=cleo)["ContextKeyNames"]
    assert keys == ["aws:SecureTransport"]
    custom = iam.simulate_custom_policy(
        PolicyInputList=[policy_text(allow("s3:GetObject", resource="arn:aws:s3:::a/*"))],
        ActionNames=["s3:GetObject"],
        ResourceArns=["arn:aws:s3:::a/1", "arn:aws:s3:::b/1"],
    )["EvaluationResults"]
    assert [result["EvalDecision"] for result in custom] == ["allowed", "implicitDeny"]
    group = f"arn:aws:iam::{ACCOUNT}:group/readers"
    assert iam.simulate_principal_policy(PolicySourceArn=group, ActionNames=["iam:ListUsers"])
    assert (
        code_of(iam.simulate_principal_policy, PolicySourceArn=cleo + "x", ActionNames=asked)
        == "NoSuchEntity"
    )
    broken = code_of(iam.simulate_custom_policy, PolicyInputList=["{}"], ActionNames=asked)
    assert broken == "MalformedPolicyDocument"


def test_the_credential_report_has_a_line_for_everybody(staffed: Organisation) -> None:
    iam = staffed.iam
    iam.create_login_profile(UserName="ada", Password=PASSWORD)
    staffed.client("sts", staffed.user_key("ada")).get_caller_identity()
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    report = iam.get_credential_report()
    assert report["ReportFormat"] == "text/csv"
    lines = report["Content"].decode().splitlines()
    columns = lines[0].split(",")
    assert columns[:4] == ["user", "arn", "user_creation_time", "password_enabled"]
    assert columns[-1] == "cert_2_last_rotated"
    rows = [dict(zip(columns, line.split(","), strict=True)) for line in lines[1:]]
    assert [row["user"] for row in rows] == ["<root_account>", *sorted(USERS)]
    assert (rows[1]["password_enabled"], rows[1]["access_key_1_last_used_service"]) == ("true", "sts")
    assert (rows[2]["password_enabled"], rows[2]["access_key_1_active"]) == ("false", "false")


def test_the_alias_is_one_and_belongs_to_one_account(organisation: Organisation) -> None:
    iam, abroad = organisation.iam, organisation.client("iam", organisation.world.other_root)
    assert iam.list_account_aliases()["AccountAliases"] == ["example"]
    assert code_of(abroad.create_account_alias, AccountAlias="example") == "EntityAlreadyExists"
    assert code_of(abroad.create_account_alias, AccountAlias="-bad") == "ValidationError"
    iam.create_account_alias(AccountAlias="blue-sky")
    assert iam.list_account_aliases()["AccountAliases"] == ["blue-sky"]
    assert code_of(iam.delete_account_alias, AccountAlias="example") == "NoSuchEntity"
    iam.delete_account_alias(AccountAlias="blue-sky")
    assert iam.list_account_aliases()["AccountAliases"] == []


@pytest.mark.parametrize("version", ["1", "2"])
def test_the_command_line_tool_runs_the_organisation(
    staffed: Organisation, tmp_path: Path, version: str
) -> None:
    """The whole tour once by `aws iam`, and its refusals as it words them."""
    staffed.program = {"1": AWS_CLI_V1, "2": aws_cli_v2()}[version]

    def aws(*arguments: str, as_: Credentials = staffed.world.root) -> Any:
        return staffed.aws(as_, "iam", *arguments)

    assert aws("create-group", "--group-name", "ops").json["Group"]["Arn"].endswith(":group/ops")
    assert aws("create-user", "--user-name", "kim", "--tags", "Key=team,Value=blue").json["User"]["Tags"]
    assert aws("add-user-to-group", "--group-name", "ops", "--user-name", "kim").code == 0
    document = tmp_path / "policy.json"
    document.write_text(policy_text(allow("iam:ListUsers")), encoding="utf-8")
    put = ("put-group-policy", "--group-name", "ops", "--policy-name", "p")
    assert aws(*put, "--policy-document", f"file://{document}").code == 0
    keys = aws("create-access-key", "--user-name", "kim").json["AccessKey"]
    kim = Credentials(keys["AccessKeyId"], Secret(keys["SecretAccessKey"]), None)
    assert len(aws("list-users", as_=kim).json["Users"]) == len(USERS) + 1
    refused = aws("delete-user", "--user-name", "kim", as_=kim)
    assert refused.code != 0
    assert "AccessDenied" in refused.err
    assert "not authorized to perform: iam:DeleteUser" in refused.err
    picture = tmp_path / "qr.png"
    device = aws(
        *("create-virtual-mfa-device", "--virtual-mfa-device-name", "kim"),
        *("--outfile", str(picture), "--bootstrap-method", "QRCodePNG"),
    ).json["VirtualMFADevice"]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert device["SerialNumber"] == f"arn:aws:iam::{ACCOUNT}:mfa/kim"
    simulated = aws(
        *("simulate-principal-policy", "--policy-source-arn", f"arn:aws:iam::{ACCOUNT}:user/kim"),
        *("--action-names", "iam:ListUsers", "iam:DeleteUser"),
    ).json["EvaluationResults"]
    assert [result["EvalDecision"] for result in simulated] == ["allowed", "implicitDeny"]
    report = aws("get-credential-report").json["Content"]
    assert base64.b64decode(report).startswith(b"user,arn,")
    assert aws("get-account-summary").json["SummaryMap"]["Groups"] == 3
    assert len(aws("get-account-authorization-details", "--filter", "User").json["UserDetailList"]) == 11
    twice = aws("create-user", "--user-name", "KIM")
    assert "EntityAlreadyExists" in twice.err
    long_name = aws("create-group", "--group-name", "x" * 129)
    assert "Member must have length less than or equal to 128" in long_name.err
    assert (
        aws(
            "update-access-key",
            "--access-key-id",
            kim.access_key_id,
            "--status",
            "Inactive",
            "--user-name",
            "kim",
        ).code
        == 0
    )
    assert "InvalidClientTokenId" in aws("list-users", as_=kim).err
