"""Accounts: uniqueness, look-ups, root passwords, revisions."""

from dataclasses import replace

import pytest

from daypass.protocol.aws.errors import EntityAlreadyExists, NoSuchEntity
from daypass.server.ports.storage import Storage
from support.storage_records import ACCOUNT, ACCOUNT_ID, OTHER_ACCOUNT, OTHER_ACCOUNT_ID


async def test_an_account_is_read_back_whole(storage: Storage) -> None:
    assert await storage.accounts.load_account(ACCOUNT_ID) == ACCOUNT
    assert await storage.accounts.find_account_by_alias("EXAMPLE") == ACCOUNT
    assert await storage.accounts.find_account_by_root_email("Root@Example.COM") == ACCOUNT
    assert await storage.accounts.list_accounts() == [ACCOUNT, OTHER_ACCOUNT]


async def test_an_unknown_account_is_none(storage: Storage) -> None:
    assert await storage.accounts.load_account("000000000000") is None
    assert await storage.accounts.find_account_by_alias("nobody") is None
    assert await storage.accounts.find_account_by_root_email("nobody@example.com") is None
    assert await storage.accounts.load_revision("000000000000") == -1


@pytest.mark.parametrize(
    "taken",
    [
        {"account_id": ACCOUNT_ID},
        {"alias": "Example"},
        {"root_email": "ROOT@example.com"},
    ],
)
async def test_an_account_id_alias_or_root_email_is_taken_once(
    storage: Storage, taken: dict[str, str]
) -> None:
    fresh = replace(ACCOUNT, account_id="777788889999", alias="fresh", root_email="fresh@example.com")
    with pytest.raises(EntityAlreadyExists):
        await storage.accounts.create_account(replace(fresh, **taken))
    assert await storage.accounts.list_accounts() == [ACCOUNT, OTHER_ACCOUNT]


async def test_many_accounts_may_have_no_alias(storage: Storage) -> None:
    third = replace(OTHER_ACCOUNT, account_id="777788889999", root_email="third@example.com")
    await storage.accounts.create_account(third)
    assert await storage.accounts.load_account("777788889999") == third


async def test_a_changed_root_password_raises_epoch_and_revision_of_that_account_only(
    storage: Storage,
) -> None:
    await storage.accounts.set_root_password(ACCOUNT_ID, "$argon2id$new", changed=True)
    assert await storage.accounts.list_accounts() == [
        replace(ACCOUNT, root_password_hash="$argon2id$new", root_credentials_epoch=4, revision=1),
        OTHER_ACCOUNT,
    ]
    assert await storage.accounts.load_revision(ACCOUNT_ID) == 1
    assert await storage.accounts.load_revision(OTHER_ACCOUNT_ID) == 0


async def test_a_rehashed_root_password_leaves_the_epoch(storage: Storage) -> None:
    await storage.accounts.set_root_password(ACCOUNT_ID, "$argon2id$rehash", changed=False)
    account = await storage.accounts.load_account(ACCOUNT_ID)
    assert account is not None
    assert (account.root_password_hash, account.root_credentials_epoch) == ("$argon2id$rehash", 3)


@pytest.mark.parametrize("changed", [True, False])
async def test_a_root_password_that_replaces_another_finds_that_one_or_changes_nothing(
    storage: Storage, changed: bool
) -> None:
    store = storage.accounts
    await store.set_root_password(ACCOUNT_ID, "$argon2id$new", changed=True)
    before = await store.list_accounts()
    with pytest.raises(NoSuchEntity):
        await store.set_root_password(
            ACCOUNT_ID, "$argon2id$late", changed=changed, replacing=ACCOUNT.root_password_hash
        )
    assert await store.list_accounts() == before
    await store.set_root_password(ACCOUNT_ID, "$argon2id$late", changed=changed, replacing="$argon2id$new")
    account = await store.load_account(ACCOUNT_ID)
    assert account is not None
    assert (account.root_password_hash, account.root_credentials_epoch) == ("$argon2id$late", 4 + changed)


async def test_the_root_password_of_an_unknown_account_cannot_be_set(storage: Storage) -> None:
    with pytest.raises(NoSuchEntity):
        await storage.accounts.set_root_password("000000000000", "$argon2id$x", changed=True)
