"""What the server does with the keys of SAML providers when it starts with a new key ring."""

from collections.abc import AsyncIterator

import pytest

from daypass.server.adapters.key_ring_file import rotate
from daypass.server.adapters.sql import open_storage
from daypass.server.domain.account import Account
from daypass.server.domain.identity_provider import SamlPrivateKey, SamlProvider
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.saml_keys import open_service_keys, seal_private_key
from daypass.server.flows.reseal_saml_keys import find_sealing_keys, reseal_saml_keys
from daypass.server.ports.storage import Storage

LOST = KeyRing([MasterKey("00000000", 0, b"0" * 32)])
OLD = MasterKey("00000001", 1, b"1" * 32)
NEW = MasterKey("00000002", 2, b"2" * 32)


@pytest.fixture
async def storage() -> AsyncIterator[Storage]:
    storage = await open_storage("sqlite://")
    await storage.migrate()
    for account_id in ("111122223333", "444455556666"):
        await storage.accounts.create_account(Account(account_id, None, f"{account_id}@x.example", "", 0, 0))
    yield storage
    await storage.close()


async def _create(storage: Storage, account_id: str, name: str, ring: KeyRing) -> str:
    provider = SamlProvider(
        account_id=account_id,
        name=name,
        provider_uuid=f"SAML{account_id}{name.upper():A<10}",
        metadata_document="<xml/>",
        entity_id="https://idp.example.com",
        created_at=0,
        valid_until=1,
        sealed_service_key=seal_private_key(ring, b"our own"),
        service_certificate="",
        private_keys=(SamlPrivateKey("KEY" + "A" * 32, 0, seal_private_key(ring, b"added")),),
    )
    await storage.saml_providers.create_saml_provider(provider)
    return provider.arn


async def test_a_start_reseals_the_keys_of_every_account_and_the_next_one_has_nothing_to_do(
    storage: Storage,
) -> None:
    arns = [
        await _create(storage, account_id, name, KeyRing([OLD]))
        for account_id, names in (("111122223333", [f"p{n:03}" for n in range(101)]), ("444455556666", ["q"]))
        for name in names
    ]
    before = await storage.accounts.load_revision("111122223333")
    both = KeyRing([OLD, NEW])
    assert await reseal_saml_keys(storage, both) == 102
    assert await reseal_saml_keys(storage, both) == 0
    for arn in arns:
        provider = await storage.saml_providers.load_saml_provider(arn)
        assert provider is not None
        assert open_service_keys(KeyRing([NEW]), provider) == (b"our own", (b"our own", b"added"))
    assert await storage.accounts.load_revision("111122223333") == before, "no change of the account"


async def test_a_provider_whose_keys_are_lost_does_not_keep_the_server_from_starting(
    storage: Storage,
) -> None:
    await _create(storage, "111122223333", "lost", LOST)
    kept = await _create(storage, "111122223333", "kept", KeyRing([OLD]))
    assert await reseal_saml_keys(storage, KeyRing([OLD, NEW])) == 1
    provider = await storage.saml_providers.load_saml_provider(kept)
    assert provider is not None
    assert open_service_keys(KeyRing([NEW]), provider)


async def test_a_key_under_which_a_providers_keys_lie_survives_rotations_without_a_start_between(
    storage: Storage,
) -> None:
    """Two rotations, the first key long out of its time: dropping it would lose the private keys for good."""
    await _create(storage, "111122223333", "corp", KeyRing([OLD]))
    in_use = await find_sealing_keys(storage)
    assert in_use == {OLD.key_id}
    later = MasterKey("00000003", 10_000_000, b"3" * 32)
    dropped = rotate(KeyRing([OLD, NEW]), later, now=10_000_000, longest_life=900)
    kept = rotate(KeyRing([OLD, NEW]), later, now=10_000_000, longest_life=900, in_use=in_use)
    assert [key.key_id for key in dropped.keys] == [NEW.key_id, later.key_id]
    assert [key.key_id for key in kept.keys] == [OLD.key_id, NEW.key_id, later.key_id]
    await reseal_saml_keys(storage, kept)
    assert await find_sealing_keys(storage) == {later.key_id}, "the next start frees it"
