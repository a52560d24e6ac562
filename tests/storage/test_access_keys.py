"""Long-term access keys of users."""

from dataclasses import replace

import pytest

from daypass.protocol.aws.errors import DeleteConflict, LimitExceeded, NoSuchEntity
from daypass.server.ports.storage import Page, Storage
from support.storage_records import ACCOUNT_ID, NOW, OTHER_ACCOUNT_ID, make_access_key, make_user

ALICE, BOB = make_user("Alice"), make_user("bob")
OLD, NEW = make_access_key(ALICE.user_id, 1), make_access_key(ALICE.user_id, 2)
BOBS = make_access_key(BOB.user_id, 3, last_used_at=NOW, last_used_service="s3", last_used_region="eu")


@pytest.fixture
async def keys(storage: Storage) -> Storage:
    """Two users and three keys; revision 5."""
    for user in (ALICE, BOB):
        await storage.users.create_user(user)
    for key in (NEW, OLD, BOBS):
        await storage.access_keys.create_access_key(key, limit=2)
    return storage


async def test_an_access_key_is_read_back_whole_and_listed_oldest_first(keys: Storage) -> None:
    assert await keys.access_keys.load_access_key(BOBS.access_key_id) == BOBS
    assert await keys.access_keys.load_access_key("AKIANOBODY") is None
    assert await keys.access_keys.list_access_keys(ACCOUNT_ID, ALICE.user_id) == [OLD, NEW]
    assert await keys.access_keys.list_access_keys(OTHER_ACCOUNT_ID, ALICE.user_id) == []
    assert await keys.accounts.load_revision(ACCOUNT_ID) == 5


async def test_a_user_has_so_many_keys_and_no_more(keys: Storage) -> None:
    with pytest.raises(LimitExceeded):
        await keys.access_keys.create_access_key(make_access_key(ALICE.user_id, 4), limit=2)
    assert await keys.access_keys.list_access_keys(ACCOUNT_ID, ALICE.user_id) == [OLD, NEW]
    await keys.access_keys.create_access_key(make_access_key(BOB.user_id, 4), limit=2)


@pytest.mark.parametrize("account_id", [ACCOUNT_ID, OTHER_ACCOUNT_ID, "000000000000"])
async def test_a_key_needs_its_user(storage: Storage, account_id: str) -> None:
    await storage.users.create_user(ALICE)
    user_id = "AIDANOBODY" if account_id == ACCOUNT_ID else ALICE.user_id
    key = make_access_key(user_id, account_id=account_id)
    with pytest.raises(NoSuchEntity):
        await storage.access_keys.create_access_key(key, limit=2)
    assert await storage.access_keys.load_access_key(key.access_key_id) is None


async def test_a_key_is_switched_off_alone(keys: Storage) -> None:
    set_status = keys.access_keys.set_access_key_status
    await set_status(ACCOUNT_ID, ALICE.user_id, OLD.access_key_id, "Inactive")
    assert await keys.access_keys.list_access_keys(ACCOUNT_ID, ALICE.user_id) == [
        replace(OLD, status="Inactive"),
        NEW,
    ]
    assert await keys.accounts.load_revision(ACCOUNT_ID) == 6
    for user_id, key in ((BOB.user_id, OLD), (ALICE.user_id, BOBS)):
        with pytest.raises(NoSuchEntity):
            await set_status(ACCOUNT_ID, user_id, key.access_key_id, "Inactive")
    assert await keys.access_keys.load_access_key(BOBS.access_key_id) == BOBS
    assert await keys.accounts.load_revision(ACCOUNT_ID) == 6


async def test_a_key_is_deleted_alone(keys: Storage) -> None:
    delete = keys.access_keys.delete_access_key
    await delete(ACCOUNT_ID, ALICE.user_id, OLD.access_key_id)
    assert await keys.access_keys.list_access_keys(ACCOUNT_ID, ALICE.user_id) == [NEW]
    assert await keys.accounts.load_revision(ACCOUNT_ID) == 6
    for account_id, key in ((ACCOUNT_ID, OLD), (OTHER_ACCOUNT_ID, NEW), (ACCOUNT_ID, BOBS)):
        with pytest.raises(NoSuchEntity):
            await delete(account_id, ALICE.user_id, key.access_key_id)
    assert await keys.access_keys.load_access_key(BOBS.access_key_id) == BOBS


async def test_a_user_with_a_key_is_not_deleted(keys: Storage) -> None:
    with pytest.raises(DeleteConflict, match="an access key"):
        await keys.users.delete_user(ACCOUNT_ID, "bob")
    await keys.access_keys.delete_access_key(ACCOUNT_ID, BOB.user_id, BOBS.access_key_id)
    await keys.users.delete_user(ACCOUNT_ID, "bob")


async def test_the_last_use_only_moves_forward_and_no_decision_is_made_anew(keys: Storage) -> None:
    record = keys.access_keys.record_access_key_use
    await record(OLD.access_key_id, used_at=NOW + 50, service="iam", region="us-east-1")
    await record(OLD.access_key_id, used_at=NOW + 40, service="s3", region="eu-west-1")
    await record("AKIANOBODY", used_at=NOW + 40, service="s3", region="eu-west-1")
    assert await keys.access_keys.load_access_key(OLD.access_key_id) == replace(
        OLD, last_used_at=NOW + 50, last_used_service="iam", last_used_region="us-east-1"
    )
    assert await keys.access_keys.load_access_key(NEW.access_key_id) == NEW
    assert await keys.accounts.load_revision(ACCOUNT_ID) == 5


async def test_every_accounts_keys_are_listed_for_resealing_by_page(keys: Storage) -> None:
    theirs = make_access_key("AIDATHEIRS", 9, account_id=OTHER_ACCOUNT_ID)
    await keys.users.create_user(make_user("x", account_id=OTHER_ACCOUNT_ID, user_id="AIDATHEIRS"))
    await keys.access_keys.create_access_key(theirs, limit=2)
    expected = sorted((OLD, NEW, BOBS, theirs), key=lambda key: key.access_key_id)
    found = []
    after = ""
    while page := await keys.access_keys.list_sealed_access_keys(page=Page(after, 3)):
        found += page
        after = page[-1].access_key_id
    assert found == expected


async def test_a_secret_is_resealed_only_while_it_is_as_it_was_read(keys: Storage) -> None:
    reseal = keys.access_keys.reseal_access_key
    assert await reseal(OLD.access_key_id, before=OLD.sealed_secret, after="sealed anew") is True
    assert await reseal(OLD.access_key_id, before=OLD.sealed_secret, after="too late") is False
    assert await reseal("AKIANOBODY", before="", after="x") is False
    assert await keys.access_keys.load_access_key(OLD.access_key_id) == replace(
        OLD, sealed_secret="sealed anew"
    )
    assert await keys.access_keys.load_access_key(NEW.access_key_id) == NEW
    assert await keys.accounts.load_revision(ACCOUNT_ID) == 6
