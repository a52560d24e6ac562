"""Virtual MFA devices carry tags: set with the device, added, removed, listed, and asked by policies (IAM reference)."""

from daypass.server.domain.mfa_device import MfaDevice
from support.query_world import ACCOUNT, NOW, OTHER_ACCOUNT, QueryWorld, allow, trust

PHONE = f"arn:aws:iam::{ACCOUNT}:mfa/phone"
TEAM = {"Tags.member.1.Key": "team", "Tags.member.1.Value": "red"}


async def new_phone(world: QueryWorld, **tags: str) -> None:
    made = await world.call(world.root, "iam", "CreateVirtualMFADevice", VirtualMFADeviceName="phone", **tags)
    assert made.status == 200, made.text


async def listed(world: QueryWorld) -> dict[str, str]:
    answer = await world.call(world.root, "iam", "ListMFADeviceTags", SerialNumber=PHONE)
    assert answer.status == 200, answer.text
    return dict(zip(answer.values("Tags/member/Key"), answer.values("Tags/member/Value"), strict=True))


async def test_a_device_is_made_with_tags_which_change_and_are_listed_by_page(world: QueryWorld) -> None:
    made = await world.call(world.root, "iam", "CreateVirtualMFADevice", VirtualMFADeviceName="phone", **TEAM)
    assert (made.value("Tags/member/Key"), made.value("Tags/member/Value")) == ("team", "red")
    two = {f"Tags.member.{n}.{part}": f"{part}{n}" for n in (1, 2) for part in ("Key", "Value")}
    assert (await world.call(world.root, "iam", "TagMFADevice", SerialNumber=PHONE, **two)).status == 200
    assert await listed(world) == {"Key1": "Value1", "Key2": "Value2", "team": "red"}
    page = await world.call(world.root, "iam", "ListMFADeviceTags", SerialNumber=PHONE, MaxItems="2")
    rest = await world.call(
        world.root, "iam", "ListMFADeviceTags", SerialNumber=PHONE, Marker=page.value("Marker")
    )
    assert page.values("Tags/member/Key") + rest.values("Tags/member/Key") == ["Key1", "Key2", "team"]
    untag = {"TagKeys.member.1": "KEY1", "TagKeys.member.2": "nowhere"}
    assert (await world.call(world.root, "iam", "UntagMFADevice", SerialNumber=PHONE, **untag)).status == 200
    assert await listed(world) == {"Key2": "Value2", "team": "red"}
    shown = await world.call(world.root, "iam", "ListVirtualMFADevices")
    assert not shown.has("Tags"), "listings leave tags out, as the reference says"


async def test_fifty_tags_are_the_most(world: QueryWorld) -> None:
    await new_phone(world, **TEAM)
    many = {f"Tags.member.{n}.Key": f"k{n}" for n in range(1, 51)} | {
        f"Tags.member.{n}.Value": "" for n in range(1, 51)
    }
    refused = await world.call(world.root, "iam", "TagMFADevice", SerialNumber=PHONE, **many)
    assert refused.code == "LimitExceeded"
    assert await listed(world) == {"team": "red"}


async def test_who_may_make_devices_but_not_tag_them_makes_none_with_tags(world: QueryWorld) -> None:
    alice = await world.new_user("alice", allow("iam:CreateVirtualMFADevice"))
    named = {"VirtualMFADeviceName": "phone"}
    refused = await world.call(alice, "iam", "CreateVirtualMFADevice", **named, **TEAM)
    assert (refused.code, "iam:TagMFADevice" in refused.message) == ("AccessDenied", True)
    assert (await world.call(alice, "iam", "CreateVirtualMFADevice", **named)).status == 200


async def test_policies_bound_the_tags_a_device_is_made_with(world: QueryWorld) -> None:
    red = {"StringEquals": {"aws:RequestTag/team": "red"}}
    alice = await world.new_user(
        "alice", allow("iam:CreateVirtualMFADevice", Condition=red), allow("iam:TagMFADevice")
    )
    blue = TEAM | {"Tags.member.1.Value": "blue"}
    for tags, code in (({}, "AccessDenied"), (blue, "AccessDenied"), (TEAM, "")):
        answer = await world.call(
            alice, "iam", "CreateVirtualMFADevice", VirtualMFADeviceName="phone", **tags
        )
        assert answer.code == code


async def test_policies_see_the_tags_a_device_has(world: QueryWorld) -> None:
    own = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    actions = (
        "iam:DeleteVirtualMFADevice", "iam:TagMFADevice", "iam:UntagMFADevice", "iam:ListMFADeviceTags"
    )  # fmt: skip
    alice = await world.new_user("alice", allow(*actions, Condition=own))
    await new_phone(world)
    more = {"Tags.member.1.Key": "a", "Tags.member.1.Value": "b"}
    asked: list[tuple[str, dict[str, str]]] = [
        ("ListMFADeviceTags", {}),
        ("TagMFADevice", more),
        ("UntagMFADevice", {"TagKeys.member.1": "a"}),
        ("DeleteVirtualMFADevice", {}),
    ]
    for action, parameters in asked:
        answer = await world.call(alice, "iam", action, SerialNumber=PHONE, **parameters)
        assert answer.code == "AccessDenied", action
    assert (await world.call(world.root, "iam", "TagMFADevice", SerialNumber=PHONE, **TEAM)).status == 200
    for action, parameters in asked:
        answer = await world.call(alice, "iam", action, SerialNumber=PHONE, **parameters)
        assert answer.status == 200, answer.text


async def test_a_device_that_is_not_there_a_passkey_and_another_accounts_have_no_tags(
    world: QueryWorld,
) -> None:
    await new_phone(world)
    absent = await world.call(world.root, "iam", "ListMFADeviceTags", SerialNumber=PHONE + "2")
    assert (absent.code, absent.message) == (
        "NoSuchEntity",
        f"VirtualMFADevice with serial number {PHONE}2 doesn't exist.",
    )
    for serial in (PHONE, "GAHT12345678"):
        foreign = await world.call(world.other_root, "iam", "TagMFADevice", SerialNumber=serial, **TEAM)
        assert foreign.code == "AccessDenied"
    assert await listed(world) == {}
    assert OTHER_ACCOUNT not in PHONE


async def test_a_passkey_is_no_virtual_device(world: QueryWorld) -> None:
    """Its owner enrols and removes it in the pages; here it has neither tags nor an end."""
    await world.new_user("bob")
    bob = await world.storage.users.load_user(ACCOUNT, "bob")
    assert bob is not None
    serial = f"arn:aws:iam::{ACCOUNT}:u2f/user/bob/laptop"
    await world.storage.mfa_devices.create_mfa_device(
        MfaDevice(serial, ACCOUNT, bob.user_id, "passkey", NOW, NOW, credential_id=b"c", public_key=b"k"),
        limit=8,
    )
    for action, more in (("TagMFADevice", TEAM), ("ListMFADeviceTags", {}), ("DeleteVirtualMFADevice", {})):
        answer = await world.call(world.root, "iam", action, SerialNumber=serial, **more)
        assert answer.code == "NoSuchEntity", action
    found = await world.call(world.root, "iam", "GetMFADevice", SerialNumber=serial, UserName="bob")
    assert (found.value("UserName"), found.value("SerialNumber")) == ("bob", serial)
    assert found.value("EnableDate") == "2030-03-17T17:46:40Z"


async def test_a_device_is_shown_as_its_owners_only(world: QueryWorld) -> None:
    await new_phone(world)
    alice = await world.new_user("alice", allow("iam:GetMFADevice"))
    await world.new_user("bob")
    user = await world.storage.users.load_user(ACCOUNT, "alice")
    assert user is not None
    unowned = await world.call(alice, "iam", "GetMFADevice", SerialNumber=PHONE)
    assert unowned.code == "NoSuchEntity"
    await world.storage.mfa_devices.enable_mfa_device(PHONE, user.user_id, last_step=1, limit=8, now=NOW)
    own = await world.call(alice, "iam", "GetMFADevice", SerialNumber=PHONE)
    assert own.value("UserName") == "alice"
    for name in ({"UserName": "bob"}, {}):
        asker = alice if name else world.root
        others = await world.call(asker, "iam", "GetMFADevice", SerialNumber=PHONE, **name)
        assert others.code == "NoSuchEntity"
    foreign = await world.call(world.other_root, "iam", "GetMFADevice", SerialNumber=PHONE)
    assert foreign.code == "NoSuchEntity"


async def test_the_account_details_say_nothing_of_devices(world: QueryWorld) -> None:
    """AWS's have no list of devices; tags of users and roles are there."""
    await new_phone(world, **TEAM)
    await world.new_role("reader", trust({"AWS": ACCOUNT}))
    answer = await world.call(world.root, "iam", "GetAccountAuthorizationDetails")
    assert "mfa/phone" not in answer.text
