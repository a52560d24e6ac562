"""What one account cannot do to another's things, and what nobody can do through a place that is checked twice."""

import base64

import pyotp
import pytest

from support.query_world import ACCOUNT, OTHER_ACCOUNT, Answer, QueryWorld, allow, deny, policy_text

DOCUMENT = policy_text(allow("s3:*"))


async def _device(world: QueryWorld) -> tuple[str, pyotp.TOTP]:
    made = await world.call(world.root, "iam", "CreateVirtualMFADevice", VirtualMFADeviceName="phone")
    seed = base64.b64decode(made.value("Base32StringSeed")).decode()
    return made.value("SerialNumber"), pyotp.TOTP(seed)


def _codes(world: QueryWorld, app: pyotp.TOTP) -> dict[str, str]:
    step = world.now // 30
    return {"AuthenticationCode1": app.generate_otp(step - 1), "AuthenticationCode2": app.generate_otp(step)}


async def _abroad(world: QueryWorld, action: str, **parameters: str) -> Answer:
    return await world.call(world.other_root, "iam", action, **parameters)


async def test_a_policy_of_another_account_is_read_changed_and_tagged_by_its_own_only(
    world: QueryWorld,
) -> None:
    arn = await world.new_policy("theirs", allow("s3:*"))
    for action, more in (
        ("GetPolicy", {}),
        ("GetPolicyVersion", {"VersionId": "v1"}),
        ("ListPolicyVersions", {}),
        ("CreatePolicyVersion", {"PolicyDocument": DOCUMENT, "SetAsDefault": "true"}),
        ("SetDefaultPolicyVersion", {"VersionId": "v1"}),
        ("DeletePolicyVersion", {"VersionId": "v1"}),
        ("DeletePolicy", {}),
        ("TagPolicy", {"Tags.member.1.Key": "a", "Tags.member.1.Value": "b"}),
        ("ListEntitiesForPolicy", {}),
    ):
        answer = await _abroad(world, action, PolicyArn=arn, **more)
        assert answer.code == "AccessDenied", action
    await _abroad(world, "CreateUser", UserName="spy")
    assert (await _abroad(world, "AttachUserPolicy", UserName="spy", PolicyArn=arn)).code == "AccessDenied"
    bounded = await _abroad(world, "PutUserPermissionsBoundary", UserName="spy", PermissionsBoundary=arn)
    assert bounded.code == "AccessDenied"
    made = await _abroad(world, "CreateUser", UserName="spy2", PermissionsBoundary=arn)
    assert made.code == "AccessDenied"
    assert await world.storage.users.load_user(OTHER_ACCOUNT, "spy2") is None


async def test_a_device_of_another_account_is_out_of_reach(world: QueryWorld) -> None:
    serial, app = await _device(world)
    await _abroad(world, "CreateUser", UserName="spy")
    enabled = await _abroad(
        world, "EnableMFADevice", UserName="spy", SerialNumber=serial, **_codes(world, app)
    )
    assert enabled.code == "NoSuchEntity"
    assert (await _abroad(world, "DeleteVirtualMFADevice", SerialNumber=serial)).code == "NoSuchEntity"
    assert not (await _abroad(world, "ListVirtualMFADevices")).has("SerialNumber")
    await world.new_user("ada")
    mine = await world.call(
        world.root, "iam", "EnableMFADevice", UserName="ada", SerialNumber=serial, **_codes(world, app)
    )
    assert mine.status == 200, mine.text
    for action in ("DeactivateMFADevice", "ResyncMFADevice"):
        codes = _codes(world, app) if action == "ResyncMFADevice" else {}
        assert (
            await _abroad(world, action, UserName="spy", SerialNumber=serial, **codes)
        ).code == "NoSuchEntity"
    await world.new_user("bob")
    other = await world.call(world.root, "iam", "DeactivateMFADevice", UserName="bob", SerialNumber=serial)
    assert other.code == "NoSuchEntity", "nor is it bob's"
    assert (await world.call(world.root, "iam", "ListMFADevices", UserName="ada")).has("SerialNumber")


async def test_a_marker_continues_its_own_listing_only(world: QueryWorld) -> None:
    for name in ("a", "b"):
        await world.call(world.root, "iam", "CreateGroup", GroupName=name)
        await _abroad(world, "CreateGroup", GroupName=name)
    first = await world.call(world.root, "iam", "ListGroups", MaxItems="1")
    marker = first.value("Marker")
    rest = await world.call(world.root, "iam", "ListGroups", Marker=marker)
    assert rest.values("GroupName") == ["b"]
    assert (await _abroad(world, "ListGroups", Marker=marker)).code == "ValidationError"
    for action in ("ListUsers", "GetAccountAuthorizationDetails", "ListPolicies", "ListVirtualMFADevices"):
        assert (await world.call(world.root, "iam", action, Marker=marker)).code == "ValidationError", action


@pytest.mark.parametrize("action, noun", [("UpdateUser", "user"), ("UpdateGroup", "group")])
async def test_moving_asks_for_the_place_moved_to(world: QueryWorld, action: str, noun: str) -> None:
    ada = await world.new_user(
        "ada", allow("iam:*"), deny(f"iam:{action}", resource=f"arn:aws:iam::{ACCOUNT}:{noun}/admins/*")
    )
    name = {"UserName": "bob"} if noun == "user" else {"GroupName": "bob"}
    await world.call(world.root, "iam", f"Create{noun.title()}", **name)
    refused = await world.call(ada, "iam", action, **name, NewPath="/admins/")
    assert refused.code == "AccessDenied"
    assert (await world.call(ada, "iam", action, **name, NewPath="/others/")).status == 200


async def test_a_path_has_no_empty_part(world: QueryWorld) -> None:
    answer = await world.call(world.root, "iam", "CreateUser", UserName="ada", Path="/a//b/")
    assert answer.message.startswith("The specified value for path is invalid.")


async def test_who_may_not_know_learns_nothing_from_a_name(world: QueryWorld) -> None:
    ada = await world.new_user("ada", allow("iam:ListUsers"))
    for action, there, absent in (
        ("GetGroup", {"GroupName": "staff"}, {"GroupName": "nobody"}),
        ("GetUserPolicy", {"UserName": "ada", "PolicyName": "p"}, {"UserName": "zed", "PolicyName": "p"}),
        ("ListAccessKeys", {"UserName": "root"}, {"UserName": "zed"}),
    ):
        await world.call(world.root, "iam", "CreateGroup", GroupName="staff")
        first, second = [await world.call(ada, "iam", action, **given) for given in (there, absent)]
        assert (first.code, second.code) == ("AccessDenied", "AccessDenied"), action


async def test_a_simulation_is_about_the_very_arn_that_policy_was_asked_about(world: QueryWorld) -> None:
    """A path made up to fit a permission must not reach whoever has the name."""
    ada = await world.new_user(
        "ada", allow("iam:SimulatePrincipalPolicy", resource=f"arn:aws:iam::{ACCOUNT}:user/team/*")
    )
    await world.new_user("boss", path="/board/")
    await world.new_user("bob", path="/team/")
    asked = {"ActionNames.member.1": "s3:GetObject"}
    for arn, code in (
        (f"arn:aws:iam::{ACCOUNT}:user/team/boss", "NoSuchEntity"),
        (f"arn:aws:iam::{ACCOUNT}:user/board/boss", "AccessDenied"),
        (f"arn:aws:iam::{ACCOUNT}:user/team/bob", ""),
        (f"arn:aws:iam::{OTHER_ACCOUNT}:user/team/bob", "AccessDenied"),
    ):
        answer = await world.call(ada, "iam", "SimulatePrincipalPolicy", PolicySourceArn=arn, **asked)
        assert answer.code == code, arn


async def test_an_audit_row_names_the_key_that_was_made_and_holds_no_secret(world: QueryWorld) -> None:
    await world.new_user("ada")
    made = await world.call(world.root, "iam", "CreateAccessKey", UserName="ada")
    device = await world.call(world.root, "iam", "CreateVirtualMFADevice", VirtualMFADeviceName="phone")
    rows = await world.storage.audit.list_events(account_id=ACCOUNT, since=0, limit=2)
    assert {row.event_name for row in rows} == {"CreateAccessKey", "CreateVirtualMFADevice"}
    row = next(row for row in rows if row.event_name == "CreateAccessKey")
    assert row.detail["createdAccessKeyId"] == made.value("AccessKeyId")
    assert row.detail["ofUser"] == "ada"
    shown = repr(rows)
    assert made.value("SecretAccessKey") not in shown
    assert device.value("Base32StringSeed") not in shown
    assert base64.b64decode(device.value("Base32StringSeed")).decode() not in shown
