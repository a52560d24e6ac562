"""SAML and OpenID Connect providers of accounts."""

from dataclasses import replace

import pytest

from daypass.protocol.aws.errors import EntityAlreadyExists, NoSuchEntity
from daypass.server.domain.identity_provider import SamlPrivateKey
from daypass.server.ports.storage import Storage
from support.storage_records import ACCOUNT_ID, OTHER_ACCOUNT_ID, make_oidc_provider, make_saml_provider

CORP = make_saml_provider("Corp")
BRANCH = make_saml_provider("branch", private_keys=(), tags=(), assertion_encryption="")
ELSEWHERE = make_saml_provider("Corp", account_id=OTHER_ACCOUNT_ID, provider_uuid="SAMLELSEWHERE")
ID = make_oidc_provider("id.example.com")
ACCOUNTS = make_oidc_provider("accounts.example.com", client_ids=(), thumbprints=(), tags=())
ELSEWHERE_ID = make_oidc_provider("id.example.com", account_id=OTHER_ACCOUNT_ID)


@pytest.fixture
async def providers(storage: Storage) -> Storage:
    """Three of each kind in two accounts; revisions 4 and 2."""
    for saml in (CORP, BRANCH, ELSEWHERE):
        await storage.saml_providers.create_saml_provider(saml)
    for oidc in (ID, ACCOUNTS, ELSEWHERE_ID):
        await storage.oidc_providers.create_oidc_provider(oidc)
    return storage


async def _revisions(storage: Storage) -> tuple[int, int]:
    load = storage.accounts.load_revision
    return await load(ACCOUNT_ID), await load(OTHER_ACCOUNT_ID)


async def test_a_saml_provider_is_read_back_whole_by_arn_and_by_its_own_id(providers: Storage) -> None:
    saml = providers.saml_providers
    for provider in (CORP, BRANCH, ELSEWHERE):
        assert await saml.load_saml_provider(provider.arn) == provider
        assert await saml.find_saml_provider_by_uuid(provider.provider_uuid) == provider
    assert await saml.load_saml_provider(ID.arn) is None
    assert await saml.find_saml_provider_by_uuid("SAMLNOBODY") is None
    assert await _revisions(providers) == (4, 2)


async def test_saml_providers_are_listed_by_name_of_one_account_or_of_all(providers: Storage) -> None:
    saml = providers.saml_providers
    assert await saml.list_saml_providers(ACCOUNT_ID) == [BRANCH, CORP]
    assert await saml.list_saml_providers(OTHER_ACCOUNT_ID) == [ELSEWHERE]
    assert await saml.list_saml_provider_arns() == [BRANCH.arn, CORP.arn, ELSEWHERE.arn]


async def test_of_all_accounts_a_hundred_saml_providers_are_listed_and_none_of_them_has_all(
    storage: Storage,
) -> None:
    for number in range(101):
        await storage.saml_providers.create_saml_provider(make_saml_provider(f"p{number:03}"))
    await storage.saml_providers.create_saml_provider(ELSEWHERE)
    arns = await storage.saml_providers.list_saml_provider_arns()
    assert (len(arns), arns[-1]) == (100, ELSEWHERE.arn)
    assert arns[:99] == [make_saml_provider(f"p{number:03}").arn for number in range(99)]
    assert len(await storage.saml_providers.list_saml_providers(ACCOUNT_ID)) == 101


async def test_a_saml_provider_name_is_taken_once_per_account_in_any_case(providers: Storage) -> None:
    with pytest.raises(EntityAlreadyExists):
        await providers.saml_providers.create_saml_provider(
            make_saml_provider("CORP", provider_uuid="SAMLANOTHER")
        )
    assert await providers.saml_providers.load_saml_provider(CORP.arn) == CORP
    assert await _revisions(providers) == (4, 2)
    with pytest.raises(NoSuchEntity):
        await providers.saml_providers.create_saml_provider(replace(CORP, account_id="999999999999"))


async def test_an_updated_saml_provider_keeps_its_name_and_birth(providers: Storage) -> None:
    saml = providers.saml_providers
    changed = replace(
        CORP,
        metadata_document="<new/>",
        entity_id="urn:new",
        valid_until=7,
        sealed_service_key="new key",
        service_certificate="new certificate",
        assertion_encryption="Required",
        private_keys=CORP.private_keys[:1],
        tags=(),
    )
    await saml.update_saml_provider(replace(changed, created_at=1))
    assert await saml.list_saml_providers(ACCOUNT_ID) == [BRANCH, changed]
    assert await _revisions(providers) == (5, 2)
    with pytest.raises(NoSuchEntity):
        await saml.update_saml_provider(make_saml_provider("nobody"))
    assert await _revisions(providers) == (5, 2)


async def test_resealing_changes_sealed_keys_and_not_the_account(providers: Storage) -> None:
    saml = providers.saml_providers
    resealed = replace(
        CORP,
        sealed_service_key="resealed",
        private_keys=tuple(replace(key, sealed_key=f"re{key.sealed_key}") for key in CORP.private_keys),
    )
    await saml.reseal_saml_provider(replace(resealed, entity_id="ignored", tags=()))
    assert await saml.list_saml_providers(ACCOUNT_ID) == [BRANCH, resealed]
    assert await _revisions(providers) == (4, 2)
    await saml.reseal_saml_provider(make_saml_provider("nobody"))


async def test_resealing_never_brings_back_a_key_that_was_removed_meanwhile(providers: Storage) -> None:
    saml = providers.saml_providers
    new_key = SamlPrivateKey("KEY3", 9, "sealed 3")
    await saml.update_saml_provider(replace(CORP, private_keys=(CORP.private_keys[1], new_key)))
    stale = tuple(replace(key, sealed_key="resealed") for key in CORP.private_keys)
    await saml.reseal_saml_provider(replace(CORP, private_keys=stale))
    provider = await saml.load_saml_provider(CORP.arn)
    assert provider is not None
    assert provider.private_keys == (stale[1], new_key)


async def test_a_service_key_that_was_replaced_meanwhile_is_not_overwritten(providers: Storage) -> None:
    saml = providers.saml_providers
    replaced = replace(CORP, sealed_service_key="new", service_certificate="new certificate")
    await saml.update_saml_provider(replaced)
    await saml.reseal_saml_provider(replace(CORP, sealed_service_key="resealed old"))
    assert await saml.load_saml_provider(CORP.arn) == replaced


async def test_a_deleted_saml_provider_takes_no_other_along(providers: Storage) -> None:
    saml = providers.saml_providers
    await saml.delete_saml_provider(CORP.arn)
    assert await saml.list_saml_providers(ACCOUNT_ID) == [BRANCH]
    assert await saml.list_saml_providers(OTHER_ACCOUNT_ID) == [ELSEWHERE]
    assert await _revisions(providers) == (5, 2)
    with pytest.raises(NoSuchEntity):
        await saml.delete_saml_provider(CORP.arn)
    assert await _revisions(providers) == (5, 2)


async def test_an_oidc_provider_is_read_back_whole_and_listed_by_url(providers: Storage) -> None:
    oidc = providers.oidc_providers
    for provider in (ID, ACCOUNTS, ELSEWHERE_ID):
        assert await oidc.load_oidc_provider(provider.arn) == provider
    assert await oidc.load_oidc_provider(CORP.arn) is None
    assert await oidc.list_oidc_providers(ACCOUNT_ID) == [ACCOUNTS, ID]
    assert await oidc.list_oidc_providers(OTHER_ACCOUNT_ID) == [ELSEWHERE_ID]


async def test_an_oidc_provider_is_made_once_per_account(providers: Storage) -> None:
    with pytest.raises(EntityAlreadyExists):
        await providers.oidc_providers.create_oidc_provider(replace(ID, client_ids=("other",)))
    assert await providers.oidc_providers.load_oidc_provider(ID.arn) == ID
    assert await _revisions(providers) == (4, 2)


async def test_an_updated_oidc_provider_keeps_its_birth(providers: Storage) -> None:
    oidc = providers.oidc_providers
    changed = replace(ID, client_ids=("new",), thumbprints=(), tags=(("a", "b"),))
    await oidc.update_oidc_provider(replace(changed, created_at=1))
    assert await oidc.load_oidc_provider(ID.arn) == changed
    assert await oidc.load_oidc_provider(ELSEWHERE_ID.arn) == ELSEWHERE_ID
    assert await _revisions(providers) == (5, 2)
    with pytest.raises(NoSuchEntity):
        await oidc.update_oidc_provider(make_oidc_provider("nobody.example.com"))


async def test_a_deleted_oidc_provider_takes_no_other_along(providers: Storage) -> None:
    oidc = providers.oidc_providers
    await oidc.delete_oidc_provider(ID.arn)
    assert await oidc.list_oidc_providers(ACCOUNT_ID) == [ACCOUNTS]
    assert await oidc.load_oidc_provider(ELSEWHERE_ID.arn) == ELSEWHERE_ID
    assert await _revisions(providers) == (5, 2)
    with pytest.raises(NoSuchEntity):
        await oidc.delete_oidc_provider(ID.arn)
