"""ListEntitiesForPolicy: groups, users, roles that have a policy, or are bounded by it, by page (IAM reference)."""

from collections.abc import Mapping

import pytest

from support.query_world import ACCOUNT, QueryWorld, allow, trust

NAMES = ("PolicyGroups/member/GroupName", "PolicyUsers/member/UserName", "PolicyRoles/member/RoleName")


@pytest.fixture
async def policy(world: QueryWorld) -> str:
    """Bounds users a, c and e below /team/, and roles q and s; attached to group g, users b and c, role r."""
    arn = await world.new_policy("ceiling", allow("s3:*"))
    for name in "abcde":
        bound = {"PermissionsBoundary": arn} if name in "ace" else {}
        path = "/team/" if name == "e" else "/"
        made = await world.call(world.root, "iam", "CreateUser", UserName=name, Path=path, **bound)
        assert made.status == 200, made.text
    for name in "qrs":
        await world.new_role(
            name, trust({"AWS": ACCOUNT}), **({"PermissionsBoundary": arn} if name != "r" else {})
        )
    attached = [("Group", "g"), ("User", "b"), ("User", "c"), ("Role", "r")]
    await world.call(world.root, "iam", "CreateGroup", GroupName="g")
    for kind, name in attached:
        answer = await world.call(
            world.root, "iam", f"Attach{kind}Policy", PolicyArn=arn, **{f"{kind}Name": name}
        )
        assert answer.status == 200, answer.text
    return arn


async def found(world: QueryWorld, policy: str, *, size: int, **more: str) -> tuple[list[str], int]:
    """Names in order of the pages, and how many pages."""
    names: list[str] = []
    marker: Mapping[str, str] = {}
    for page in range(1, 20):
        answer = await world.call(
            world.root,
            "iam",
            "ListEntitiesForPolicy",
            PolicyArn=policy,
            MaxItems=str(size),
            **more,
            **marker,
        )
        assert answer.status == 200, answer.text
        here = [name for path in NAMES for name in answer.values(path)]
        assert len(here) <= size
        names += here
        if answer.value("IsTruncated") == "false":
            return names, page
        marker = {"Marker": answer.value("Marker")}
    raise AssertionError("no end")


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "gabceqrs"),
        ({"PolicyUsageFilter": "PermissionsBoundary"}, "aceqs"),
        ({"PolicyUsageFilter": "PermissionsPolicy"}, "gbcr"),
        ({"PolicyUsageFilter": "PermissionsBoundary", "EntityFilter": "Role"}, "qs"),
        ({"PolicyUsageFilter": "PermissionsBoundary", "EntityFilter": "Group"}, ""),
        ({"PolicyUsageFilter": "PermissionsBoundary", "PathPrefix": "/team/"}, "e"),
        ({"EntityFilter": "User"}, "abce"),
    ],
)
async def test_every_page_size_finds_everybody_once_in_order(
    world: QueryWorld, policy: str, asked: dict[str, str], expected: str, size: int
) -> None:
    names, pages = await found(world, policy, size=size, **asked)
    assert "".join(names) == expected
    assert pages == max(1, -(-len(expected) // size))


async def test_a_page_of_those_a_policy_bounds_reads_a_page_and_not_every_user(
    world: QueryWorld, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scan(*_: object, **__: object) -> None:
        raise AssertionError("all users were asked for")

    monkeypatch.setattr(world.storage.users, "list_users", scan)
    monkeypatch.setattr(world.storage.roles, "list_roles", scan)
    names, _ = await found(world, policy, size=2, PolicyUsageFilter="PermissionsBoundary")
    assert "".join(names) == "aceqs"


async def test_a_page_of_roles_reads_no_users_again(
    world: QueryWorld, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"PolicyArn": policy, "PolicyUsageFilter": "PermissionsBoundary"}
    first = await world.call(world.root, "iam", "ListEntitiesForPolicy", MaxItems="4", **asked)
    assert first.values("PolicyRoles/member/RoleName") == ["q"]

    async def again(*_: object, **__: object) -> None:
        raise AssertionError("users were read again")

    monkeypatch.setattr(world.storage.policy_versions, "list_bounded_users", again)
    last = await world.call(world.root, "iam", "ListEntitiesForPolicy", Marker=first.value("Marker"), **asked)
    assert last.values("PolicyRoles/member/RoleName") == ["s"]
