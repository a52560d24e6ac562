"""Second factors and recovery codes."""

from dataclasses import replace

import pytest

from daypass.protocol.aws.errors import (
    ConcurrentModification,
    DeleteConflict,
    EntityAlreadyExists,
    LimitExceeded,
    NoSuchEntity,
)
from daypass.server.ports.storage import Page, Storage
from support.storage_records import (
    ACCOUNT_ID,
    NOW,
    OTHER_ACCOUNT_ID,
    make_passkey,
    make_user,
    make_virtual_device,
)

ALICE, BOB = make_user("Alice"), make_user("bob")
PHONE, TABLET = make_virtual_device("phone"), make_virtual_device("Tablet")
LAPTOP = make_passkey(ALICE.user_id)
ROOTS = make_passkey(ACCOUNT_ID, "roots")


@pytest.fixture
async def devices(storage: Storage) -> Storage:
    """Two users, two virtual devices, a passkey of Alice's and one of root's; revision 6."""
    for user in (ALICE, BOB):
        await storage.users.create_user(user)
    for device in (PHONE, TABLET, LAPTOP, ROOTS):
        await storage.mfa_devices.create_mfa_device(device, limit=8)
    return storage


async def _enable(
    storage: Storage, serial: str, owner_id: str, *, limit: int = 8, now: int = NOW + 5
) -> None:
    await storage.mfa_devices.enable_mfa_device(serial, owner_id, last_step=41, limit=limit, now=now)


async def test_a_device_is_read_back_whole(devices: Storage) -> None:
    for device in (PHONE, LAPTOP, ROOTS):
        assert await devices.mfa_devices.load_mfa_device(device.serial_number) == device
    assert await devices.mfa_devices.load_mfa_device("arn:nobody") is None
    assert await devices.mfa_devices.list_mfa_devices(ACCOUNT_ID, ALICE.user_id) == [LAPTOP]
    assert await devices.mfa_devices.list_mfa_devices(ACCOUNT_ID, ACCOUNT_ID) == [ROOTS]
    assert await devices.mfa_devices.list_mfa_devices(ACCOUNT_ID, "") == []
    assert await devices.accounts.load_revision(ACCOUNT_ID) == 6


async def test_a_serial_number_or_a_credential_is_taken_once(devices: Storage) -> None:
    create = devices.mfa_devices.create_mfa_device
    with pytest.raises(EntityAlreadyExists):
        await create(replace(PHONE, sealed_seed="another"), limit=8)
    with pytest.raises(EntityAlreadyExists):
        await create(make_passkey(BOB.user_id, "other", credential_id=LAPTOP.credential_id), limit=8)
    assert await devices.mfa_devices.load_mfa_device(PHONE.serial_number) == PHONE
    assert await devices.accounts.load_revision(ACCOUNT_ID) == 6


async def test_tags_are_replaced_as_long_as_they_are_what_was_read(devices: Storage) -> None:
    update = devices.mfa_devices.update_mfa_device_tags
    before = PHONE.tags
    await update(PHONE.serial_number, tags=(("a", "é"), ("b", "")), tags_before=before)
    assert await devices.mfa_devices.load_mfa_device(PHONE.serial_number) == replace(
        PHONE, tags=(("a", "é"), ("b", ""))
    )
    with pytest.raises(ConcurrentModification):
        await update(PHONE.serial_number, tags=(), tags_before=before)
    await update(PHONE.serial_number, tags=(), tags_before=(("a", "é"), ("b", "")))
    assert await devices.mfa_devices.load_mfa_device(PHONE.serial_number) == replace(PHONE, tags=())
    assert await devices.mfa_devices.load_mfa_device(TABLET.serial_number) == TABLET
    with pytest.raises(NoSuchEntity):
        await update("arn:nobody", tags=(), tags_before=())
    assert await devices.accounts.load_revision(ACCOUNT_ID) == 8


async def test_an_owned_device_needs_its_owner_and_room(devices: Storage) -> None:
    create = devices.mfa_devices.create_mfa_device
    for owner_id in ("AIDANOBODY", OTHER_ACCOUNT_ID):
        with pytest.raises(NoSuchEntity):
            await create(make_passkey(owner_id, "new"), limit=8)
    with pytest.raises(LimitExceeded):
        await create(make_passkey(ALICE.user_id, "new"), limit=1)
    await create(make_virtual_device("unowned"), limit=0)


async def test_a_virtual_device_becomes_somebodys_once(devices: Storage) -> None:
    await _enable(devices, PHONE.serial_number, ALICE.user_id)
    enabled = replace(PHONE, owner_id=ALICE.user_id, enabled_at=NOW + 5, last_step=41)
    assert await devices.mfa_devices.list_mfa_devices(ACCOUNT_ID, ALICE.user_id) == [LAPTOP, enabled]
    with pytest.raises(EntityAlreadyExists):
        await _enable(devices, PHONE.serial_number, BOB.user_id)
    assert await devices.mfa_devices.load_mfa_device(PHONE.serial_number) == enabled
    await _enable(devices, TABLET.serial_number, ACCOUNT_ID)
    assert len(await devices.mfa_devices.list_mfa_devices(ACCOUNT_ID, ACCOUNT_ID)) == 2
    assert await devices.accounts.load_revision(ACCOUNT_ID) == 8


async def test_enabling_needs_the_device_its_owner_and_room(devices: Storage) -> None:
    for serial, owner_id in (("arn:nobody", ALICE.user_id), (PHONE.serial_number, "AIDANOBODY")):
        with pytest.raises(NoSuchEntity):
            await _enable(devices, serial, owner_id)
    with pytest.raises(LimitExceeded):
        await _enable(devices, PHONE.serial_number, ALICE.user_id, limit=1)
    assert await devices.mfa_devices.load_mfa_device(PHONE.serial_number) == PHONE
    assert await devices.accounts.load_revision(ACCOUNT_ID) == 6


async def test_virtual_devices_are_listed_by_page_assigned_or_not(devices: Storage) -> None:
    await _enable(devices, PHONE.serial_number, ALICE.user_id)
    theirs = make_virtual_device("phone", account_id=OTHER_ACCOUNT_ID, serial_number="arn:their:phone")
    await devices.mfa_devices.create_mfa_device(theirs, limit=8)
    listed = await devices.mfa_devices.list_virtual_mfa_devices(ACCOUNT_ID, page=Page())
    assert [device.serial_number for device in listed] == [TABLET.serial_number, PHONE.serial_number]
    page = Page(TABLET.serial_number, 1)
    assert len(await devices.mfa_devices.list_virtual_mfa_devices(ACCOUNT_ID, page=page)) == 1
    sealed = await devices.mfa_devices.list_sealed_mfa_devices(page=Page())
    assert {device.serial_number for device in sealed} == {
        PHONE.serial_number,
        TABLET.serial_number,
        theirs.serial_number,
    }
    assert len(await devices.mfa_devices.list_sealed_mfa_devices(page=Page("arn:z"))) == 0


async def test_a_step_counts_once_and_no_older_one_after_it(devices: Storage) -> None:
    use = devices.mfa_devices.use_totp_step
    assert await use(PHONE.serial_number, 100) is False, "it is nobody's"
    await _enable(devices, PHONE.serial_number, ALICE.user_id)
    assert await use(PHONE.serial_number, 41) is False, "it was enabled with this step"
    assert [await use(PHONE.serial_number, step) for step in (43, 43, 42, 44)] == [True, False, False, True]
    assert await use("arn:nobody", 45) is False
    assert await use(LAPTOP.serial_number, 45) is False
    device = await devices.mfa_devices.load_mfa_device(PHONE.serial_number)
    assert device is not None
    assert device.last_step == 44
    assert await devices.accounts.load_revision(ACCOUNT_ID) == 7


async def test_a_passkeys_counter_moves_from_where_it_was_read(devices: Storage) -> None:
    use = devices.mfa_devices.use_passkey_count
    assert await use(LAPTOP.serial_number, before=7, after=9) is True
    assert await use(LAPTOP.serial_number, before=7, after=9) is False
    assert await use("arn:nobody", before=0, after=1) is False
    assert await use(PHONE.serial_number, before=0, after=1) is False
    assert await devices.mfa_devices.load_mfa_device(LAPTOP.serial_number) == replace(LAPTOP, sign_count=9)
    assert await devices.mfa_devices.load_mfa_device(ROOTS.serial_number) == ROOTS
    assert await devices.accounts.load_revision(ACCOUNT_ID) == 6


async def test_deactivating_frees_a_virtual_device_and_deletes_a_passkey(devices: Storage) -> None:
    deactivate = devices.mfa_devices.deactivate_mfa_device
    await _enable(devices, PHONE.serial_number, ALICE.user_id)
    for serial, owner_id in (
        (PHONE.serial_number, BOB.user_id),
        (TABLET.serial_number, ALICE.user_id),
        (TABLET.serial_number, ""),
        ("arn:nobody", ALICE.user_id),
    ):
        with pytest.raises(NoSuchEntity):
            await deactivate(serial, owner_id)
    for device in (PHONE, LAPTOP):
        await deactivate(device.serial_number, ALICE.user_id)
    assert await devices.mfa_devices.load_mfa_device(PHONE.serial_number) == replace(PHONE, last_step=41)
    assert await devices.mfa_devices.load_mfa_device(LAPTOP.serial_number) is None
    assert await devices.mfa_devices.load_mfa_device(ROOTS.serial_number) == ROOTS
    assert await devices.accounts.load_revision(ACCOUNT_ID) == 9


async def test_with_the_last_device_go_the_recovery_codes_of_its_owner_alone(devices: Storage) -> None:
    """An administrator who takes the devices away takes every second factor away."""
    store, codes = devices.mfa_devices, [bytes([number]) * 32 for number in range(2)]
    await _enable(devices, PHONE.serial_number, ALICE.user_id)
    for owner_id in (ALICE.user_id, BOB.user_id, ACCOUNT_ID):
        await store.replace_recovery_codes(ACCOUNT_ID, owner_id, codes)
    await store.deactivate_mfa_device(PHONE.serial_number, ALICE.user_id)
    assert await store.count_recovery_codes(ACCOUNT_ID, ALICE.user_id) == 2
    await store.deactivate_mfa_device(LAPTOP.serial_number, ALICE.user_id)
    assert await store.count_recovery_codes(ACCOUNT_ID, ALICE.user_id) == 0
    assert await store.count_recovery_codes(ACCOUNT_ID, BOB.user_id) == 2
    assert await store.count_recovery_codes(ACCOUNT_ID, ACCOUNT_ID) == 2


async def test_a_virtual_device_is_deleted_when_it_is_nobodys(devices: Storage) -> None:
    delete = devices.mfa_devices.delete_virtual_mfa_device
    await _enable(devices, PHONE.serial_number, ALICE.user_id)
    with pytest.raises(DeleteConflict):
        await delete(PHONE.serial_number)
    with pytest.raises(NoSuchEntity):
        await delete("arn:nobody")
    await delete(TABLET.serial_number)
    assert await devices.mfa_devices.load_mfa_device(TABLET.serial_number) is None
    assert await devices.mfa_devices.load_mfa_device(PHONE.serial_number) is not None


async def test_a_user_with_a_device_is_not_deleted(devices: Storage) -> None:
    with pytest.raises(DeleteConflict, match="an MFA device"):
        await devices.users.delete_user(ACCOUNT_ID, "alice")
    await devices.mfa_devices.deactivate_mfa_device(LAPTOP.serial_number, ALICE.user_id)
    await devices.users.delete_user(ACCOUNT_ID, "alice")


async def test_a_seed_is_resealed_only_while_it_is_as_it_was_read(devices: Storage) -> None:
    reseal = devices.mfa_devices.reseal_mfa_device
    assert await reseal(PHONE.serial_number, before=PHONE.sealed_seed, after="anew") is True
    assert await reseal(PHONE.serial_number, before=PHONE.sealed_seed, after="too late") is False
    assert await devices.mfa_devices.load_mfa_device(PHONE.serial_number) == replace(
        PHONE, sealed_seed="anew"
    )
    assert await devices.mfa_devices.load_mfa_device(TABLET.serial_number) == TABLET


async def test_a_recovery_code_is_used_once_by_its_owner(devices: Storage) -> None:
    store, codes = devices.mfa_devices, [bytes([number]) * 32 for number in range(10)]
    await store.replace_recovery_codes(ACCOUNT_ID, ALICE.user_id, codes)
    await store.replace_recovery_codes(ACCOUNT_ID, ACCOUNT_ID, codes[:1])
    assert await store.use_recovery_code(ACCOUNT_ID, BOB.user_id, codes[0]) is False
    assert await store.use_recovery_code(OTHER_ACCOUNT_ID, ALICE.user_id, codes[0]) is False
    assert [await store.use_recovery_code(ACCOUNT_ID, ALICE.user_id, codes[0]) for _ in range(2)] == [
        True,
        False,
    ]
    assert await store.count_recovery_codes(ACCOUNT_ID, ALICE.user_id) == 9
    assert await store.count_recovery_codes(ACCOUNT_ID, ACCOUNT_ID) == 1
    assert await store.count_recovery_codes(ACCOUNT_ID, BOB.user_id) == 0
    assert await devices.accounts.load_revision(ACCOUNT_ID) == 8


async def test_new_recovery_codes_end_the_old_ones(devices: Storage) -> None:
    store = devices.mfa_devices
    await store.replace_recovery_codes(ACCOUNT_ID, ALICE.user_id, [b"old" * 8])
    await store.replace_recovery_codes(ACCOUNT_ID, ALICE.user_id, [b"new" * 8, b"too" * 8])
    assert await store.use_recovery_code(ACCOUNT_ID, ALICE.user_id, b"old" * 8) is False
    assert await store.count_recovery_codes(ACCOUNT_ID, ALICE.user_id) == 2
    with pytest.raises(NoSuchEntity):
        await store.replace_recovery_codes(ACCOUNT_ID, "AIDANOBODY", [b"x" * 32])


async def test_a_deleted_users_recovery_codes_go_along(devices: Storage) -> None:
    for owner_id in (BOB.user_id, ALICE.user_id):
        await devices.mfa_devices.replace_recovery_codes(ACCOUNT_ID, owner_id, [b"c" * 32])
    await devices.users.delete_user(ACCOUNT_ID, "bob")
    await devices.users.create_user(BOB)
    assert await devices.mfa_devices.count_recovery_codes(ACCOUNT_ID, BOB.user_id) == 0
    assert await devices.mfa_devices.count_recovery_codes(ACCOUNT_ID, ALICE.user_id) == 1
