"""A person's own second factors: add, remove, and the recovery codes beside them.

Nothing is stored before the device has answered: a seed or a challenge travels sealed in the page. With the first device
come recovery codes, and never before: codes made beforehand would be somebody's way around the device. Who has a device
adds another, and makes new codes, only from a session that proved one; the store's limit settles it between parallel
requests. Root's and users' devices are the same; a role session has none, its provider asks for factors.
"""

import base64
from dataclasses import dataclass

from daypass.protocol.aws.errors import AccessDenied, LimitExceeded
from daypass.server.domain.audit import Caller
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.mfa_device import MAX_MFA_DEVICES, MfaDevice, MfaKind, own_serial_number
from daypass.server.domain.own_account import (
    ENROLMENT_LIFETIME,
    Enrolment,
    EnrolmentRefused,
    FactorMissing,
    check_factor,
    check_recent,
    seal_enrolment,
)
from daypass.server.domain.recovery_codes import (
    CODE_BYTES,
    RECOVERY_CODE_COUNT,
    format_recovery_code,
    hash_recovery_code,
)
from daypass.server.domain.session import SignInSession
from daypass.server.domain.sign_in_events import sign_in_event
from daypass.server.domain.sign_in_ticket import CHALLENGE_BYTES
from daypass.server.domain.totp import SEED_BYTES, matching_step
from daypass.server.ports.clock import Randomness
from daypass.server.ports.passkeys import PasskeyRefused, Passkeys
from daypass.server.ports.storage import Storage

__all__ = ["OwnDevices"]


@dataclass(frozen=True, slots=True)
class OwnDevices:
    """The stories, over the ports they need. `session` is the live one; all that change something raise NotRecent,
    and FactorMissing, which is one.
    """

    storage: Storage
    ring: KeyRing
    randomness: Randomness
    passkeys: Passkeys

    async def list_devices(self, session: SignInSession) -> tuple[MfaDevice, ...]:
        """Oldest first."""
        return tuple(
            await self.storage.mfa_devices.list_mfa_devices(session.account_id, session.principal_id)
        )

    async def begin_totp(self, session: SignInSession, name: str, *, now: int) -> tuple[Enrolment, str]:
        """A seed, and its sealed form. Raises NotRecent, EnrolmentRefused."""
        return await self._begin(session, name, self.randomness.token_bytes(SEED_BYTES), now)

    async def begin_passkey(self, session: SignInSession, name: str, *, now: int) -> tuple[Enrolment, str]:
        """A challenge, and its sealed form. Raises NotRecent, EnrolmentRefused."""
        return await self._begin(session, name, self.randomness.token_bytes(CHALLENGE_BYTES), now)

    async def finish_totp(
        self, session: SignInSession, enrolment: Enrolment, code: str, *, caller: Caller, now: int
    ) -> bool:
        """False for a wrong code: the person tries again. Raises NotRecent, EntityAlreadyExists, LimitExceeded."""
        check_recent(session, now=now)
        seed = totp_seed(enrolment)
        step = matching_step(seed, code, now=now, after=-1)
        if step is None:
            return False
        device = MfaDevice(
            _serial_number("totp", session, enrolment),
            session.account_id,
            session.principal_id,
            "totp",
            created_at=now,
            enabled_at=now,
            sealed_seed=self.ring.seal("mfa-seed", seed.encode("ascii")),
            last_step=step,
        )
        await self._store(session, device, "EnableMFADevice", caller, now)
        return True

    async def finish_passkey(
        self, session: SignInSession, enrolment: Enrolment, answer: str, *, caller: Caller, now: int
    ) -> None:
        """Raises NotRecent, EnrolmentRefused, EntityAlreadyExists, LimitExceeded."""
        check_recent(session, now=now)
        try:
            made = self.passkeys.verify_registration(answer, challenge=enrolment.secret)
        except PasskeyRefused as refusal:
            raise EnrolmentRefused(str(refusal)) from None
        device = MfaDevice(
            _serial_number("passkey", session, enrolment),
            session.account_id,
            session.principal_id,
            "passkey",
            created_at=now,
            enabled_at=now,
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
        )
        await self._store(session, device, "EnableMFADevice", caller, now)

    async def remove(self, session: SignInSession, serial_number: str, *, caller: Caller, now: int) -> None:
        """Raises NotRecent, NoSuchEntity. A session that proved no second factor cannot take one away."""
        check_recent(session, now=now)
        if not session.mfa_at:
            raise AccessDenied("Sign in with your second factor before you remove one.")
        devices = self.storage.mfa_devices
        found = await devices.load_mfa_device(serial_number)
        await devices.deactivate_mfa_device(serial_number, session.principal_id)
        if found is not None and found.kind == "totp":
            await devices.delete_virtual_mfa_device(serial_number)
        await self._record("DeactivateMFADevice", session, serial_number, caller, now)

    async def make_recovery_codes(
        self, session: SignInSession, *, caller: Caller, now: int
    ) -> tuple[str, ...]:
        """Ten new ones, shown once; the old ones end. Raises NotRecent, AccessDenied without a device."""
        check_recent(session, now=now)
        devices = await self.list_devices(session)
        if not devices:
            raise AccessDenied("Recovery codes stand in for a device. Add a device first.")
        check_factor(session, has_devices=bool(devices))
        return await self.make_first_recovery_codes(session, caller=caller, now=now)

    async def make_first_recovery_codes(
        self, session: SignInSession, *, caller: Caller, now: int
    ) -> tuple[str, ...]:
        """For whom `finish_…` just gave a first device; whatever codes there were end."""
        codes = tuple(
            format_recovery_code(self.randomness.token_bytes(CODE_BYTES)) for _ in range(RECOVERY_CODE_COUNT)
        )
        hashes = [code_hash for code in codes if (code_hash := hash_recovery_code(code)) is not None]
        await self.storage.mfa_devices.replace_recovery_codes(
            session.account_id, session.principal_id, hashes
        )
        await self._record("CreateRecoveryCodes", session, "", caller, now)
        return codes

    async def count_recovery_codes(self, session: SignInSession) -> int:
        """Those not used yet."""
        return await self.storage.mfa_devices.count_recovery_codes(session.account_id, session.principal_id)

    async def _begin(
        self, session: SignInSession, name: str, secret: bytes, now: int
    ) -> tuple[Enrolment, str]:
        check_recent(session, now=now)
        if session.principal_kind == "role":
            raise EnrolmentRefused("a role session has no devices")
        check_factor(session, has_devices=bool(await self.list_devices(session)))
        enrolment = Enrolment(
            session.account_id, session.principal_id, name, now + ENROLMENT_LIFETIME, secret
        )
        return enrolment, seal_enrolment(self.ring, enrolment)

    async def _store(
        self, session: SignInSession, device: MfaDevice, event: str, caller: Caller, now: int
    ) -> None:
        try:
            limit = MAX_MFA_DEVICES if session.mfa_at else 1  # without a proven factor only the first one
            await self.storage.mfa_devices.create_mfa_device(device, limit=limit)
        except LimitExceeded:
            if session.mfa_at:
                raise
            raise FactorMissing from None
        await self._record(event, session, device.serial_number, caller, now)

    async def _record(
        self, event: str, session: SignInSession, serial_number: str, caller: Caller, now: int
    ) -> None:
        await self.storage.audit.append(
            sign_in_event(
                event,
                event_id=self.randomness.uuid(),
                caller=caller,
                now=now,
                principal=(session.account_id, session.principal_arn),
                detail={"serialNumber": serial_number} if serial_number else {},
            )
        )


def _serial_number(kind: MfaKind, session: SignInSession, enrolment: Enrolment) -> str:
    owner = "root" if session.principal_kind == "root" else session.principal_arn.rpartition("/")[2]
    return own_serial_number(kind, account_id=session.account_id, owner=owner, name=enrolment.name)


def totp_seed(enrolment: Enrolment) -> str:
    """Base32, as apps want it."""
    return base64.b32encode(enrolment.secret).decode("ascii")
