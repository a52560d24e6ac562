"""What holds for a whole account: password policy, alias, service control policies, counts."""

from dataclasses import replace

import pytest

from daypass.protocol.aws.errors import EntityAlreadyExists, NoSuchEntity
from daypass.server.domain.account_settings import PasswordPolicy, ServiceControlPolicy
from daypass.server.ports.storage import Storage
from support.storage_records import (
    ACCOUNT,
    ACCOUNT_ID,
    NOW,
    OTHER_ACCOUNT,
    OTHER_ACCOUNT_ID,
    make_access_key,
    make_group,
    make_oidc_provider,
    make_passkey,
    make_policy,
    make_role,
    make_saml_provider,
    make_user,
    make_virtual_device,
)

STRICT = PasswordPolicy(20, True, True, True, True, True, 90, 24, True)


async def test_a_password_policy_is_set_replaced_and_removed(storage: Storage) -> None:
    store = storage.account_settings
    assert await store.load_password_policy(ACCOUNT_ID) is None
    for policy in (STRICT, PasswordPolicy()):
        await store.put_password_policy(ACCOUNT_ID, policy)
        assert await store.load_password_policy(ACCOUNT_ID) == policy
    assert await store.load_password_policy(OTHER_ACCOUNT_ID) is None
    await store.put_password_policy(ACCOUNT_ID, None)
    assert await store.load_password_policy(ACCOUNT_ID) is None
    with pytest.raises(NoSuchEntity):
        await store.put_password_policy(ACCOUNT_ID, None)
    assert await storage.accounts.load_revision(ACCOUNT_ID) == 3
    with pytest.raises(NoSuchEntity):
        await store.put_password_policy("000000000000", STRICT)


async def test_web_identity_tokens_are_switched_off_and_on(storage: Storage) -> None:
    store = storage.account_settings
    assert await store.is_web_identity_enabled(ACCOUNT_ID)
    assert not await store.enable_web_identity(ACCOUNT_ID, is_enabled=True)
    assert await store.enable_web_identity(ACCOUNT_ID, is_enabled=False)
    assert not await store.enable_web_identity(ACCOUNT_ID, is_enabled=False)
    assert not await store.is_web_identity_enabled(ACCOUNT_ID)
    assert await store.is_web_identity_enabled(OTHER_ACCOUNT_ID)
    assert await store.enable_web_identity(ACCOUNT_ID, is_enabled=True)
    assert await store.is_web_identity_enabled(ACCOUNT_ID)
    assert not await store.is_web_identity_enabled("000000000000")
    with pytest.raises(NoSuchEntity):
        await store.enable_web_identity("000000000000", is_enabled=False)


async def test_an_alias_is_set_replaced_removed_and_one_accounts(storage: Storage) -> None:
    set_alias = storage.account_settings.set_account_alias
    await set_alias(OTHER_ACCOUNT_ID, "Beta")
    expected = replace(OTHER_ACCOUNT, alias="beta", revision=1)
    assert await storage.accounts.find_account_by_alias("BETA") == expected
    await set_alias(OTHER_ACCOUNT_ID, "beta")
    assert ACCOUNT.alias is not None
    with pytest.raises(EntityAlreadyExists):
        await set_alias(OTHER_ACCOUNT_ID, ACCOUNT.alias.upper())
    assert await storage.accounts.find_account_by_alias(ACCOUNT.alias) == ACCOUNT
    await set_alias(ACCOUNT_ID, None)
    await set_alias(OTHER_ACCOUNT_ID, None)
    assert [account.alias for account in await storage.accounts.list_accounts()] == [None, None]
    with pytest.raises(NoSuchEntity):
        await set_alias("000000000000", "gamma")


async def test_service_control_policies_are_an_accounts_own(storage: Storage) -> None:
    store = storage.account_settings
    zeta, alpha = (ServiceControlPolicy(ACCOUNT_ID, name, "{1}", NOW) for name in ("Zeta", "Alpha"))
    theirs = ServiceControlPolicy(OTHER_ACCOUNT_ID, "Zeta", "{2}", NOW)
    for policy in (zeta, alpha, theirs):
        await store.put_service_control_policy(policy)
    assert await store.list_service_control_policies(ACCOUNT_ID) == [alpha, zeta]
    changed = replace(zeta, document="{3}", created_at=NOW + 1)
    await store.put_service_control_policy(changed)
    assert await store.list_service_control_policies(ACCOUNT_ID) == [alpha, changed]
    await store.delete_service_control_policy(ACCOUNT_ID, "Zeta")
    assert await store.list_service_control_policies(ACCOUNT_ID) == [alpha]
    assert await store.list_service_control_policies(OTHER_ACCOUNT_ID) == [theirs]
    assert await storage.accounts.load_revision(ACCOUNT_ID) == 4
    with pytest.raises(NoSuchEntity):
        await store.delete_service_control_policy(ACCOUNT_ID, "Zeta")
    with pytest.raises(NoSuchEntity):
        await store.put_service_control_policy(replace(zeta, account_id="000000000000"))
    assert await storage.accounts.load_revision(ACCOUNT_ID) == 4


async def test_the_summary_counts_what_one_account_has(storage: Storage) -> None:
    alice, policy = make_user("Alice"), make_policy()
    for user in (alice, make_user("bob"), make_user("eve", account_id=OTHER_ACCOUNT_ID)):
        await storage.users.create_user(user)
    await storage.groups.create_group(make_group())
    for name in ("A", "B", "C"):
        await storage.roles.create_role(make_role(name))
    await storage.policies.create_policy(policy)
    await storage.policy_versions.create_policy_version(
        policy.arn, "{}", set_as_default=False, limit=5, now=NOW
    )
    await storage.mfa_devices.create_mfa_device(make_virtual_device(), limit=8)
    await storage.mfa_devices.create_mfa_device(make_passkey(alice.user_id), limit=8)
    await storage.saml_providers.create_saml_provider(make_saml_provider())
    await storage.oidc_providers.create_oidc_provider(make_oidc_provider())
    await storage.access_keys.create_access_key(make_access_key(alice.user_id), limit=2)
    expected = {
        "Users": 2,
        "Groups": 1,
        "Roles": 3,
        "Policies": 1,
        "PolicyVersionsInUse": 2,
        "MFADevices": 2,
        "MFADevicesInUse": 1,
        "AccountMFAEnabled": 0,
        "AccountAccessKeysPresent": 0,
        "Providers": 2,
        "InstanceProfiles": 0,
        "ServerCertificates": 0,
    }
    assert await storage.account_settings.summarize(ACCOUNT_ID) == expected
    for name in ("one", "two"):
        await storage.mfa_devices.create_mfa_device(make_passkey(ACCOUNT_ID, name), limit=8)
    expected |= {"MFADevices": 4, "MFADevicesInUse": 3, "AccountMFAEnabled": 1}
    assert await storage.account_settings.summarize(ACCOUNT_ID) == expected
    theirs = await storage.account_settings.summarize(OTHER_ACCOUNT_ID)
    assert theirs == dict.fromkeys(expected, 0) | {"Users": 1}


async def test_all_policies_of_an_account_are_listed_in_name_order(storage: Storage) -> None:
    zeta, alpha = make_policy("Zeta"), make_policy("alpha", tags=(("a", "b"),))
    for policy in (zeta, alpha, make_policy("Theirs", account_id=OTHER_ACCOUNT_ID)):
        await storage.policies.create_policy(policy)
    assert await storage.account_settings.list_all_policies_of(ACCOUNT_ID) == [alpha, zeta]
