"""A one-time code becomes proof of presence, once (STS reference, "GetSessionToken", SerialNumber and TokenCode).

Order: count the attempt, find the device, match the code, burn its step. The attempt is counted before anything is
judged, in one atomic write, so that parallel guesses get only the free ones; the step is burnt in one atomic statement,
so that of two requests with the same code one wins. Unknown device, another's device and a wrong code are one answer.
"""

import hashlib
from dataclasses import dataclass

from daypass.protocol.aws.errors import AccessDenied, Throttling
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.domain.totp import matching_step
from daypass.server.ports.identity_storage import MfaDeviceStore
from daypass.server.ports.storage import AttemptStore

__all__ = ["OneTimeCodes"]

FREE_ATTEMPTS = 5
"""Wrong codes per owner and window. Of a million codes three are right at a time."""
WINDOW = 300
"""Seconds."""

_WRONG = "MultiFactorAuthentication failed with invalid MFA one time pass code."


@dataclass(frozen=True, slots=True)
class OneTimeCodes:
    """`ports.second_factor.SecondFactor` over the device store."""

    devices: MfaDeviceStore
    attempts: AttemptStore
    ring: KeyRing

    async def prove(self, account_id: str, owner_id: str, *, serial_number: str, code: str, now: int) -> None:
        """See the port."""
        attempts = await self._count(account_id, owner_id, now=now)
        device = await self.devices.load_mfa_device(serial_number)
        if device is None or (device.account_id, device.owner_id) != (account_id, owner_id):
            raise AccessDenied(_WRONG, detail="no such device of this owner")
        if not await self._burn(device, code, now=now):
            raise AccessDenied(_WRONG, detail="wrong or used code")
        await self.attempts.clear_attempts(attempts)

    async def prove_any(self, account_id: str, owner_id: str, *, code: str, now: int) -> None:
        """See the port."""
        attempts = await self._count(account_id, owner_id, now=now)
        for device in await self.devices.list_mfa_devices(account_id, owner_id):
            if await self._burn(device, code, now=now):
                await self.attempts.clear_attempts(attempts)
                return
        raise AccessDenied(_WRONG, detail="wrong or used code")

    async def _count(self, account_id: str, owner_id: str, *, now: int) -> bytes:
        key = hashlib.sha256(f"MfaCode|{account_id}|{owner_id}".encode()).digest()[:16]
        if await self.attempts.record_failure(key, now=now, window=WINDOW) > FREE_ATTEMPTS:
            raise Throttling("Rate exceeded")
        return key

    async def _burn(self, device: MfaDevice, code: str, *, now: int) -> bool:
        """Whether the code is this device's and was not used before; afterwards it was."""
        if device.kind != "totp" or not device.enabled_at:
            return False
        seed, _ = self.ring.open("mfa-seed", device.sealed_seed)
        step = matching_step(seed.decode("ascii"), code, now=now, after=device.last_step)
        return step is not None and await self.devices.use_totp_step(device.serial_number, step)
