"""Second factors of users as administrators and their owners see them: make a virtual device, enable, resynchronise,
take away, delete, list (IAM reference: CreateVirtualMFADevice and its relatives).

A virtual device is nobody's until two codes in a row prove that somebody's app holds its seed, which is answered once.
Root's devices are made on root's own pages; here only root itself sees them or takes them away, so that nobody else can
lock root out.
"""

import base64
from dataclasses import dataclass

from daypass.protocol.aws.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    InvalidAuthenticationCode,
    LimitExceeded,
    NoSuchEntity,
    ValidationError,
)
from daypass.secret import Secret
from daypass.server.domain.account import Account, User
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.mfa_device import MAX_MFA_DEVICES, MfaDevice
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE, Listing, open_marker, page_of, page_of_all
from daypass.server.domain.resource_tags import request_tag_values, resource_tag_values
from daypass.server.domain.totp import SEED_BYTES
from daypass.server.domain.totp_enrolment import matching_pair
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.holders import find_user
from daypass.server.ports.clock import Randomness
from daypass.server.ports.storage import Page, Storage

__all__ = [
    "MfaDevices",
    "NewVirtualDevice",
    "OwnedDevice",
    "find_virtual_device",
    "no_such_virtual_device",
]

_LONGEST_NAME = 200
"""Serial numbers must fit 256 characters, and a page's marker must hold one."""


@dataclass(frozen=True, slots=True)
class NewVirtualDevice:
    """A device as only its creator ever sees it."""

    device: MfaDevice
    seed: Secret
    """Base32 text."""


@dataclass(frozen=True, slots=True)
class OwnedDevice:
    """A device and whose it is; None while nobody's, the account for root."""

    device: MfaDevice
    owner: User | Account | None


@dataclass(frozen=True, slots=True)
class MfaDevices:
    """The stories about second factors, over the ports they need."""

    storage: Storage
    ring: KeyRing
    randomness: Randomness

    async def create_virtual_mfa_device(
        self, call: VerifiedCall, *, virtual_mfa_device_name: str, path: str = "/", tags: Tags = ()
    ) -> NewVirtualDevice:
        """Raises EntityAlreadyExists, LimitExceeded."""
        if len(path + virtual_mfa_device_name) > _LONGEST_NAME:
            raise ValidationError(
                f"Path and name of a virtual device have {_LONGEST_NAME} characters at most"
            )
        serial_number = f"arn:aws:iam::{call.account_id}:mfa{path}{virtual_mfa_device_name}"
        call.check_allowed("iam:CreateVirtualMFADevice", serial_number, request_tag_values(tags))
        if tags:
            call.check_allowed("iam:TagMFADevice", serial_number, request_tag_values(tags))
        seed = base64.b32encode(self.randomness.token_bytes(SEED_BYTES))
        device = MfaDevice(
            serial_number=serial_number,
            account_id=call.account_id,
            owner_id="",
            kind="totp",
            created_at=call.now,
            sealed_seed=self.ring.seal("mfa-seed", seed),
            tags=tags,
        )
        try:
            await self.storage.mfa_devices.create_mfa_device(device, limit=MAX_MFA_DEVICES)
        except EntityAlreadyExists:
            raise EntityAlreadyExists("MFADevice entity at the same path and name already exists.") from None
        return NewVirtualDevice(device, Secret(seed.decode("ascii")))

    async def enable_mfa_device(
        self,
        call: VerifiedCall,
        *,
        user_name: str,
        serial_number: str,
        authentication_code1: str,
        authentication_code2: str,
    ) -> None:
        """Raises NoSuchEntity, EntityAlreadyExists, InvalidAuthenticationCode, LimitExceeded."""
        user = await find_user(self.storage, call, "iam:EnableMFADevice", user_name)
        device = await self._virtual(call, serial_number)
        if device.owner_id:
            raise EntityAlreadyExists("MFA Device is already in use.")
        step = self._check_codes(call, device, authentication_code1, authentication_code2)
        try:
            await self.storage.mfa_devices.enable_mfa_device(
                serial_number, user.user_id, last_step=step, limit=MAX_MFA_DEVICES, now=call.now
            )
        except EntityAlreadyExists:
            raise EntityAlreadyExists("MFA Device is already in use.") from None
        except LimitExceeded:
            raise LimitExceeded(f"Cannot exceed quota for MFADevicesPerUser: {MAX_MFA_DEVICES}") from None
        except NoSuchEntity:
            raise _no_such_device(serial_number) from None

    async def resync_mfa_device(
        self,
        call: VerifiedCall,
        *,
        user_name: str,
        serial_number: str,
        authentication_code1: str,
        authentication_code2: str,
    ) -> None:
        """Two codes in a row prove the device anew; neither can be used again.

        Raises NoSuchEntity, InvalidAuthenticationCode.
        """
        user = await find_user(self.storage, call, "iam:ResyncMFADevice", user_name)
        device = await self._virtual(call, serial_number)
        if device.owner_id != user.user_id:
            raise _no_such_device(serial_number)
        step = self._check_codes(call, device, authentication_code1, authentication_code2)
        if not await self.storage.mfa_devices.use_totp_step(serial_number, step):
            raise _wrong_codes()

    async def deactivate_mfa_device(
        self, call: VerifiedCall, *, serial_number: str, user_name: str | None = None
    ) -> None:
        """A virtual device becomes nobody's, a passkey is gone. Without a name the caller's own. Raises NoSuchEntity."""
        owner_id = await self._owner_id(call, "iam:DeactivateMFADevice", user_name)
        if not _is_own(call, serial_number):
            raise _no_such_device(serial_number)
        try:
            await self.storage.mfa_devices.deactivate_mfa_device(serial_number, owner_id)
        except NoSuchEntity:
            raise _no_such_device(serial_number) from None

    async def delete_virtual_mfa_device(self, call: VerifiedCall, *, serial_number: str) -> None:
        """Raises NoSuchEntity, DeleteConflict while it is somebody's."""
        device = None
        if _is_own(call, serial_number):
            device = await find_virtual_device(self.storage, serial_number)
        tags = () if device is None else device.tags
        call.check_allowed("iam:DeleteVirtualMFADevice", serial_number, resource_tag_values(tags))
        if device is None:
            raise no_such_virtual_device(serial_number)
        try:
            await self.storage.mfa_devices.delete_virtual_mfa_device(serial_number)
        except NoSuchEntity:
            raise _no_such_device(serial_number) from None
        except DeleteConflict:
            raise DeleteConflict("Cannot delete entity, must deactivate MFA device first.") from None

    async def get_mfa_device(
        self, call: VerifiedCall, *, serial_number: str, user_name: str | None = None
    ) -> OwnedDevice:
        """One person's; without a name the caller's own. Raises NoSuchEntity."""
        owner_id = await self._owner_id(call, "iam:GetMFADevice", user_name)
        device = None
        if _is_own(call, serial_number):
            device = await self.storage.mfa_devices.load_mfa_device(serial_number)
        if device is None or device.owner_id != owner_id:
            raise _no_such_device(serial_number)
        return OwnedDevice(device, await self._owner(call.account_id, owner_id))

    async def list_mfa_devices(
        self,
        call: VerifiedCall,
        *,
        user_name: str | None = None,
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> Listing[OwnedDevice]:
        """Enabled ones of one person, oldest first; without a name the caller's own. Raises NoSuchEntity."""
        owner_id = await self._owner_id(call, "iam:ListMFADevices", user_name)
        owner = await self._owner(call.account_id, owner_id)
        devices = await self.storage.mfa_devices.list_mfa_devices(call.account_id, owner_id)
        pairs = [(f"{number:02}", OwnedDevice(device, owner)) for number, device in enumerate(devices, 1)]
        listing = f"ListMFADevices|{call.account_id}|{owner_id}"
        return page_of_all(self.ring, pairs, marker=marker, size=max_items, listing=listing)

    async def list_virtual_mfa_devices(
        self,
        call: VerifiedCall,
        *,
        assignment_status: str = "Any",
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> Listing[OwnedDevice]:
        """The account's, in order of serial number."""
        call.check_allowed("iam:ListVirtualMFADevices", f"arn:aws:iam::{call.account_id}:mfa/*")
        listing = f"ListVirtualMFADevices|{call.account_id}|{assignment_status}"
        after = open_marker(self.ring, marker, listing=listing)
        found: list[tuple[str, OwnedDevice]] = []
        while len(found) <= max_items:
            page = Page(after, max_items + 1)
            devices = await self.storage.mfa_devices.list_virtual_mfa_devices(call.account_id, page=page)
            if not devices:
                break
            after = devices[-1].serial_number
            for device in devices:
                if assignment_status in ("Any", "Assigned" if device.owner_id else "Unassigned"):
                    owner = await self._owner(call.account_id, device.owner_id)
                    found.append((device.serial_number, OwnedDevice(device, owner)))
        return page_of(self.ring, found, size=max_items, listing=listing)

    async def _owner_id(self, call: VerifiedCall, action: str, user_name: str | None) -> str:
        if user_name is None and call.principal.kind == "root":
            call.check_allowed(action, call.principal.arn)
            return call.account_id
        user = await find_user(self.storage, call, action, user_name or call.own_user_name())
        return user.user_id

    async def _owner(self, account_id: str, owner_id: str) -> User | Account | None:
        if owner_id == account_id:
            return await self.storage.accounts.load_account(account_id)
        return await self.storage.users.load_user_by_id(account_id, owner_id) if owner_id else None

    async def _virtual(self, call: VerifiedCall, serial_number: str) -> MfaDevice:
        device = None
        if _is_own(call, serial_number):
            device = await find_virtual_device(self.storage, serial_number)
        if device is None:
            raise no_such_virtual_device(serial_number)
        return device

    def _check_codes(self, call: VerifiedCall, device: MfaDevice, code: str, next_code: str) -> int:
        seed, _ = self.ring.open("mfa-seed", device.sealed_seed)
        step = matching_pair(seed.decode("ascii"), code, next_code, now=call.now, after=device.last_step)
        if step is None:
            raise _wrong_codes()
        return step


async def find_virtual_device(storage: Storage, serial_number: str) -> MfaDevice | None:
    """A device that is no passkey; whoever asks says whose it may be."""
    device = await storage.mfa_devices.load_mfa_device(serial_number)
    return None if device is None or device.kind != "totp" else device


def no_such_virtual_device(serial_number: str) -> NoSuchEntity:
    """In IAM's words."""
    return NoSuchEntity(f"VirtualMFADevice with serial number {serial_number} doesn't exist.")


def _is_own(call: VerifiedCall, serial_number: str) -> bool:
    return serial_number.startswith(f"arn:aws:iam::{call.account_id}:")


def _no_such_device(serial_number: str) -> NoSuchEntity:
    return NoSuchEntity(f"MFA Device with serial number {serial_number} cannot be found.")


def _wrong_codes() -> InvalidAuthenticationCode:
    return InvalidAuthenticationCode("Authentication code for device is not valid.")
