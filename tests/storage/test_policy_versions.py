"""Versions of managed policies, their tags, and who has a policy."""

from dataclasses import replace

import pytest

from daypass.protocol.aws.errors import (
    ConcurrentModification,
    DeleteConflict,
    LimitExceeded,
    NoSuchEntity,
)
from daypass.server.domain.account import PolicyVersion
from daypass.server.ports.storage import Storage
from support.storage_records import (
    ACCOUNT_ID,
    NOW,
    OTHER_ACCOUNT_ID,
    make_group,
    make_policy,
    make_role,
    make_user,
)

LISTS = make_policy("Lists")
OTHER = make_policy("Other")
GONE = f"arn:aws:iam::{ACCOUNT_ID}:policy/Gone"
FIRST = PolicyVersion(LISTS.arn, "v1", LISTS.document, NOW, is_default=True)
SHIPPED = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture
async def policies(storage: Storage) -> Storage:
    """Two policies; revision 2."""
    for policy in (LISTS, OTHER):
        await storage.policies.create_policy(policy)
    return storage


async def _add(
    storage: Storage, document: str, *, default: bool = False, now: int = NOW + 1
) -> PolicyVersion:
    return await storage.policy_versions.create_policy_version(
        LISTS.arn, document, set_as_default=default, limit=5, now=now
    )


async def test_a_policy_begins_with_its_first_version(policies: Storage) -> None:
    assert await policies.policy_versions.list_policy_versions(LISTS.arn) == [FIRST]
    assert await policies.policy_versions.list_policy_versions(GONE) == []


async def test_a_new_version_changes_the_policy_only_when_it_is_the_default(policies: Storage) -> None:
    second = await _add(policies, "{2}")
    assert second == PolicyVersion(LISTS.arn, "v2", "{2}", NOW + 1, is_default=False)
    assert await policies.policies.load_policy(LISTS.arn) == replace(LISTS, updated_at=NOW + 1)
    third = await _add(policies, "{3}", default=True, now=NOW + 2)
    assert third == PolicyVersion(LISTS.arn, "v3", "{3}", NOW + 2, is_default=True)
    changed = replace(LISTS, document="{3}", default_version_id="v3", updated_at=NOW + 2)
    assert await policies.policies.load_policy(LISTS.arn) == changed
    assert await policies.policy_versions.list_policy_versions(LISTS.arn) == [
        third,
        second,
        replace(FIRST, is_default=False),
    ]
    assert await policies.policies.load_policy(OTHER.arn) == OTHER
    assert len(await policies.policy_versions.list_policy_versions(OTHER.arn)) == 1
    assert await policies.accounts.load_revision(ACCOUNT_ID) == 4
    assert await policies.accounts.load_revision(OTHER_ACCOUNT_ID) == 0


async def test_an_older_version_becomes_the_default_again(policies: Storage) -> None:
    await _add(policies, "{2}", default=True)
    await policies.policy_versions.set_default_policy_version(LISTS.arn, "v1", now=NOW + 9)
    assert await policies.policies.load_policy(LISTS.arn) == replace(LISTS, updated_at=NOW + 9)
    versions = await policies.policy_versions.list_policy_versions(LISTS.arn)
    assert [version.is_default for version in versions] == [False, True]
    assert await policies.accounts.load_revision(ACCOUNT_ID) == 4


@pytest.mark.parametrize("version_id", ["v2", "v0", "v01", "1", "", "v", "v-1", "v1 ", "v" + "9" * 30, "v١"])
async def test_a_version_that_is_not_there_is_neither_chosen_nor_deleted(
    policies: Storage, version_id: str
) -> None:
    with pytest.raises(NoSuchEntity):
        await policies.policy_versions.set_default_policy_version(LISTS.arn, version_id, now=NOW)
    with pytest.raises(NoSuchEntity):
        await policies.policy_versions.delete_policy_version(LISTS.arn, version_id)
    assert await policies.policy_versions.list_policy_versions(LISTS.arn) == [FIRST]
    assert await policies.accounts.load_revision(ACCOUNT_ID) == 2


async def test_a_policy_that_is_not_there_has_no_versions_and_no_tags(policies: Storage) -> None:
    versions = policies.policy_versions
    for call in (
        versions.create_policy_version(GONE, "{}", set_as_default=True, limit=5, now=NOW),
        versions.set_default_policy_version(GONE, "v1", now=NOW),
        versions.delete_policy_version(GONE, "v1"),
        versions.update_policy_tags(GONE, tags=(), tags_before=()),
    ):
        with pytest.raises(NoSuchEntity):
            await call


async def test_the_limit_of_versions_holds_and_no_number_comes_back(policies: Storage) -> None:
    for number in range(2, 6):
        assert (await _add(policies, "{}")).version_id == f"v{number}"
    with pytest.raises(LimitExceeded):
        await _add(policies, "{6}", default=True)
    assert await policies.policies.load_policy(LISTS.arn) == replace(LISTS, updated_at=NOW + 1)
    await policies.policy_versions.delete_policy_version(LISTS.arn, "v5")
    assert (await _add(policies, "{6}")).version_id == "v6"


async def test_the_default_version_is_not_deleted(policies: Storage) -> None:
    with pytest.raises(DeleteConflict):
        await policies.policy_versions.delete_policy_version(LISTS.arn, "v1")
    await _add(policies, "{2}", default=True)
    await policies.policy_versions.delete_policy_version(LISTS.arn, "v1")
    versions = await policies.policy_versions.list_policy_versions(LISTS.arn)
    assert [version.version_id for version in versions] == ["v2"]


async def test_a_policy_of_several_versions_is_not_deleted(policies: Storage) -> None:
    await _add(policies, "{2}")
    with pytest.raises(DeleteConflict, match="several versions"):
        await policies.policies.delete_policy(LISTS.arn)
    await policies.policy_versions.delete_policy_version(LISTS.arn, "v2")
    await policies.policies.delete_policy(LISTS.arn)
    assert await policies.policy_versions.list_policy_versions(LISTS.arn) == []
    await policies.policies.create_policy(LISTS)
    assert await policies.policy_versions.list_policy_versions(LISTS.arn) == [FIRST]


async def test_tags_change_only_while_they_are_as_they_were_read(policies: Storage) -> None:
    tags = (("stage", "test"),)
    update = policies.policy_versions.update_policy_tags
    await update(LISTS.arn, tags=tags, tags_before=())
    assert await policies.policies.load_policy(LISTS.arn) == replace(LISTS, tags=tags)
    with pytest.raises(ConcurrentModification):
        await update(LISTS.arn, tags=(), tags_before=())
    assert await policies.policies.load_policy(OTHER.arn) == OTHER
    assert await policies.accounts.load_revision(ACCOUNT_ID) == 3


async def test_a_policy_is_made_with_its_tags(storage: Storage) -> None:
    policy = make_policy(tags=(("team", "blü"),), updated_at=NOW + 3)
    await storage.policies.create_policy(policy)
    assert await storage.policies.load_policy(policy.arn) == policy
    assert await storage.account_settings.list_all_policies_of(ACCOUNT_ID) == [policy]


async def test_everybody_who_has_a_policy_is_listed_by_kind_and_name(policies: Storage) -> None:
    users = [make_user("Alice", tags=(("a", "b"),)), make_user("bob"), make_user("carol")]
    roles, groups = [make_role("Reader"), make_role("Writer")], [make_group("A"), make_group("b")]
    namesake = make_user("Alice", account_id=OTHER_ACCOUNT_ID)
    for user in (*users, namesake):
        await policies.users.create_user(user)
    for role in roles:
        await policies.roles.create_role(role)
    for group in groups:
        await policies.groups.create_group(group)
    attach = policies.policies.attach_policy
    ids = [
        *(user.user_id for user in reversed(users[:2])),
        roles[0].role_id,
        *(group.group_id for group in groups),
    ]
    for principal_id in ids:
        for arn in (LISTS.arn, SHIPPED):
            await attach(ACCOUNT_ID, principal_id, arn)
    await attach(ACCOUNT_ID, users[2].user_id, OTHER.arn)
    await attach(OTHER_ACCOUNT_ID, namesake.user_id, SHIPPED)
    list_entities = policies.policy_versions.list_entities_for_policy
    for arn in (LISTS.arn, SHIPPED):
        assert await list_entities(ACCOUNT_ID, arn) == (groups, users[:2], roles[:1])
    assert await list_entities(OTHER_ACCOUNT_ID, SHIPPED) == ([], [namesake], [])
    assert await list_entities(ACCOUNT_ID, GONE) == ([], [], [])


async def test_what_bounds_somebody_is_counted_and_not_deleted(policies: Storage) -> None:
    count = policies.policy_versions.count_boundary_uses
    await policies.users.create_user(make_user("Alice", permissions_boundary=LISTS.arn))
    await policies.roles.create_role(make_role("Reader", permissions_boundary=LISTS.arn))
    await policies.roles.create_role(make_role("Writer", permissions_boundary=SHIPPED))
    assert await count(ACCOUNT_ID, LISTS.arn) == 2
    assert await count(ACCOUNT_ID, SHIPPED) == 1
    assert await count(ACCOUNT_ID, "") == 0
    assert await count(OTHER_ACCOUNT_ID, LISTS.arn) == 0
    for change in (
        policies.users.update_user(ACCOUNT_ID, "alice", permissions_boundary=""),
        policies.roles.update_role(ACCOUNT_ID, "reader", permissions_boundary=OTHER.arn),
    ):
        with pytest.raises(DeleteConflict, match="boundary"):
            await policies.policies.delete_policy(LISTS.arn)
        await change
    await policies.policies.delete_policy(LISTS.arn)


@pytest.mark.parametrize("boundary", [GONE, make_policy("Lists", account_id=OTHER_ACCOUNT_ID).arn])
async def test_only_a_policy_of_the_account_that_is_there_bounds(policies: Storage, boundary: str) -> None:
    await policies.policies.create_policy(make_policy("Lists", account_id=OTHER_ACCOUNT_ID))
    await policies.users.create_user(make_user("Alice"))
    await policies.roles.create_role(make_role("Reader"))
    revision = await policies.accounts.load_revision(ACCOUNT_ID)
    for call in (
        policies.users.create_user(make_user("Bob", permissions_boundary=boundary)),
        policies.roles.create_role(make_role("Writer", permissions_boundary=boundary)),
        policies.users.update_user(ACCOUNT_ID, "alice", permissions_boundary=boundary),
        policies.roles.update_role(ACCOUNT_ID, "reader", permissions_boundary=boundary),
    ):
        with pytest.raises(NoSuchEntity):
            await call
    assert await policies.accounts.load_revision(ACCOUNT_ID) == revision
