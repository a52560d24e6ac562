"""Many want the last place, the one use, or the thing another is just deleting: in one process, on both engines.

Several processes do the same in `test_what_many_processes_would_use_once_is_used_once` and below.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace

import pytest

from daypass.protocol.aws.errors import AwsError, LimitExceeded
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.sql.sql_storage import SqlStorage
from daypass.server.domain.account import InlinePolicy
from support.storage_records import (
    ACCOUNT_ID,
    NOW,
    OTHER_ACCOUNT_ID,
    make_access_key,
    make_group,
    make_oidc_provider,
    make_passkey,
    make_policy,
    make_profile,
    make_role,
    make_saml_provider,
    make_user,
    make_virtual_device,
)

CALLERS = 20
ALICE = make_user("Alice")
READER, READERS, LISTS = make_role("Reader"), make_group("Readers"), make_policy("Lists")
PHONE = make_virtual_device("phone")


@pytest.fixture
async def both(shared_storage: SqlStorage, shared_url: str) -> AsyncIterator[tuple[SqlStorage, SqlStorage]]:
    """Two processes' view of one database, as far as one process can have it."""
    await shared_storage.users.create_user(ALICE)
    await shared_storage.roles.create_role(READER)
    await shared_storage.groups.create_group(READERS)
    await shared_storage.policies.create_policy(LISTS)
    await shared_storage.mfa_devices.create_mfa_device(PHONE, limit=8)
    other = await open_storage(shared_url)
    yield shared_storage, other
    await other.close()


async def _outcomes(calls: list[Awaitable[object]]) -> Counter[object]:
    """What each call answered, a refusal by its code; anything else that is raised fails the test."""

    async def outcome(call: Awaitable[object]) -> object:
        try:
            return await call
        except AwsError as error:
            return error.code

    return Counter(await asyncio.gather(*map(outcome, calls)))


async def test_a_totp_step_is_used_once_by_twenty_callers(both: tuple[SqlStorage, SqlStorage]) -> None:
    await both[0].mfa_devices.enable_mfa_device(
        PHONE.serial_number, ALICE.user_id, last_step=1, limit=8, now=NOW
    )
    calls = [both[n % 2].mfa_devices.use_totp_step(PHONE.serial_number, 7) for n in range(CALLERS)]
    assert await _outcomes([*calls]) == {True: 1, False: CALLERS - 1}


async def test_a_recovery_code_is_used_once_by_twenty_callers(both: tuple[SqlStorage, SqlStorage]) -> None:
    code = b"c" * 32
    await both[0].mfa_devices.replace_recovery_codes(ACCOUNT_ID, ALICE.user_id, [code, b"d" * 32])
    calls = [
        both[n % 2].mfa_devices.use_recovery_code(ACCOUNT_ID, ALICE.user_id, code) for n in range(CALLERS)
    ]
    assert await _outcomes([*calls]) == {True: 1, False: CALLERS - 1}
    assert await both[0].mfa_devices.count_recovery_codes(ACCOUNT_ID, ALICE.user_id) == 1


async def test_a_passkeys_counter_is_moved_once_by_twenty_callers(
    both: tuple[SqlStorage, SqlStorage],
) -> None:
    passkey = make_passkey(ALICE.user_id)
    await both[0].mfa_devices.create_mfa_device(passkey, limit=8)
    calls = [
        both[n % 2].mfa_devices.use_passkey_count(passkey.serial_number, before=7, after=8 + n)
        for n in range(CALLERS)
    ]
    assert await _outcomes([*calls]) == {True: 1, False: CALLERS - 1}


async def test_two_access_keys_are_the_limit_for_twenty_callers(both: tuple[SqlStorage, SqlStorage]) -> None:
    calls = [
        both[n % 2].access_keys.create_access_key(make_access_key(ALICE.user_id, n), limit=2)
        for n in range(CALLERS)
    ]
    assert await _outcomes([*calls]) == {None: 2, "LimitExceeded": CALLERS - 2}
    assert len(await both[0].access_keys.list_access_keys(ACCOUNT_ID, ALICE.user_id)) == 2


async def test_five_versions_are_the_limit_for_twenty_callers(both: tuple[SqlStorage, SqlStorage]) -> None:
    async def create(number: int) -> None:
        await both[number % 2].policy_versions.create_policy_version(
            LISTS.arn, f"{{{number}}}", set_as_default=True, limit=5, now=NOW
        )

    assert await _outcomes([create(n) for n in range(CALLERS)]) == {None: 4, "LimitExceeded": CALLERS - 4}
    versions = await both[0].policy_versions.list_policy_versions(LISTS.arn)
    assert [version.version_id for version in versions] == ["v5", "v4", "v3", "v2", "v1"]
    assert [version.is_default for version in versions] == [True] + [False] * 4
    policy = await both[0].policies.load_policy(LISTS.arn)
    assert policy is not None
    assert (policy.default_version_id, policy.document) == ("v5", versions[0].document)


async def test_eight_devices_are_the_limit_for_twenty_callers_on_both_ways(
    both: tuple[SqlStorage, SqlStorage],
) -> None:
    """A passkey is made owned, a virtual device becomes owned: one limit."""
    virtual = [make_virtual_device(f"v{n}") for n in range(CALLERS // 2)]
    for device in virtual:
        await both[0].mfa_devices.create_mfa_device(device, limit=8)
    calls: list[Awaitable[object]] = []
    for number, device in enumerate(virtual):
        enable = both[number % 2].mfa_devices.enable_mfa_device
        calls.append(enable(device.serial_number, ALICE.user_id, last_step=1, limit=8, now=NOW))
        passkey = make_passkey(ALICE.user_id, f"p{number}")
        calls.append(both[number % 2].mfa_devices.create_mfa_device(passkey, limit=8))
    assert await _outcomes(calls) == {None: 8, "LimitExceeded": CALLERS - 8}
    assert len(await both[0].mfa_devices.list_mfa_devices(ACCOUNT_ID, ALICE.user_id)) == 8


async def test_of_twenty_who_enable_one_device_one_owns_it(both: tuple[SqlStorage, SqlStorage]) -> None:
    owners = [make_user(f"user{n}") for n in range(CALLERS)]
    for user in owners:
        await both[0].users.create_user(user)
    calls = [
        both[n % 2].mfa_devices.enable_mfa_device(
            PHONE.serial_number, user.user_id, last_step=1, limit=8, now=NOW
        )
        for n, user in enumerate(owners)
    ]
    assert await _outcomes([*calls]) == {None: 1, "EntityAlreadyExists": CALLERS - 1}


async def test_of_twenty_who_change_tags_as_they_read_them_one_does(
    both: tuple[SqlStorage, SqlStorage],
) -> None:
    calls = [
        both[n % 2].users.update_user(ACCOUNT_ID, "alice", tags=(("by", str(n)),), tags_before=())
        for n in range(CALLERS)
    ]
    assert await _outcomes([*calls]) == {None: 1, "ConcurrentModification": CALLERS - 1}


async def test_of_twenty_who_change_a_devices_tags_as_they_read_them_one_does(
    both: tuple[SqlStorage, SqlStorage],
) -> None:
    calls = [
        both[n % 2].mfa_devices.update_mfa_device_tags(
            PHONE.serial_number, tags=(("by", str(n)),), tags_before=PHONE.tags
        )
        for n in range(CALLERS)
    ]
    assert await _outcomes([*calls]) == {None: 1, "ConcurrentModification": CALLERS - 1}


async def test_of_two_accounts_that_want_one_alias_one_has_it(both: tuple[SqlStorage, SqlStorage]) -> None:
    calls = [
        both[n % 2].account_settings.set_account_alias((ACCOUNT_ID, OTHER_ACCOUNT_ID)[n % 2], "wanted")
        for n in range(2)
    ]
    assert await _outcomes([*calls]) == {None: 1, "EntityAlreadyExists": 1}


ATTACHING = {
    "profile": lambda storage: storage.users.create_login_profile(make_profile(ALICE)),
    "key": lambda storage: storage.access_keys.create_access_key(make_access_key(ALICE.user_id), limit=2),
    "managed": lambda storage: storage.policies.attach_policy(ACCOUNT_ID, ALICE.user_id, LISTS.arn),
    "inline": lambda storage: storage.inline_policies.put_inline_policy(
        ACCOUNT_ID, InlinePolicy(ALICE.user_id, "Own", "{}")
    ),
    "member": lambda storage: storage.groups.add_member(ACCOUNT_ID, READERS.group_id, ALICE.user_id),
    "passkey": lambda storage: storage.mfa_devices.create_mfa_device(make_passkey(ALICE.user_id), limit=8),
    "device": lambda storage: storage.mfa_devices.enable_mfa_device(
        PHONE.serial_number, ALICE.user_id, last_step=1, limit=8, now=NOW
    ),
}


@pytest.mark.parametrize("deletes_first", [True, False])
@pytest.mark.parametrize("what", list(ATTACHING))
async def test_a_user_is_deleted_or_given_something_never_both(
    both: tuple[SqlStorage, SqlStorage], what: str, deletes_first: bool
) -> None:
    calls: list[Awaitable[object]] = [
        both[0].users.delete_user(ACCOUNT_ID, "alice"),
        ATTACHING[what](both[1]),
    ]
    outcomes = await _outcomes(calls if deletes_first else calls[::-1])
    is_there = await both[0].users.load_user(ACCOUNT_ID, "alice") is not None
    assert outcomes == ({None: 1, "DeleteConflict": 1} if is_there else {None: 1, "NoSuchEntity": 1})


BOUNDING = {
    "attached to a user": lambda storage: storage.policies.attach_policy(
        ACCOUNT_ID, ALICE.user_id, LISTS.arn
    ),
    "attached to a group": lambda storage: storage.policies.attach_policy(
        ACCOUNT_ID, READERS.group_id, LISTS.arn
    ),
    "bounds a user": lambda storage: storage.users.update_user(
        ACCOUNT_ID, "alice", permissions_boundary=LISTS.arn
    ),
    "bounds a role": lambda storage: storage.roles.update_role(
        ACCOUNT_ID, "reader", permissions_boundary=LISTS.arn
    ),
    "has a version more": lambda storage: storage.policy_versions.create_policy_version(
        LISTS.arn, "{}", set_as_default=False, limit=5, now=NOW
    ),
}


@pytest.mark.parametrize("deletes_first", [True, False])
@pytest.mark.parametrize("what", list(BOUNDING))
async def test_a_policy_is_deleted_or_used_never_both(
    both: tuple[SqlStorage, SqlStorage], what: str, deletes_first: bool
) -> None:
    async def use() -> None:
        await BOUNDING[what](both[1])

    calls: list[Awaitable[object]] = [both[0].policies.delete_policy(LISTS.arn), use()]
    outcomes = await _outcomes(calls if deletes_first else calls[::-1])
    is_there = await both[0].policies.load_policy(LISTS.arn) is not None
    assert outcomes == ({None: 1, "DeleteConflict": 1} if is_there else {None: 1, "NoSuchEntity": 1})


async def test_many_changes_of_one_account_at_once_lose_no_revision(
    both: tuple[SqlStorage, SqlStorage],
) -> None:
    before = await both[0].accounts.load_revision(ACCOUNT_ID)
    calls = [
        both[n % 2].inline_policies.put_inline_policy(
            ACCOUNT_ID, InlinePolicy(ALICE.user_id, f"Own{n}", "{}")
        )
        for n in range(CALLERS)
    ]
    assert await _outcomes([*calls]) == {None: CALLERS}
    assert await both[0].accounts.load_revision(ACCOUNT_ID) == before + CALLERS


async def test_of_twenty_inline_policies_put_at_once_no_more_than_fit_are(
    both: tuple[SqlStorage, SqlStorage],
) -> None:
    """Each is 100 characters without its white space, and there is room for ten."""
    document = '{"Sid": "' + "x" * 90 + '"}'
    calls = [
        both[n % 2].inline_policies.put_inline_policy(
            ACCOUNT_ID, InlinePolicy(ALICE.user_id, f"Own{n}", document), room=1000
        )
        for n in range(CALLERS)
    ]
    assert await _outcomes([*calls]) == {None: 10, "LimitExceeded": CALLERS - 10}
    kept = await both[0].inline_policies.list_inline_policies(ACCOUNT_ID, ALICE.user_id)
    assert len(kept) == 10
    put = both[0].inline_policies.put_inline_policy
    await put(
        ACCOUNT_ID, InlinePolicy(ALICE.user_id, kept[0].policy_name.upper(), document + " " * 50), room=1000
    )
    with pytest.raises(LimitExceeded):
        await put(ACCOUNT_ID, InlinePolicy(ALICE.user_id, kept[0].policy_name, document + "x"), room=1000)
    await put(ACCOUNT_ID, InlinePolicy(READER.role_id, "another's", document), room=1000)


@pytest.mark.parametrize("kind", ["saml", "oidc"])
async def test_of_twenty_providers_made_at_once_no_more_than_the_limit_are(
    both: tuple[SqlStorage, SqlStorage], kind: str
) -> None:
    def make(storage: SqlStorage, number: int) -> Awaitable[None]:
        if kind == "saml":
            return storage.saml_providers.create_saml_provider(make_saml_provider(f"p{number}"), limit=3)
        return storage.oidc_providers.create_oidc_provider(make_oidc_provider(f"h{number}.example"), limit=3)

    elsewhere = {"account_id": OTHER_ACCOUNT_ID}
    await both[0].saml_providers.create_saml_provider(make_saml_provider("elsewhere", **elsewhere), limit=1)
    await both[0].oidc_providers.create_oidc_provider(make_oidc_provider("e.example", **elsewhere), limit=1)
    outcomes = await _outcomes([make(both[n % 2], n) for n in range(CALLERS)])
    assert outcomes == {None: 3, "LimitExceeded": CALLERS - 3}


async def test_of_twenty_versions_made_at_once_no_more_than_the_limit_are(
    both: tuple[SqlStorage, SqlStorage],
) -> None:
    calls = [
        both[n % 2].policy_versions.create_policy_version(
            LISTS.arn, "{}", set_as_default=False, limit=5, now=NOW
        )
        for n in range(CALLERS)
    ]
    outcomes = await _outcomes([*calls])
    assert outcomes.pop("LimitExceeded") == CALLERS - 4
    assert len(outcomes) == 4
    assert len(await both[0].policy_versions.list_policy_versions(LISTS.arn)) == 5


async def test_of_twenty_devices_enabled_at_once_no_more_than_the_limit_are(
    both: tuple[SqlStorage, SqlStorage],
) -> None:
    phones = [make_virtual_device(f"phone{number}") for number in range(CALLERS)]
    for phone in phones:
        await both[0].mfa_devices.create_mfa_device(phone, limit=8)
    calls: list[Awaitable[object]] = [
        both[n % 2].mfa_devices.enable_mfa_device(
            phone.serial_number, ALICE.user_id, last_step=1, limit=8, now=NOW
        )
        for n, phone in enumerate(phones)
    ]
    calls += [
        both[n % 2].mfa_devices.create_mfa_device(make_passkey(ALICE.user_id, f"key{n}"), limit=8)
        for n in range(CALLERS)
    ]
    assert await _outcomes(calls) == {None: 8, "LimitExceeded": 2 * CALLERS - 8}
    assert len(await both[0].mfa_devices.list_mfa_devices(ACCOUNT_ID, ALICE.user_id)) == 8


async def test_of_twenty_policies_attached_at_once_no_more_than_the_limit_are(
    both: tuple[SqlStorage, SqlStorage],
) -> None:
    arns = [f"arn:aws:iam::aws:policy/P{number}" for number in range(CALLERS)]
    calls = [
        both[n % 2].policies.attach_policy(ACCOUNT_ID, ALICE.user_id, arn, limit=10)
        for n, arn in enumerate(arns)
    ]
    assert await _outcomes([*calls]) == {None: 10, "LimitExceeded": CALLERS - 10}
    attached = await both[0].policies.list_attached_policies(ACCOUNT_ID, ALICE.user_id)
    assert len(attached) == 10
    await both[0].policies.attach_policy(ACCOUNT_ID, ALICE.user_id, attached[0], limit=10)


async def test_of_twenty_groups_joined_at_once_no_more_than_the_limit_are(
    both: tuple[SqlStorage, SqlStorage],
) -> None:
    groups = [make_group(f"Group{number}") for number in range(CALLERS)]
    for group in groups:
        await both[0].groups.create_group(group)
    calls = [
        both[n % 2].groups.add_member(ACCOUNT_ID, group.group_id, ALICE.user_id, limit=10)
        for n, group in enumerate(groups)
    ]
    assert await _outcomes([*calls]) == {None: 10, "LimitExceeded": CALLERS - 10}
    joined = await both[0].groups.list_groups_of(ACCOUNT_ID, ALICE.user_id)
    assert len(joined) == 10
    await both[0].groups.add_member(ACCOUNT_ID, joined[0].group_id, ALICE.user_id, limit=10)


async def test_who_took_the_name_while_policy_was_asked_is_neither_changed_nor_deleted(
    both: tuple[SqlStorage, SqlStorage],
) -> None:
    users, roles = both[0].users, both[0].roles
    gone, boundary = "AIDAGONEGONEGONEGONE", "arn:aws:iam::aws:policy/ReadOnlyAccess"
    calls: list[Awaitable[object]] = [
        users.update_user(ACCOUNT_ID, "alice", new_name="eve", user_id=gone),
        users.update_user(ACCOUNT_ID, "alice", permissions_boundary=boundary, user_id=gone),
        users.delete_user(ACCOUNT_ID, "alice", user_id=gone),
        roles.update_role(ACCOUNT_ID, replace(READER, role_id=gone), trust_policy="{}"),
        roles.delete_role(ACCOUNT_ID, "reader", role_id=gone),
    ]
    assert await _outcomes(calls) == {"NoSuchEntity": 5}
    assert await users.load_user(ACCOUNT_ID, "alice") == ALICE
    assert await roles.load_role(ACCOUNT_ID, "reader") == READER
    await users.update_user(ACCOUNT_ID, "alice", permissions_boundary=boundary, user_id=ALICE.user_id)
    await users.delete_user(ACCOUNT_ID, "alice", user_id=ALICE.user_id)
    await roles.delete_role(ACCOUNT_ID, "reader", role_id=READER.role_id)
