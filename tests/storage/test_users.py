"""IAM users and login profiles."""

from dataclasses import replace

import pytest

from daypass.protocol.aws.errors import (
    ConcurrentModification,
    DeleteConflict,
    EntityAlreadyExists,
    NoSuchEntity,
)
from daypass.server.domain.account import User
from daypass.server.ports.storage import Page, Storage
from support.storage_records import (
    ACCOUNT_ID,
    NOW,
    OTHER_ACCOUNT_ID,
    make_group,
    make_policy,
    make_profile,
    make_user,
)

ALICE = make_user("Alice", path="/people/")
BOB = make_user("bob", created_at=NOW + 5)
NAMESAKE = make_user("Alice", account_id=OTHER_ACCOUNT_ID)


@pytest.fixture
async def users(storage: Storage) -> Storage:
    """Two users in one account, one of the same name in another; revisions 2 and 1."""
    for user in (ALICE, BOB, NAMESAKE):
        await storage.users.create_user(user)
    return storage


async def _everyone(storage: Storage) -> list[User]:
    return [
        *await storage.users.list_users(ACCOUNT_ID, path_prefix="/", page=Page()),
        *await storage.users.list_users(OTHER_ACCOUNT_ID, path_prefix="/", page=Page()),
    ]


async def test_a_user_is_read_back_whole_by_name_in_any_case_and_by_id(users: Storage) -> None:
    assert await users.users.load_user(ACCOUNT_ID, "aLICE") == ALICE
    assert await users.users.load_user_by_id(ACCOUNT_ID, ALICE.user_id) == ALICE
    assert await users.users.load_user(OTHER_ACCOUNT_ID, "alice") == NAMESAKE
    assert await users.users.load_user(OTHER_ACCOUNT_ID, "bob") is None
    assert await users.users.load_user_by_id(OTHER_ACCOUNT_ID, BOB.user_id) is None
    assert await users.accounts.load_revision(ACCOUNT_ID) == 2
    assert await users.accounts.load_revision(OTHER_ACCOUNT_ID) == 1


async def test_a_user_name_is_taken_once_per_account_in_any_case(users: Storage) -> None:
    with pytest.raises(EntityAlreadyExists):
        await users.users.create_user(make_user("ALICE", user_id="AIDAANOTHER"))
    assert await _everyone(users) == [ALICE, BOB, NAMESAKE]
    assert await users.accounts.load_revision(ACCOUNT_ID) == 2


async def test_a_user_of_an_unknown_account_is_refused(users: Storage) -> None:
    with pytest.raises(NoSuchEntity):
        await users.users.create_user(make_user("Eve", account_id="000000000000"))


async def test_users_are_listed_in_name_order_by_page_and_path(users: Storage) -> None:
    first = await users.users.list_users(ACCOUNT_ID, path_prefix="/", page=Page(size=1))
    rest = await users.users.list_users(ACCOUNT_ID, path_prefix="/", page=Page(after="alice", size=1))
    assert (first, rest) == ([ALICE], [BOB])
    assert await users.users.list_users(ACCOUNT_ID, path_prefix="/people/", page=Page()) == [ALICE]
    assert await users.users.list_users(ACCOUNT_ID, path_prefix="/p%", page=Page()) == []


async def test_a_deleted_user_takes_nobody_along(users: Storage) -> None:
    await users.users.delete_user(ACCOUNT_ID, "ALICE")
    assert await _everyone(users) == [BOB, NAMESAKE]
    assert await users.accounts.load_revision(ACCOUNT_ID) == 3
    with pytest.raises(NoSuchEntity):
        await users.users.delete_user(ACCOUNT_ID, "Alice")
    assert await users.accounts.load_revision(ACCOUNT_ID) == 3


async def test_a_user_with_a_login_profile_or_a_policy_is_not_deleted(users: Storage) -> None:
    policy = make_policy()
    await users.policies.create_policy(policy)
    await users.policies.attach_policy(ACCOUNT_ID, ALICE.user_id, policy.arn)
    await users.users.create_login_profile(make_profile(BOB))
    for name in ("Alice", "bob"):
        with pytest.raises(DeleteConflict):
            await users.users.delete_user(ACCOUNT_ID, name)
    assert await _everyone(users) == [ALICE, replace(BOB, credentials_epoch=1), NAMESAKE]


async def test_a_login_profile_is_read_back_whole_and_raises_its_users_epoch(users: Storage) -> None:
    profile = make_profile(ALICE, password_reset_required=True)
    await users.users.create_login_profile(profile)
    assert await users.users.load_login_profile(ACCOUNT_ID, ALICE.user_id) == profile
    assert await users.users.load_login_profile(ACCOUNT_ID, BOB.user_id) is None
    assert await users.users.load_login_profile(OTHER_ACCOUNT_ID, ALICE.user_id) is None
    assert await _everyone(users) == [replace(ALICE, credentials_epoch=1), BOB, NAMESAKE]
    assert await users.accounts.load_revision(ACCOUNT_ID) == 3


async def test_a_second_login_profile_is_refused_and_leaves_the_epoch(users: Storage) -> None:
    await users.users.create_login_profile(make_profile(ALICE))
    with pytest.raises(EntityAlreadyExists):
        await users.users.create_login_profile(make_profile(ALICE, password_hash="$argon2id$other"))
    assert await users.users.load_login_profile(ACCOUNT_ID, ALICE.user_id) == make_profile(ALICE)
    assert await users.users.load_user(ACCOUNT_ID, "alice") == replace(ALICE, credentials_epoch=1)


async def test_a_login_profile_needs_its_user(users: Storage) -> None:
    with pytest.raises(NoSuchEntity):
        await users.users.create_login_profile(make_profile(make_user("ghost")))


@pytest.mark.parametrize(
    ("change", "expected", "epoch"),
    [
        ({"password_hash": "$new", "password_reset_required": None, "changed": True}, ("$new", False), 2),
        (
            {"password_hash": None, "password_reset_required": True, "changed": False},
            ("$argon2id$pw", True),
            1,
        ),
        (
            {"password_hash": "$rehash", "password_reset_required": False, "changed": False},
            ("$rehash", False),
            1,
        ),
    ],
)
async def test_a_login_profile_update_changes_what_it_names_and_only_its_user(
    users: Storage, change: dict[str, object], expected: tuple[str, bool], epoch: int
) -> None:
    await users.users.create_login_profile(make_profile(ALICE))
    await users.users.create_login_profile(make_profile(BOB))
    await users.users.update_login_profile(ACCOUNT_ID, ALICE.user_id, **change)  # type: ignore[arg-type]  # rows of a table
    profile = await users.users.load_login_profile(ACCOUNT_ID, ALICE.user_id)
    assert profile is not None
    assert (profile.password_hash, profile.password_reset_required) == expected
    assert await users.users.load_login_profile(ACCOUNT_ID, BOB.user_id) == make_profile(BOB)
    assert await _everyone(users) == [
        replace(ALICE, credentials_epoch=epoch),
        replace(BOB, credentials_epoch=1),
        NAMESAKE,
    ]
    assert await users.accounts.load_revision(ACCOUNT_ID) == 5


async def test_a_deleted_login_profile_raises_its_users_epoch(users: Storage) -> None:
    await users.users.create_login_profile(make_profile(ALICE))
    await users.users.create_login_profile(make_profile(BOB))
    await users.users.delete_login_profile(ACCOUNT_ID, ALICE.user_id)
    assert await users.users.load_login_profile(ACCOUNT_ID, ALICE.user_id) is None
    assert await users.users.load_login_profile(ACCOUNT_ID, BOB.user_id) == make_profile(BOB)
    assert await _everyone(users) == [
        replace(ALICE, credentials_epoch=2),
        replace(BOB, credentials_epoch=1),
        NAMESAKE,
    ]


async def test_a_missing_login_profile_is_neither_updated_nor_deleted(users: Storage) -> None:
    with pytest.raises(NoSuchEntity):
        await users.users.delete_login_profile(ACCOUNT_ID, ALICE.user_id)
    with pytest.raises(NoSuchEntity):
        await users.users.update_login_profile(
            ACCOUNT_ID, ALICE.user_id, password_hash="$x", password_reset_required=None, changed=True
        )
    assert await _everyone(users) == [ALICE, BOB, NAMESAKE]


async def test_a_user_is_made_with_its_tags_and_boundary(storage: Storage) -> None:
    policy = make_policy("Edge")
    await storage.policies.create_policy(policy)
    user = make_user("Zoe", tags=(("team", "blü"),), permissions_boundary=policy.arn, password_last_used=7)
    await storage.users.create_user(user)
    assert await storage.users.load_user(ACCOUNT_ID, "zoe") == user
    assert await storage.users.list_users(ACCOUNT_ID, path_prefix="/", page=Page()) == [user]


async def test_a_user_is_changed_in_what_is_given_and_nothing_else(users: Storage) -> None:
    policy = make_policy("Edge")
    await users.policies.create_policy(policy)
    update = users.users.update_user
    changed = replace(ALICE, tags=(("stage", "test"),))
    await update(ACCOUNT_ID, "ALICE", tags=changed.tags)
    assert await _everyone(users) == [changed, BOB, NAMESAKE]
    changed = replace(changed, path="/else/", permissions_boundary=policy.arn)
    await update(ACCOUNT_ID, "alice", new_path="/else/", permissions_boundary=policy.arn)
    assert await _everyone(users) == [changed, BOB, NAMESAKE]
    changed = replace(changed, user_name="ALICE", tags=(), permissions_boundary="")
    await update(ACCOUNT_ID, "alice", new_name="ALICE", tags=(), permissions_boundary="")
    assert await _everyone(users) == [changed, BOB, NAMESAKE]
    await update(ACCOUNT_ID, "alice", new_name="Zoe")
    assert await _everyone(users) == [BOB, replace(changed, user_name="Zoe"), NAMESAKE]
    assert await users.users.load_user(ACCOUNT_ID, "alice") is None
    assert await users.accounts.load_revision(ACCOUNT_ID) == 7
    assert await users.accounts.load_revision(OTHER_ACCOUNT_ID) == 1


async def test_a_user_is_not_renamed_over_another_and_the_unknown_is_not_changed(users: Storage) -> None:
    with pytest.raises(EntityAlreadyExists):
        await users.users.update_user(ACCOUNT_ID, "alice", new_name="BOB", new_path="/else/")
    with pytest.raises(NoSuchEntity):
        await users.users.update_user(OTHER_ACCOUNT_ID, "bob", new_path="/else/")
    assert await _everyone(users) == [ALICE, BOB, NAMESAKE]
    assert await users.accounts.load_revision(ACCOUNT_ID) == 2


async def test_a_users_tags_change_only_while_they_are_as_they_were_read(users: Storage) -> None:
    tags = (("stage", "test"),)
    await users.users.update_user(ACCOUNT_ID, "alice", tags=tags, tags_before=())
    with pytest.raises(ConcurrentModification):
        await users.users.update_user(ACCOUNT_ID, "alice", tags=(), tags_before=())
    assert await _everyone(users) == [replace(ALICE, tags=tags), BOB, NAMESAKE]
    assert await users.accounts.load_revision(ACCOUNT_ID) == 3


async def test_the_use_of_a_password_only_moves_forward_and_no_decision_is_made_anew(users: Storage) -> None:
    for now in (NOW + 9, NOW + 8):
        await users.users.record_password_use(ACCOUNT_ID, ALICE.user_id, now=now)
    await users.users.record_password_use(OTHER_ACCOUNT_ID, BOB.user_id, now=NOW)
    assert await _everyone(users) == [replace(ALICE, password_last_used=NOW + 9), BOB, NAMESAKE]
    assert await users.accounts.load_revision(ACCOUNT_ID) == 2


async def test_a_member_of_a_group_is_not_deleted(users: Storage) -> None:
    group = make_group()
    await users.groups.create_group(group)
    await users.groups.add_member(ACCOUNT_ID, group.group_id, ALICE.user_id)
    with pytest.raises(DeleteConflict, match="a group"):
        await users.users.delete_user(ACCOUNT_ID, "alice")
    await users.groups.remove_member(ACCOUNT_ID, group.group_id, ALICE.user_id)
    await users.users.delete_user(ACCOUNT_ID, "alice")


async def test_replaced_passwords_are_remembered_newest_first_and_a_rehash_is_none(users: Storage) -> None:
    store = users.users
    await store.create_login_profile(make_profile(ALICE, password_hash="0"))
    await store.create_login_profile(make_profile(BOB))
    for number in range(1, 4):
        await store.update_login_profile(
            ACCOUNT_ID,
            ALICE.user_id,
            password_hash=str(number),
            password_reset_required=None,
            changed=True,
            now=NOW + number,
        )
    await store.update_login_profile(
        ACCOUNT_ID,
        ALICE.user_id,
        password_hash="3 rehashed",
        password_reset_required=True,
        changed=False,
        now=NOW + 9,
    )
    profile = make_profile(
        ALICE, password_hash="3 rehashed", password_reset_required=True, password_changed_at=NOW + 3
    )
    assert await store.load_login_profile(ACCOUNT_ID, ALICE.user_id) == profile
    assert await store.list_old_passwords(ACCOUNT_ID, ALICE.user_id, limit=24) == ["2", "1", "0"]
    assert await store.list_old_passwords(ACCOUNT_ID, ALICE.user_id, limit=2) == ["2", "1"]
    assert await store.list_old_passwords(ACCOUNT_ID, BOB.user_id, limit=24) == []
    await store.delete_login_profile(ACCOUNT_ID, ALICE.user_id)
    assert await store.list_old_passwords(ACCOUNT_ID, ALICE.user_id, limit=24) == []
    await store.create_login_profile(make_profile(ALICE))
    await store.delete_login_profile(ACCOUNT_ID, ALICE.user_id)
    await store.delete_user(ACCOUNT_ID, "alice")


@pytest.mark.parametrize("changed", [True, False])
async def test_a_password_that_replaces_another_finds_that_one_or_changes_nothing(
    users: Storage, changed: bool
) -> None:
    """Of a reset and a change at the same time the later one was made of an old password."""
    store = users.users
    await store.create_login_profile(make_profile(ALICE, password_hash="reset"))
    before = await store.load_user(ACCOUNT_ID, "alice")

    async def replace_hash(old: str, new: str) -> None:
        await store.update_login_profile(
            ACCOUNT_ID,
            ALICE.user_id,
            password_hash=new,
            password_reset_required=None,
            changed=changed,
            now=NOW,
            replacing=old,
        )

    with pytest.raises(NoSuchEntity):
        await replace_hash("stolen", "late")
    assert await store.load_user(ACCOUNT_ID, "alice") == before
    assert await store.list_old_passwords(ACCOUNT_ID, ALICE.user_id, limit=24) == []
    await replace_hash("reset", "mine")
    profile = await store.load_login_profile(ACCOUNT_ID, ALICE.user_id)
    assert profile is not None
    assert profile.password_hash == "mine"


async def test_of_old_passwords_the_newest_24_are_kept(users: Storage) -> None:
    await users.users.create_login_profile(make_profile(ALICE, password_hash="0"))
    for number in range(1, 31):
        await users.users.update_login_profile(
            ACCOUNT_ID, ALICE.user_id, password_hash=f"{number}", password_reset_required=None, changed=True
        )
    kept = await users.users.list_old_passwords(ACCOUNT_ID, ALICE.user_id, limit=100)
    assert kept == [f"{number}" for number in range(29, 5, -1)]
