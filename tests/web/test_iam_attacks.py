"""One narrow permission at a time: what its holder could make of it against the account, its neighbours or the server."""

import gc

import pytest

from daypass.policy.document import PolicyDocument
from daypass.server.domain.account import User
from daypass.server.domain.account_settings import ServiceControlPolicy
from support.query_world import ACCOUNT, NOW, QueryWorld, allow, deny, policy_text

_SIMULATED = "PolicyInputList.1"


def _numbered(name: str, texts: list[str]) -> dict[str, str]:
    return {f"{name}.member.{number}": text for number, text in enumerate(texts, start=1)}


async def _ceiling(world: QueryWorld, *statements: dict[str, object]) -> None:
    document = policy_text(*statements)
    await world.storage.account_settings.put_service_control_policy(
        ServiceControlPolicy(ACCOUNT, "operators-secret", document, NOW)
    )
    world.now += 1


async def test_a_page_of_a_simulation_ends_where_its_work_would_keep_others_waiting(
    world: QueryWorld,
) -> None:
    alice = await world.new_user("alice", allow("iam:SimulateCustomPolicy"))
    large = policy_text(deny("*", Resource=[f"arn:*:s3:::*a?{number}*" for number in range(4000)]))
    asked = {
        **_numbered("PolicyInputList", [large]),
        **_numbered("ActionNames", [f"s3:Get{number}" for number in range(5)]),
        "ResourceArns.member.1": "arn:aws:s3:::" + "a" * 2000,
    }
    found: list[str] = []
    marker: dict[str, str] = {}
    pages = 0
    while pages == 0 or marker:
        answer = await world.call(alice, "iam", "SimulateCustomPolicy", **asked, **marker)
        assert answer.status == 200, answer.text
        found += answer.values("EvalActionName")
        marker = {"Marker": answer.value("Marker")} if answer.has("Marker") else {}
        pages += 1
    assert found == [f"s3:Get{number}" for number in range(5)]
    assert pages == 5
    small = {**asked, **_numbered("PolicyInputList", [policy_text(allow("s3:*"))])}
    answer = await world.call(alice, "iam", "SimulateCustomPolicy", **small)
    assert len(answer.values("EvalActionName")) == 5


async def test_what_was_only_supposed_is_not_remembered(world: QueryWorld) -> None:
    alice = await world.new_user("alice", allow("iam:SimulateCustomPolicy"))
    bucket = "arn:aws:s3:::a"
    answer = await world.call(
        alice,
        "iam",
        "SimulateCustomPolicy",
        **_numbered("PolicyInputList", [policy_text(allow("s3:*"))]),
        **_numbered("ActionNames", ["s3:GetObject"]),
        **_numbered("ResourceArns", [bucket]),
        ResourcePolicy=policy_text({**allow("s3:*", Resource=bucket), "Principal": "*"}),
        CallerArn=f"arn:aws:iam::{ACCOUNT}:user/alice",
    )
    assert answer.values("EvalDecision") == ["allowed"]
    gc.collect()
    kept = [each.name for each in gc.get_objects() if isinstance(each, PolicyDocument)]
    assert _SIMULATED not in kept
    assert "ResourcePolicy" not in kept


async def test_a_policy_that_denies_root_everything_leaves_it_nothing_of_iam(world: QueryWorld) -> None:
    await _ceiling(world, deny("*"))
    for action in ("GetUser", "ListAccessKeys", "ListMFADevices", "ListSigningCertificates"):
        refused = await world.call(world.root, "iam", action)
        assert refused.message.endswith("with an explicit deny in a service control policy"), action
    assert (await world.call(world.other_root, "iam", "GetUser")).status == 200


async def test_the_tags_of_a_keys_owner_decide_who_asks_when_it_was_used(world: QueryWorld) -> None:
    tagged = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    alice = await world.new_user(
        "alice",
        allow("iam:GetAccessKeyLastUsed"),
        deny("iam:GetAccessKeyLastUsed", Condition=tagged),
    )
    key_ids = {}
    for name, team in (("bob", "red"), ("eve", "blue")):
        await world.new_user(name)
        await world.call(
            world.root,
            "iam",
            "TagUser",
            UserName=name,
            **{"Tags.member.1.Key": "team", "Tags.member.1.Value": team},
        )
        made = await world.call(world.root, "iam", "CreateAccessKey", UserName=name)
        key_ids[name] = made.value("AccessKeyId")
    refused = await world.call(alice, "iam", "GetAccessKeyLastUsed", AccessKeyId=key_ids["bob"])
    assert refused.code == "AccessDenied"
    assert (await world.call(alice, "iam", "GetAccessKeyLastUsed", AccessKeyId=key_ids["eve"])).status == 200


async def test_which_statement_of_the_operators_ceiling_decided_is_told_to_nobody(world: QueryWorld) -> None:
    alice = await world.new_user("alice", allow("*"))
    await _ceiling(
        world,
        allow("*"),
        deny("s3:*", Sid="Hidden", Condition={"Bool": {"aws:SecureTransport": "false"}}),
        deny("iam:ListRoles", Sid="Hidden2"),
    )
    refused = await world.call(alice, "iam", "ListRoles")
    decoded = await world.call(
        world.root, "sts", "DecodeAuthorizationMessage", EncodedMessage=refused.encoded_message
    )
    assert decoded.status == 200, decoded.text
    assert "service control policy" in decoded.text
    assert "operators-secret" not in decoded.text
    assert "Hidden" not in decoded.text
    simulated = await world.call(
        alice,
        "iam",
        "SimulatePrincipalPolicy",
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:user/alice",
        **_numbered("ActionNames", ["iam:ListRoles", "s3:GetObject"]),
    )
    assert simulated.values("EvalDecision") == ["explicitDeny", "allowed"]
    assert simulated.values("AllowedByOrganizations") == ["false", "true"]
    assert "operators-secret" not in simulated.text
    assert "SecureTransport" not in simulated.text


async def test_no_description_makes_a_listing_unreadable(world: QueryWorld) -> None:
    alice = await world.new_user("alice", allow("iam:CreatePolicy"))
    for odd in ("\x00", "a\x01", "\x1b[2J", "\ufffe", "\uffff"):
        refused = await world.call(
            alice,
            "iam",
            "CreatePolicy",
            PolicyName="hidden",
            PolicyDocument=policy_text(allow("s3:*")),
            Description=odd,
        )
        assert refused.code == "ValidationError", odd
    listed = await world.call(world.root, "iam", "ListPolicies", Scope="Local")
    assert "hidden" not in listed.values("PolicyName")


async def test_a_name_that_changes_hands_while_policy_is_asked_changes_nobody(
    world: QueryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alice may do everything to `temp`, who is deleted while her call is judged; the name is then another's."""
    temp = f"arn:aws:iam::{ACCOUNT}:user/temp"
    alice = await world.new_user("alice", allow("iam:*", Resource=temp))
    await world.new_user("temp")
    load_user = world.storage.users.load_user

    async def load_and_lose(account_id: str, user_name: str) -> User | None:
        found = await load_user(account_id, user_name)
        if user_name == "temp" and found is not None:
            monkeypatch.setattr(world.storage.users, "load_user", load_user)
            await world.storage.users.delete_user(ACCOUNT, "temp")
            await world.new_user("temp")
        return found

    calls: tuple[tuple[str, dict[str, str]], ...] = (
        ("DeleteUser", {}),
        ("UpdateUser", {"NewUserName": "temp"}),
        ("TagUser", {"Tags.member.1.Key": "a", "Tags.member.1.Value": "b"}),
        (
            "PutUserPermissionsBoundary",
            {"PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"},
        ),
    )
    for action, more in calls:
        monkeypatch.setattr(world.storage.users, "load_user", load_and_lose)
        refused = await world.call(alice, "iam", action, UserName="temp", **more)
        assert refused.code == "NoSuchEntity", action
        kept = await load_user(ACCOUNT, "temp")
        assert kept is not None
        assert (kept.tags, kept.permissions_boundary) == ((), "")


@pytest.mark.parametrize("kind", ["User", "Role"])
async def test_who_may_delegate_within_a_boundary_only_gives_and_takes_no_other(
    world: QueryWorld, kind: str
) -> None:
    bound = await world.new_policy("bound", allow("s3:*"))
    wide = "arn:aws:iam::aws:policy/AdministratorAccess"
    within = {"StringEquals": {"iam:PermissionsBoundary": bound}}
    alice = await world.new_user(
        "alice",
        {**allow("iam:Create*", Condition=within), "Action": ["iam:CreateUser", "iam:CreateRole"]},
        {
            **allow("iam:*", Condition=within),
            "Action": ["iam:Put*", "iam:Attach*", "iam:DeleteUserPolicy", "iam:DeleteRolePolicy"],
        },
        allow("iam:Delete*PermissionsBoundary"),
        deny("iam:Delete*PermissionsBoundary", Condition=within),
    )
    trusted = policy_text({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    more = {"AssumeRolePolicyDocument": trusted} if kind == "Role" else {}

    async def refuses(action: str, name: str, code: str = "AccessDenied", /, **given: str) -> None:
        answer = await world.call(alice, "iam", action, **{f"{kind}Name": name}, **given)
        assert answer.code == code, (action, given, answer.text)

    create, put = f"Create{kind}", f"Put{kind}PermissionsBoundary"
    await refuses(create, f"free{kind}", **more)
    await refuses(create, f"free{kind}", **more, PermissionsBoundary=wide)
    await refuses(create, f"bound{kind}", "", **more, PermissionsBoundary=bound)
    await refuses(put, f"bound{kind}", PermissionsBoundary=wide)
    await refuses(put, f"bound{kind}", "", PermissionsBoundary=bound)
    await refuses(f"Attach{kind}Policy", f"bound{kind}", "", PolicyArn=wide)
    inline = {"PolicyName": "own", "PolicyDocument": policy_text(allow("*"))}
    await refuses(f"Put{kind}Policy", f"bound{kind}", "", **inline)
    await refuses(f"Delete{kind}PermissionsBoundary", f"bound{kind}")
    freed = await world.call(
        world.root, "iam", f"Delete{kind}PermissionsBoundary", **{f"{kind}Name": f"bound{kind}"}
    )
    assert freed.status == 200
    await refuses(f"Attach{kind}Policy", f"bound{kind}", PolicyArn=wide)
    await refuses(f"Put{kind}Policy", f"bound{kind}", **inline)


async def test_the_tags_a_user_has_decide_who_may_do_what_to_it(world: QueryWorld) -> None:
    own = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    alice = await world.new_user("alice", allow("iam:*", Condition=own))
    for name in ("red", "blue"):
        await world.new_user(name)
        tag = {"Tags.member.1.Key": "team", "Tags.member.1.Value": name}
        assert (await world.call(world.root, "iam", "TagUser", UserName=name, **tag)).status == 200
    for action in ("GetUser", "ListUserTags", "CreateAccessKey", "ListMFADevices", "DeleteUser"):
        assert (await world.call(alice, "iam", action, UserName="blue")).code == "AccessDenied", action
    for action in ("GetUser", "ListUserTags", "ListMFADevices", "DeleteUser"):
        assert (await world.call(alice, "iam", action, UserName="red")).status == 200, action


async def test_the_tags_of_a_policy_decide_who_changes_it(world: QueryWorld) -> None:
    own = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    alice = await world.new_user("alice", allow("iam:*", Condition=own))
    for team, expected in (("blue", "AccessDenied"), ("red", "")):
        arn = await world.new_policy(team, allow("s3:*"))
        tag = {"Tags.member.1.Key": "team", "Tags.member.1.Value": team}
        assert (await world.call(world.root, "iam", "TagPolicy", PolicyArn=arn, **tag)).status == 200
        everything = {"PolicyDocument": policy_text(allow("*")), "SetAsDefault": "true"}
        for action, more in (
            ("GetPolicy", {}),
            ("CreatePolicyVersion", everything),
            ("SetDefaultPolicyVersion", {"VersionId": "v1"}),
            ("DeletePolicyVersion", {"VersionId": "v2"}),
            ("DeletePolicy", {}),
        ):
            answer = await world.call(alice, "iam", action, PolicyArn=arn, **more)
            assert answer.code == expected, (team, action)


async def test_nobody_deletes_a_device_without_leave_to_delete_devices(world: QueryWorld) -> None:
    alice = await world.new_user("alice", allow("iam:DeleteUser"))
    made = await world.call(world.root, "iam", "CreateVirtualMFADevice", VirtualMFADeviceName="phone")
    serial = made.value("SerialNumber")
    refused = await world.call(alice, "iam", "DeleteVirtualMFADevice", SerialNumber=serial)
    assert refused.code == "AccessDenied"
    assert (await world.call(world.root, "iam", "DeleteVirtualMFADevice", SerialNumber=serial)).status == 200


@pytest.mark.parametrize("kind", ["User", "Role", "Policy"])
async def test_who_may_create_but_not_tag_creates_nothing_with_tags(world: QueryWorld, kind: str) -> None:
    alice = await world.new_user("alice", allow(f"iam:Create{kind}"))
    trusted = policy_text({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    more = {
        "User": {},
        "Role": {"AssumeRolePolicyDocument": trusted},
        "Policy": {"PolicyDocument": policy_text(allow("s3:*"))},
    }[kind]
    tag = {"Tags.member.1.Key": "team", "Tags.member.1.Value": "red"}
    named = {f"{kind}Name": "new", **more}
    assert (await world.call(alice, "iam", f"Create{kind}", **named, **tag)).code == "AccessDenied"
    assert (await world.call(alice, "iam", f"Create{kind}", **named)).status == 200
