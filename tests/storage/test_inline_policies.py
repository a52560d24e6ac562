"""Policies inside users, groups and roles."""

import pytest

from daypass.protocol.aws.errors import DeleteConflict, NoSuchEntity
from daypass.server.domain.account import InlinePolicy
from daypass.server.ports.storage import Storage
from support.storage_records import ACCOUNT_ID, OTHER_ACCOUNT_ID, make_group, make_role, make_user

ALICE, READER, READERS = make_user("Alice"), make_role("Reader"), make_group("Readers")
PRINCIPALS = (ALICE.user_id, READER.role_id, READERS.group_id)


@pytest.fixture
async def principals(storage: Storage) -> Storage:
    """One of each; revision 3."""
    await storage.users.create_user(ALICE)
    await storage.roles.create_role(READER)
    await storage.groups.create_group(READERS)
    return storage


@pytest.mark.parametrize("principal_id", PRINCIPALS)
async def test_an_inline_policy_is_written_replaced_listed_and_deleted(
    principals: Storage, principal_id: str
) -> None:
    store = principals.inline_policies
    zeta, alpha = InlinePolicy(principal_id, "Zeta", "{1}"), InlinePolicy(principal_id, "alpha", "{2}")
    for policy in (zeta, alpha):
        await store.put_inline_policy(ACCOUNT_ID, policy)
    assert await store.list_inline_policies(ACCOUNT_ID, principal_id) == [alpha, zeta]
    replaced = InlinePolicy(principal_id, "ZETA", "{3}")
    await store.put_inline_policy(ACCOUNT_ID, replaced)
    assert await store.load_inline_policy(ACCOUNT_ID, principal_id, "zeta") == replaced
    assert await store.load_inline_policy(ACCOUNT_ID, principal_id, "beta") is None
    assert await store.load_inline_policy(OTHER_ACCOUNT_ID, principal_id, "zeta") is None
    for other in set(PRINCIPALS) - {principal_id}:
        assert await store.list_inline_policies(ACCOUNT_ID, other) == []
    await store.delete_inline_policy(ACCOUNT_ID, principal_id, "Zeta")
    assert await store.list_inline_policies(ACCOUNT_ID, principal_id) == [alpha]
    assert await principals.accounts.load_revision(ACCOUNT_ID) == 7
    for account_id, name in ((ACCOUNT_ID, "zeta"), (OTHER_ACCOUNT_ID, "alpha")):
        with pytest.raises(NoSuchEntity):
            await store.delete_inline_policy(account_id, principal_id, name)
    assert await principals.accounts.load_revision(ACCOUNT_ID) == 7


@pytest.mark.parametrize(
    ("account_id", "principal_id"), [(ACCOUNT_ID, "AIDANOBODY"), (OTHER_ACCOUNT_ID, ALICE.user_id)]
)
async def test_nobody_who_is_not_there_is_given_an_inline_policy(
    principals: Storage, account_id: str, principal_id: str
) -> None:
    with pytest.raises(NoSuchEntity):
        await principals.inline_policies.put_inline_policy(
            account_id, InlinePolicy(principal_id, "Own", "{}")
        )
    assert await principals.accounts.load_revision(account_id) == (3 if account_id == ACCOUNT_ID else 0)


async def test_who_has_an_inline_policy_stays(principals: Storage) -> None:
    for principal_id in (ALICE.user_id, READER.role_id):
        await principals.inline_policies.put_inline_policy(
            ACCOUNT_ID, InlinePolicy(principal_id, "Own", "{}")
        )
    with pytest.raises(DeleteConflict, match="an inline policy"):
        await principals.users.delete_user(ACCOUNT_ID, "alice")
    with pytest.raises(DeleteConflict, match="an inline policy"):
        await principals.roles.delete_role(ACCOUNT_ID, "reader")
