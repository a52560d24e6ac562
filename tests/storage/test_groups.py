"""Groups and who is in them."""

import pytest

from daypass.protocol.aws.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity
from daypass.server.domain.account import InlinePolicy
from daypass.server.ports.storage import Page, Storage
from support.storage_records import ACCOUNT_ID, NOW, OTHER_ACCOUNT_ID, make_group, make_policy, make_user

READERS = make_group("Readers", path="/team/")
WRITERS = make_group("writers", created_at=NOW + 1)
OTHER_READERS = make_group("Readers", account_id=OTHER_ACCOUNT_ID)
ALICE, BOB, CAROL = make_user("Alice"), make_user("bob"), make_user("Carol")
NAMESAKE = make_user("Alice", account_id=OTHER_ACCOUNT_ID)


@pytest.fixture
async def groups(storage: Storage) -> Storage:
    """Groups and users in two accounts; revisions 5 and 2."""
    for group in (READERS, WRITERS, OTHER_READERS):
        await storage.groups.create_group(group)
    for user in (ALICE, BOB, CAROL, NAMESAKE):
        await storage.users.create_user(user)
    return storage


async def _revisions(storage: Storage) -> tuple[int, int]:
    load = storage.accounts.load_revision
    return await load(ACCOUNT_ID), await load(OTHER_ACCOUNT_ID)


async def test_a_group_is_read_back_whole_by_name_in_any_case(groups: Storage) -> None:
    assert await groups.groups.load_group(ACCOUNT_ID, "READERS") == READERS
    assert await groups.groups.load_group(OTHER_ACCOUNT_ID, "readers") == OTHER_READERS
    assert await groups.groups.load_group(OTHER_ACCOUNT_ID, "writers") is None
    assert await _revisions(groups) == (5, 2)


async def test_groups_are_listed_in_name_order_by_page_and_path(groups: Storage) -> None:
    list_groups = groups.groups.list_groups
    assert await list_groups(ACCOUNT_ID, path_prefix="/", page=Page()) == [READERS, WRITERS]
    assert await list_groups(ACCOUNT_ID, path_prefix="/", page=Page(size=1)) == [READERS]
    assert await list_groups(ACCOUNT_ID, path_prefix="/", page=Page(after="readers")) == [WRITERS]
    assert await list_groups(ACCOUNT_ID, path_prefix="/team/", page=Page()) == [READERS]


async def test_a_group_name_is_taken_once_per_account_in_any_case(groups: Storage) -> None:
    with pytest.raises(EntityAlreadyExists):
        await groups.groups.create_group(make_group("READERS", group_id="AGPAANOTHER"))
    assert await groups.groups.load_group(ACCOUNT_ID, "readers") == READERS
    with pytest.raises(NoSuchEntity):
        await groups.groups.create_group(make_group("New", account_id="000000000000"))


async def test_a_group_is_renamed_also_to_its_own_name_in_another_case(groups: Storage) -> None:
    update = groups.groups.update_group
    await update(ACCOUNT_ID, "readers", new_name="READERS", new_path="/")
    renamed = make_group("READERS", group_id=READERS.group_id)
    assert await groups.groups.load_group(ACCOUNT_ID, "readers") == renamed
    with pytest.raises(EntityAlreadyExists):
        await update(ACCOUNT_ID, "readers", new_name="Writers", new_path="/")
    with pytest.raises(NoSuchEntity):
        await update(OTHER_ACCOUNT_ID, "writers", new_name="x", new_path="/")
    assert await groups.groups.list_groups(ACCOUNT_ID, path_prefix="/", page=Page()) == [renamed, WRITERS]
    assert await groups.groups.load_group(OTHER_ACCOUNT_ID, "readers") == OTHER_READERS
    assert await _revisions(groups) == (6, 2)


async def test_members_are_listed_in_name_order_by_page(groups: Storage) -> None:
    store = groups.groups
    for user in (CAROL, BOB, ALICE, BOB):
        await store.add_member(ACCOUNT_ID, READERS.group_id, user.user_id)
    await store.add_member(ACCOUNT_ID, WRITERS.group_id, BOB.user_id)
    assert await store.list_members(ACCOUNT_ID, READERS.group_id, page=Page()) == [ALICE, BOB, CAROL]
    assert await store.list_members(ACCOUNT_ID, READERS.group_id, page=Page("alice", 1)) == [BOB]
    assert await store.list_members(OTHER_ACCOUNT_ID, READERS.group_id, page=Page()) == []
    assert await store.list_groups_of(ACCOUNT_ID, BOB.user_id) == [READERS, WRITERS]
    assert await store.list_groups_of(ACCOUNT_ID, ALICE.user_id) == [READERS]
    assert await store.list_groups_of(OTHER_ACCOUNT_ID, NAMESAKE.user_id) == []
    assert (await _revisions(groups))[1] == 2


async def test_a_renamed_member_stands_where_its_new_name_belongs(groups: Storage) -> None:
    for user in (ALICE, BOB):
        await groups.groups.add_member(ACCOUNT_ID, READERS.group_id, user.user_id)
    await groups.users.update_user(ACCOUNT_ID, "alice", new_name="Zoe")
    members = await groups.groups.list_members(ACCOUNT_ID, READERS.group_id, page=Page())
    assert [user.user_name for user in members] == ["bob", "Zoe"]
    last = await groups.groups.list_members(ACCOUNT_ID, READERS.group_id, page=Page(after="bob"))
    assert [user.user_name for user in last] == ["Zoe"]


@pytest.mark.parametrize(
    ("group_id", "user_id"),
    [
        ("AGPANOBODY", ALICE.user_id),
        (READERS.group_id, "AIDANOBODY"),
        (READERS.group_id, READERS.group_id),
    ],
)
async def test_only_users_that_are_there_join_groups_that_are_there(
    groups: Storage, group_id: str, user_id: str
) -> None:
    with pytest.raises(NoSuchEntity):
        await groups.groups.add_member(ACCOUNT_ID, group_id, user_id)
    with pytest.raises(NoSuchEntity):
        await groups.groups.add_member(OTHER_ACCOUNT_ID, READERS.group_id, BOB.user_id)
    assert await _revisions(groups) == (5, 2)


async def test_leaving_takes_one_user_out_of_one_group(groups: Storage) -> None:
    store = groups.groups
    for group in (READERS, WRITERS):
        for user in (ALICE, BOB):
            await store.add_member(ACCOUNT_ID, group.group_id, user.user_id)
    await store.remove_member(ACCOUNT_ID, READERS.group_id, ALICE.user_id)
    assert await store.list_groups_of(ACCOUNT_ID, ALICE.user_id) == [WRITERS]
    assert await store.list_members(ACCOUNT_ID, READERS.group_id, page=Page()) == [BOB]
    with pytest.raises(NoSuchEntity):
        await store.remove_member(ACCOUNT_ID, READERS.group_id, ALICE.user_id)


async def test_a_group_goes_only_when_nothing_hangs_on_it(groups: Storage) -> None:
    store, group_id, policy = groups.groups, READERS.group_id, make_policy()
    await groups.policies.create_policy(policy)
    steps = (
        (store.add_member(ACCOUNT_ID, group_id, ALICE.user_id), "members"),
        (groups.policies.attach_policy(ACCOUNT_ID, group_id, policy.arn), "an attached policy"),
        (
            groups.inline_policies.put_inline_policy(ACCOUNT_ID, InlinePolicy(group_id, "Own", "{}")),
            "an inline policy",
        ),
    )
    undo = (
        lambda: store.remove_member(ACCOUNT_ID, group_id, ALICE.user_id),
        lambda: groups.policies.detach_policy(ACCOUNT_ID, group_id, policy.arn),
        lambda: groups.inline_policies.delete_inline_policy(ACCOUNT_ID, group_id, "Own"),
    )
    for (step, what), back in zip(steps, undo, strict=True):
        await step
        with pytest.raises(DeleteConflict, match=what):
            await store.delete_group(ACCOUNT_ID, "readers")
        await back()
    await store.delete_group(ACCOUNT_ID, "READERS")
    assert await store.list_groups(ACCOUNT_ID, path_prefix="/", page=Page()) == [WRITERS]
    assert await store.load_group(OTHER_ACCOUNT_ID, "readers") == OTHER_READERS
    with pytest.raises(NoSuchEntity):
        await store.delete_group(ACCOUNT_ID, "readers")


async def test_a_policy_hangs_on_a_group_as_on_a_user(groups: Storage) -> None:
    policy = make_policy()
    await groups.policies.create_policy(policy)
    await groups.policies.attach_policy(ACCOUNT_ID, READERS.group_id, policy.arn)
    assert await groups.policies.list_attached_policies(ACCOUNT_ID, READERS.group_id) == [policy.arn]
    with pytest.raises(DeleteConflict):
        await groups.policies.delete_policy(policy.arn)
