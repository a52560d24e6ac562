"""At start: seal what people hold for long, access keys' secrets and one-time seeds, under the newest key of the ring.

They do not expire, and rotation drops a key days after its successor began: what was still under it would be lost, and
with it every second factor. Each start moves them along (`reseal_saml_keys` does the same for providers).
"""

from collections.abc import AsyncIterator
from contextlib import suppress

from daypass.server.domain.access_key import AccessKey
from daypass.server.domain.key_ring import KeyRing, Purpose, SealBroken, sealing_key_id
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.ports.storage import Page, Storage

__all__ = ["find_held_sealing_keys", "reseal_held_secrets"]

_PAGE = 500


async def reseal_held_secrets(storage: Storage, ring: KeyRing) -> int:
    """How many were under an older key. Safe to run in parallel: each is replaced only if it still is what was read.

    What no longer opens is left as it is, so that the server starts and everything else works.
    """
    resealed = 0
    async for key in _access_keys(storage):
        moved = _moved(ring, "access-key", key.sealed_secret)
        if moved is not None:
            resealed += await storage.access_keys.reseal_access_key(
                key.access_key_id, before=key.sealed_secret, after=moved
            )
    async for device in _devices(storage):
        moved = _moved(ring, "mfa-seed", device.sealed_seed)
        if moved is not None:
            resealed += await storage.mfa_devices.reseal_mfa_device(
                device.serial_number, before=device.sealed_seed, after=moved
            )
    return resealed


async def find_held_sealing_keys(storage: Storage) -> frozenset[str]:
    """The ids of the ring's keys that any of them is under: a rotation must not drop these."""
    found: set[str] = set()
    async for key in _access_keys(storage):
        with suppress(SealBroken):
            found.add(sealing_key_id(key.sealed_secret))
    async for device in _devices(storage):
        with suppress(SealBroken):
            found.add(sealing_key_id(device.sealed_seed))
    return frozenset(found)


def _moved(ring: KeyRing, purpose: Purpose, sealed: str) -> str | None:
    """The text under the newest key; None when it is there already or cannot be opened."""
    try:
        if sealing_key_id(sealed) == ring.current.key_id:
            return None
        plaintext, _ = ring.open(purpose, sealed)
    except SealBroken:
        return None
    return ring.seal(purpose, plaintext)


async def _access_keys(storage: Storage) -> AsyncIterator[AccessKey]:
    after = ""
    while keys := await storage.access_keys.list_sealed_access_keys(page=Page(after, _PAGE)):
        for key in keys:
            yield key
        after = keys[-1].access_key_id


async def _devices(storage: Storage) -> AsyncIterator[MfaDevice]:
    after = ""
    while devices := await storage.mfa_devices.list_sealed_mfa_devices(page=Page(after, _PAGE)):
        for device in devices:
            yield device
        after = devices[-1].serial_number
