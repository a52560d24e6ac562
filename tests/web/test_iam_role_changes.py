"""Changing and tagging roles over the wire, and tags as conditions."""

from urllib.parse import unquote

import pytest

from support.query_world import ACCOUNT, OTHER_ACCOUNT, Answer, QueryWorld, allow, policy_text, trust

SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/Example"
OIDC = f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com/realms/staff"
BLUE = {"Tags.member.1.Key": "Team", "Tags.member.1.Value": "blue"}
RED = {"Tags.member.1.Key": "Team", "Tags.member.1.Value": "red"}
SIGN_IN = "arn:aws:iam::aws:policy/SignInLocalDevelopmentAccess"


@pytest.fixture(autouse=True)
async def _reader(world: QueryWorld) -> None:
    await world.new_role("Reader", trust({"AWS": ACCOUNT}), Description="reads", **BLUE)


async def _tags(world: QueryWorld) -> dict[str, str]:
    got = await world.call(world.root, "iam", "ListRoleTags", RoleName="reader")
    return dict(zip(got.values("Key"), got.values("Value"), strict=True))


async def test_a_role_shows_its_tags_and_a_list_of_roles_does_not(world: QueryWorld) -> None:
    got = await world.call(world.root, "iam", "GetRole", RoleName="Reader")
    assert (got.values("Tags/member/Key"), got.values("Tags/member/Value")) == (["Team"], ["blue"])
    listed = await world.call(world.root, "iam", "ListRoles")
    assert not listed.has("Tags")
    await world.new_role("bare", trust({"AWS": ACCOUNT}))
    assert not (await world.call(world.root, "iam", "GetRole", RoleName="bare")).has("Tags")


async def test_updating_a_role_leaves_what_is_not_mentioned(world: QueryWorld) -> None:
    longer = await world.call(world.root, "iam", "UpdateRole", RoleName="reader", MaxSessionDuration="7200")
    assert longer.status == 200
    described = await world.call(world.root, "iam", "UpdateRole", RoleName="reader", Description="")
    assert described.status == 200
    got = await world.call(world.root, "iam", "GetRole", RoleName="reader")
    assert got.value("MaxSessionDuration") == "7200"
    assert not got.has("Description")
    assert got.value("RoleName") == "Reader"
    again = await world.call(
        world.root, "iam", "UpdateRoleDescription", RoleName="reader", Description="reads & more"
    )
    assert again.value("Role/Description") == "reads & more"
    assert again.value("Role/MaxSessionDuration") == "7200"
    refused = await world.call(world.root, "iam", "UpdateRole", RoleName="reader", MaxSessionDuration="60")
    assert refused.code == "ValidationError"


async def test_a_trust_policy_that_names_identity_providers_replaces_the_old_one(world: QueryWorld) -> None:
    text = policy_text(
        trust({"Federated": SAML}, "sts:AssumeRoleWithSAML"),
        trust({"Federated": OIDC}, "sts:AssumeRoleWithWebIdentity"),
    )
    changed = await world.call(
        world.root, "iam", "UpdateAssumeRolePolicy", RoleName="reader", PolicyDocument=text
    )
    assert changed.status == 200
    got = await world.call(world.root, "iam", "GetRole", RoleName="reader")
    assert unquote(got.value("AssumeRolePolicyDocument")) == text
    assert got.value("Role/Tags/member/Key") == "Team"


@pytest.mark.parametrize(
    "document, code",
    [
        ("", "ValidationError"),
        ("{}", "MalformedPolicyDocument"),
        (policy_text(trust({"Federated": "arn:aws:iam::1:saml-provider/x"})), "MalformedPolicyDocument"),
        (
            policy_text(trust({"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/a/b"})),
            "MalformedPolicyDocument",
        ),
        (policy_text(trust({"Saml": SAML})), "MalformedPolicyDocument"),
        (
            policy_text(trust({"AWS": [f"arn:aws:iam::{ACCOUNT}:user/{n:0>60}" for n in range(30)]})),
            "LimitExceeded",
        ),
    ],
)
async def test_a_trust_policy_that_cannot_be_changes_nothing(
    world: QueryWorld, document: str, code: str
) -> None:
    answer = await world.call(
        world.root, "iam", "UpdateAssumeRolePolicy", RoleName="reader", PolicyDocument=document
    )
    assert answer.code == code
    role = await world.storage.roles.load_role(ACCOUNT, "reader")
    assert role is not None
    assert role.trust_policy == policy_text(trust({"AWS": ACCOUNT}))


async def test_a_role_is_tagged_and_untagged(world: QueryWorld) -> None:
    more = {"Tags.member.2.Key": "Cost Center", "Tags.member.2.Value": ""}
    for _ in range(2):
        tagged = await world.call(
            world.root, "iam", "TagRole", RoleName="reader", **{**RED, "Tags.member.1.Key": "TEAM"}, **more
        )
        assert tagged.status == 200
    assert await _tags(world) == {"Cost Center": "", "TEAM": "red"}
    for _ in range(2):
        untagged = await world.call(
            world.root, "iam", "UntagRole", RoleName="reader", **{"TagKeys.member.1": "team"}
        )
        assert untagged.status == 200
    assert await _tags(world) == {"Cost Center": ""}
    assert (await world.call(world.root, "iam", "TagRole", RoleName="reader", Tags="")).status == 200
    assert await _tags(world) == {"Cost Center": ""}


async def test_a_fifty_first_tag_is_refused(world: QueryWorld) -> None:
    fifty = {f"Tags.member.{n}.{field}": f"k{n:02}" for n in range(1, 51) for field in ("Key", "Value")}
    answer = await world.call(world.root, "iam", "TagRole", RoleName="reader", **fifty)
    assert (answer.status, answer.code) == (409, "LimitExceeded")
    assert await _tags(world) == {"Team": "blue"}


async def test_tags_are_listed_in_pages_of_their_own_resource(world: QueryWorld) -> None:
    await world.new_role("other", trust({"AWS": ACCOUNT}))
    long_keys = {f"Tags.member.{n}.Key": "\U00020000" * 127 + str(n) for n in range(1, 4)}
    values = {f"Tags.member.{n}.Value": str(n) for n in range(1, 4)}
    assert (
        await world.call(world.root, "iam", "TagRole", RoleName="reader", **long_keys, **values)
    ).status == 200
    seen: list[str] = []
    marker: dict[str, str] = {}
    while True:
        page = await world.call(world.root, "iam", "ListRoleTags", RoleName="reader", MaxItems="1", **marker)
        assert page.status == 200, page.text
        seen += page.values("Value")
        if page.value("IsTruncated") == "false":
            break
        marker = {"Marker": page.value("Marker")}
        assert len(marker["Marker"]) <= 320
    assert seen == ["blue", "1", "2", "3"]
    elsewhere = await world.call(world.root, "iam", "ListRoleTags", RoleName="other", **marker)
    assert elsewhere.code == "ValidationError"


@pytest.mark.parametrize(
    "action, parameters",
    [
        ("UpdateRole", {"Description": "x"}),
        ("UpdateRoleDescription", {"Description": "x"}),
        ("UpdateAssumeRolePolicy", {"PolicyDocument": policy_text(trust("*"))}),
        ("TagRole", BLUE),
        ("UntagRole", {"TagKeys.member.1": "a"}),
        ("ListRoleTags", {}),
    ],
)
async def test_a_role_that_is_not_there_cannot_be_changed(
    world: QueryWorld, action: str, parameters: dict[str, str]
) -> None:
    for credentials, name in ((world.root, "nobody"), (world.other_root, "reader")):
        answer = await world.call(credentials, "iam", action, RoleName=name, **parameters)
        assert (answer.status, answer.code) == (404, "NoSuchEntity"), OTHER_ACCOUNT
        assert answer.message == f"The role with name {name} cannot be found."


@pytest.mark.parametrize(
    "action, parameters",
    [
        ("UpdateRole", {"Description": "x"}),
        ("TagRole", {"Tags.member.1.Key": "more", "Tags.member.1.Value": "x"}),
        ("UntagRole", {"TagKeys.member.1": "more"}),
        ("UpdateAssumeRolePolicy", {"PolicyDocument": policy_text(trust("*"))}),
        ("AttachRolePolicy", {"PolicyArn": SIGN_IN}),
        ("GetRole", {}),
        ("DeleteRole", {}),
    ],
)
@pytest.mark.parametrize("service", ["aws", "iam"])
async def test_rights_can_be_given_by_a_role_s_tag(
    world: QueryWorld, action: str, parameters: dict[str, str], service: str
) -> None:
    await world.new_role("red", trust({"AWS": ACCOUNT}), **RED)
    await world.new_role("bare", trust({"AWS": ACCOUNT}))
    condition = {"StringEquals": {f"{service}:ResourceTag/team": "blue"}}
    alice = await world.new_user("alice", allow("iam:*", Condition=condition))
    for name in ("red", "bare", "nobody"):
        refused = await world.call(alice, "iam", action, RoleName=name, **parameters)
        assert refused.code == "AccessDenied", name
    allowed = await world.call(alice, "iam", action, RoleName="reader", **parameters)
    assert allowed.status == 200, allowed.text


async def _create(world: QueryWorld, caller: str, **tags: str) -> Answer:
    document = policy_text(trust({"AWS": ACCOUNT}))
    alice = await world.new_user(
        caller,
        allow(
            "iam:CreateRole",
            "iam:TagRole",
            Condition={
                "StringEquals": {"aws:RequestTag/Team": "blue"},
                "ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]},
            },
        ),
    )
    return await world.call(
        alice, "iam", "CreateRole", RoleName="made", AssumeRolePolicyDocument=document, **tags
    )


@pytest.mark.parametrize(
    "tags, code",
    [
        (BLUE, ""),
        (RED, "AccessDenied"),
        ({}, "AccessDenied"),
        ({**BLUE, "Tags.member.2.Key": "more", "Tags.member.2.Value": ""}, "AccessDenied"),
    ],
)
async def test_which_tags_a_role_is_made_with_can_be_a_condition(
    world: QueryWorld, tags: dict[str, str], code: str
) -> None:
    assert (await _create(world, "alice", **tags)).code == code


async def test_making_a_tagged_role_needs_the_right_to_tag(world: QueryWorld) -> None:
    alice = await world.new_user("alice", allow("iam:CreateRole"))
    document = policy_text(trust({"AWS": ACCOUNT}))
    answer = await world.call(
        alice, "iam", "CreateRole", RoleName="made", AssumeRolePolicyDocument=document, **BLUE
    )
    assert answer.code == "AccessDenied"
    assert "iam:TagRole" in answer.message
    assert await world.storage.roles.load_role(ACCOUNT, "made") is None
