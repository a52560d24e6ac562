"""IAM roles, managed policies, and what is attached to whom."""

from dataclasses import replace

import pytest

from daypass.protocol.aws.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity
from daypass.server.ports.storage import Page, Storage
from support.storage_records import ACCOUNT_ID, OTHER_ACCOUNT_ID, make_policy, make_role, make_user

READER = make_role("Reader", path="/team/")
WRITER = make_role("writer")
OTHER_READER = make_role("Reader", account_id=OTHER_ACCOUNT_ID)
LISTS = make_policy("Lists", path="/team/")
WRITES = make_policy("writes")
OTHER_LISTS = make_policy("Lists", account_id=OTHER_ACCOUNT_ID)
ALICE = make_user("Alice")
BOB = make_user("bob")
SHIPPED = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture
async def entities(storage: Storage) -> Storage:
    """Roles, policies and users in two accounts; revisions 6 and 2."""
    for role in (READER, WRITER, OTHER_READER):
        await storage.roles.create_role(role)
    for policy in (LISTS, WRITES, OTHER_LISTS):
        await storage.policies.create_policy(policy)
    for user in (ALICE, BOB):
        await storage.users.create_user(user)
    return storage


async def test_a_role_is_read_back_whole_by_name_in_any_case(entities: Storage) -> None:
    assert await entities.roles.load_role(ACCOUNT_ID, "READER") == READER
    assert await entities.roles.load_role(OTHER_ACCOUNT_ID, "reader") == OTHER_READER
    assert await entities.roles.load_role(OTHER_ACCOUNT_ID, "writer") is None
    assert await entities.accounts.load_revision(ACCOUNT_ID) == 6
    assert await entities.accounts.load_revision(OTHER_ACCOUNT_ID) == 2


async def test_a_role_is_changed_in_what_is_given_and_nothing_else(entities: Storage) -> None:
    update = entities.roles.update_role
    changed = replace(READER, trust_policy="{}", tags=(("stage", "test"), ("team", "blü")))
    await update(ACCOUNT_ID, "READER", trust_policy=changed.trust_policy, tags=changed.tags)
    assert await entities.roles.load_role_by_id(ACCOUNT_ID, READER.role_id) == changed
    await update(ACCOUNT_ID, "reader", description="", max_session_duration=3600)
    changed = replace(changed, description="", max_session_duration=3600)
    assert await entities.roles.list_roles(ACCOUNT_ID, path_prefix="/", page=Page()) == [changed, WRITER]
    await update(ACCOUNT_ID, "reader", tags=())
    assert await entities.roles.load_role(ACCOUNT_ID, "reader") == replace(changed, tags=())
    assert await entities.roles.load_role(OTHER_ACCOUNT_ID, "reader") == OTHER_READER
    assert await entities.accounts.load_revision(ACCOUNT_ID) == 9
    assert await entities.accounts.load_revision(OTHER_ACCOUNT_ID) == 2
    with pytest.raises(NoSuchEntity):
        await update(OTHER_ACCOUNT_ID, "writer", tags=())
    assert await entities.accounts.load_revision(OTHER_ACCOUNT_ID) == 2


async def test_a_role_is_made_with_its_tags(storage: Storage) -> None:
    role = make_role(tags=(("team", "blue"),))
    await storage.roles.create_role(role)
    assert await storage.roles.load_role(ACCOUNT_ID, role.role_name) == role


async def test_a_roles_boundary_is_set_replaced_and_removed(entities: Storage) -> None:
    for boundary in (LISTS.arn, SHIPPED, ""):
        await entities.roles.update_role(ACCOUNT_ID, "reader", permissions_boundary=boundary)
        expected = replace(READER, permissions_boundary=boundary)
        assert await entities.roles.load_role(ACCOUNT_ID, "reader") == expected
    assert await entities.roles.load_role(ACCOUNT_ID, "writer") == WRITER


async def test_roles_are_listed_in_name_order_by_page_and_path(entities: Storage) -> None:
    roles = entities.roles
    assert await roles.list_roles(ACCOUNT_ID, path_prefix="/", page=Page()) == [READER, WRITER]
    assert await roles.list_roles(ACCOUNT_ID, path_prefix="/", page=Page(size=1)) == [READER]
    assert await roles.list_roles(ACCOUNT_ID, path_prefix="/", page=Page(after="reader")) == [WRITER]
    assert await roles.list_roles(ACCOUNT_ID, path_prefix="/team/", page=Page()) == [READER]


async def test_a_role_name_is_taken_once_per_account_in_any_case(entities: Storage) -> None:
    with pytest.raises(EntityAlreadyExists):
        await entities.roles.create_role(make_role("WRITER", role_id="AROAANOTHER"))
    assert await entities.roles.load_role(ACCOUNT_ID, "writer") == WRITER


async def test_a_deleted_role_takes_no_other_along(entities: Storage) -> None:
    await entities.roles.delete_role(ACCOUNT_ID, "READER")
    assert await entities.roles.list_roles(ACCOUNT_ID, path_prefix="/", page=Page()) == [WRITER]
    assert await entities.roles.load_role(OTHER_ACCOUNT_ID, "reader") == OTHER_READER
    with pytest.raises(NoSuchEntity):
        await entities.roles.delete_role(ACCOUNT_ID, "reader")


async def test_a_role_with_a_policy_is_not_deleted(entities: Storage) -> None:
    await entities.policies.attach_policy(ACCOUNT_ID, READER.role_id, LISTS.arn)
    with pytest.raises(DeleteConflict):
        await entities.roles.delete_role(ACCOUNT_ID, "reader")
    assert await entities.roles.load_role(ACCOUNT_ID, "reader") == READER


async def test_a_policy_is_read_back_whole_and_listed(entities: Storage) -> None:
    policies = entities.policies
    assert await policies.load_policy(LISTS.arn) == LISTS
    assert await policies.load_policy(SHIPPED) is None
    assert await policies.list_policies(ACCOUNT_ID, path_prefix="/", page=Page()) == [LISTS, WRITES]
    assert await policies.list_policies(ACCOUNT_ID, path_prefix="/", page=Page(size=1)) == [LISTS]
    assert await policies.list_policies(ACCOUNT_ID, path_prefix="/", page=Page(after="lists")) == [WRITES]
    assert await policies.list_policies(ACCOUNT_ID, path_prefix="/team/", page=Page()) == [LISTS]


async def test_a_policy_name_is_taken_once_per_account_under_any_path(entities: Storage) -> None:
    with pytest.raises(EntityAlreadyExists):
        await entities.policies.create_policy(make_policy("LISTS", policy_id="ANPAANOTHER", path="/else/"))
    assert await entities.policies.load_policy(LISTS.arn) == LISTS


async def test_attaching_twice_is_once_and_touches_one_principal(entities: Storage) -> None:
    policies = entities.policies
    for _ in range(2):
        await policies.attach_policy(ACCOUNT_ID, ALICE.user_id, LISTS.arn)
    await policies.attach_policy(ACCOUNT_ID, ALICE.user_id, SHIPPED)
    await policies.attach_policy(ACCOUNT_ID, READER.role_id, LISTS.arn)
    assert await policies.list_attached_policies(ACCOUNT_ID, ALICE.user_id) == sorted([LISTS.arn, SHIPPED])
    assert await policies.list_attached_policies(ACCOUNT_ID, BOB.user_id) == []
    assert await policies.list_attached_policies(OTHER_ACCOUNT_ID, ALICE.user_id) == []
    assert await policies.count_attachments(LISTS.arn) == 2
    assert await policies.count_attachments(WRITES.arn) == 0
    assert await entities.accounts.load_revision(ACCOUNT_ID) == 10
    assert await entities.accounts.load_revision(OTHER_ACCOUNT_ID) == 2


@pytest.mark.parametrize(
    ("principal_id", "policy_arn"),
    [
        ("AIDANOBODY", LISTS.arn),
        (ALICE.user_id, f"arn:aws:iam::{ACCOUNT_ID}:policy/missing"),
        (ALICE.user_id, OTHER_LISTS.arn),
    ],
)
async def test_only_existing_policies_of_the_account_are_attached_to_existing_principals(
    entities: Storage, principal_id: str, policy_arn: str
) -> None:
    with pytest.raises(NoSuchEntity):
        await entities.policies.attach_policy(ACCOUNT_ID, principal_id, policy_arn)
    assert await entities.policies.count_attachments(policy_arn) == 0
    assert await entities.accounts.load_revision(ACCOUNT_ID) == 6


async def test_a_principal_of_another_account_gets_nothing(entities: Storage) -> None:
    with pytest.raises(NoSuchEntity):
        await entities.policies.attach_policy(OTHER_ACCOUNT_ID, ALICE.user_id, SHIPPED)


async def test_detaching_takes_one_policy_from_one_principal(entities: Storage) -> None:
    policies = entities.policies
    for principal_id in (ALICE.user_id, BOB.user_id):
        for policy_arn in (LISTS.arn, WRITES.arn):
            await policies.attach_policy(ACCOUNT_ID, principal_id, policy_arn)
    await policies.detach_policy(ACCOUNT_ID, ALICE.user_id, LISTS.arn)
    assert await policies.list_attached_policies(ACCOUNT_ID, ALICE.user_id) == [WRITES.arn]
    assert await policies.list_attached_policies(ACCOUNT_ID, BOB.user_id) == [LISTS.arn, WRITES.arn]
    assert await entities.accounts.load_revision(ACCOUNT_ID) == 11
    with pytest.raises(NoSuchEntity):
        await policies.detach_policy(ACCOUNT_ID, ALICE.user_id, LISTS.arn)
    assert await entities.accounts.load_revision(ACCOUNT_ID) == 11


async def test_a_deleted_policy_takes_no_other_along(entities: Storage) -> None:
    await entities.policies.attach_policy(ACCOUNT_ID, ALICE.user_id, LISTS.arn)
    with pytest.raises(DeleteConflict):
        await entities.policies.delete_policy(LISTS.arn)
    assert await entities.policies.load_policy(LISTS.arn) == LISTS
    await entities.policies.detach_policy(ACCOUNT_ID, ALICE.user_id, LISTS.arn)
    await entities.policies.delete_policy(LISTS.arn)
    assert await entities.policies.load_policy(LISTS.arn) is None
    assert await entities.policies.load_policy(WRITES.arn) == WRITES
    assert await entities.policies.load_policy(OTHER_LISTS.arn) == OTHER_LISTS
    with pytest.raises(NoSuchEntity):
        await entities.policies.delete_policy(LISTS.arn)
