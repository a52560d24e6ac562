"""A one-time code becomes proof of presence, once (STS reference, "GetSessionToken", SerialNumber and TokenCode).

Order: count the attempt, find the device, match the code, burn its step. The attempt is counted before anything is
judged, in one atomic write, so that parallel guesses get only the free ones; the step is burnt in one atomic statement,
so that of two requests with the same code one wins. Unknown device, another's device and a wrong code are one answer.
Two counts: one stops a burst for minutes, one stops who comes back after each, for whom a code would be a matter of
months. A right code ends both.
"""

from dataclasses import dataclass

from daypass.protocol.aws.errors import AccessDenied, Throttling
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.domain.throttle import CODE_THROTTLE, DAILY_CODE_THROTTLE, owner_key
from daypass.server.domain.totp import matching_step
from daypass.server.ports.identity_storage import MfaDeviceStore
from daypass.server.ports.storage import AttemptStore

__all__ = ["OneTimeCodes"]

_THROTTLES = {"MfaCode": CODE_THROTTLE, "MfaCodesOfTheDay": DAILY_CODE_THROTTLE}
"""In this order."""
_WRONG = "MultiFactorAuthentication failed with invalid MFA one time pass code."


@dataclass(frozen=True, slots=True)
class OneTimeCodes:
    """`ports.second_factor.SecondFactor` over the device store."""

    devices: MfaDeviceStore
    attempts: AttemptStore
    ring: KeyRing

    async def prove(self, account_id: str, owner_id: str, *, serial_number: str, code: str, now: int) -> None:
        """See the port."""
        await self._count(account_id, owner_id, now=now)
        device = await self.devices.load_mfa_device(serial_number)
        if device is None or (device.account_id, device.owner_id) != (account_id, owner_id):
            raise AccessDenied(_WRONG, detail="no such device of this owner")
        if not await self._burn(device, code, now=now):
            raise AccessDenied(_WRONG, detail="wrong or used code")
        await self._forget(account_id, owner_id)

    async def prove_any(self, account_id: str, owner_id: str, *, code: str, now: int) -> None:
        """See the port."""
        await self._count(account_id, owner_id, now=now)
        for device in await self.devices.list_mfa_devices(account_id, owner_id):
            if await self._burn(device, code, now=now):
                await self._forget(account_id, owner_id)
                return
        raise AccessDenied(_WRONG, detail="wrong or used code")

    async def _count(self, account_id: str, owner_id: str, *, now: int) -> None:
        """What the burst's count refuses is not tried, and so does not count for the day."""
        for name, throttle in _THROTTLES.items():
            key = owner_key(name, account_id, owner_id)
            if (
                await self.attempts.record_failure(key, now=now, window=throttle.window)
                > throttle.free_failures
            ):
                raise Throttling("Rate exceeded")

    async def _forget(self, account_id: str, owner_id: str) -> None:
        for name in _THROTTLES:
            await self.attempts.clear_attempts(owner_key(name, account_id, owner_id))

    async def _burn(self, device: MfaDevice, code: str, *, now: int) -> bool:
        """Whether the code is this device's and was not used before; afterwards it was."""
        if device.kind != "totp" or not device.enabled_at:
            return False
        seed, _ = self.ring.open("mfa-seed", device.sealed_seed)
        step = matching_step(seed.decode("ascii"), code, now=now, after=device.last_step)
        return step is not None and await self.devices.use_totp_step(device.serial_number, step)
