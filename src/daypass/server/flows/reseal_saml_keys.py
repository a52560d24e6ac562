"""At start: seal the private keys of SAML providers under the newest key of the ring.

Everything else the ring seals expires, and rotation drops a key days after its successor began, when nothing
it sealed is alive any more. A provider's keys do not expire; each start (a new ring is read at start only)
moves them along, so that the key dropped at the next rotation but one seals none of them.
"""

from contextlib import suppress

from daypass.protocol.aws.errors import InternalFailure
from daypass.server.domain.identity_provider import SamlProvider
from daypass.server.domain.key_ring import KeyRing, SealBroken, sealing_key_id
from daypass.server.domain.saml_keys import reseal_keys
from daypass.server.ports.storage import Storage

__all__ = ["find_sealing_keys", "reseal_saml_keys"]


async def reseal_saml_keys(storage: Storage, ring: KeyRing) -> int:
    """How many providers had keys under an older key. Safe to run in parallel: sealing is deterministic.

    A provider whose keys no longer open is left as it is, so that the server starts and its other sign-ins work.
    """
    resealed = 0
    for account in await storage.accounts.list_accounts():
        for provider in await storage.saml_providers.list_saml_providers(account.account_id):
            try:
                moved = reseal_keys(ring, provider)
            except InternalFailure:
                continue
            if moved is not provider:
                await storage.saml_providers.reseal_saml_provider(moved)
                resealed += 1
    return resealed


async def find_sealing_keys(storage: Storage) -> frozenset[str]:
    """The ids of the ring's keys that a provider's private keys are under: a rotation must not drop these."""
    found = set()
    for account in await storage.accounts.list_accounts():
        for provider in await storage.saml_providers.list_saml_providers(account.account_id):
            for sealed in _sealed_texts(provider):
                with suppress(SealBroken):
                    found.add(sealing_key_id(sealed))
    return frozenset(found)


def _sealed_texts(provider: SamlProvider) -> tuple[str, ...]:
    return (provider.sealed_service_key, *(key.sealed_key for key in provider.private_keys))
