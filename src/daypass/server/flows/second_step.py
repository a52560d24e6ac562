"""The second step of a sign-in: a device or a recovery code answers, and the session may begin.

Order: the ticket; the person as they are now; the proof, which is used up in one atomic write; the ticket, likewise; then
the session, or first a new password. Codes are counted (`flows/second_factor.py`); a passkey and a recovery code cannot
be guessed, so they are open even while codes are throttled, and nobody who knows a password can lock its owner out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from daypass.protocol.aws.errors import AccessDenied, Throttling
from daypass.server.domain.audit import Caller
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.domain.recovery_codes import hash_recovery_code
from daypass.server.domain.sign_in_events import sign_in_event
from daypass.server.domain.sign_in_steps import (
    OneTimeCode,
    PasskeyAnswer,
    PasswordChangeNeeded,
    Proof,
    RecoveryCode,
)
from daypass.server.domain.sign_in_ticket import (
    SignInTicket,
    TicketRefused,
    seal_sign_in_ticket,
    ticket_use_key,
)
from daypass.server.ports.clock import Randomness
from daypass.server.ports.passkeys import PasskeyRefused, Passkeys
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.second_factor import SecondFactor
from daypass.server.ports.session_beginning import Proven, SessionBeginning, SessionFull, SignedIn
from daypass.server.ports.storage import Storage

__all__ = ["SecondStepFlow", "StepRefused"]


@dataclass(frozen=True, slots=True)
class StepRefused:
    """`mismatch`: not right, or used before. `throttled`: too many codes."""

    reason: Literal["mismatch", "throttled"]


@dataclass(frozen=True, slots=True)
class SecondStepFlow:
    """The story with its neighbours."""

    storage: Storage
    directory: PrincipalDirectory
    ring: KeyRing
    randomness: Randomness
    codes: SecondFactor
    passkeys: Passkeys
    beginning: SessionBeginning

    async def prove(
        self, ticket: SignInTicket, proof: Proof, *, old_browser: bytes, caller: Caller, now: int
    ) -> SignedIn | SessionFull | PasswordChangeNeeded | StepRefused:
        """`ticket` is opened for this browser. Raises TicketRefused when it was used or the person changed."""
        await self._check_person(ticket)
        try:
            await self._check_proof(ticket, proof, now=now)
        except Throttling:
            return await self._refuse(ticket, "throttled", caller, now)
        except (AccessDenied, PasskeyRefused):
            return await self._refuse(ticket, "mismatch", caller, now)
        if not await self.storage.federation.use_once(
            ticket_use_key(ticket), now=now, expires_at=ticket.expires_at
        ):
            raise TicketRefused("the ticket was used")
        if ticket.reset_required:
            following = msgspec.structs.replace(
                ticket, ticket_id=self.randomness.token_bytes(16).hex(), mfa_at=now
            )
            return PasswordChangeNeeded(following, seal_sign_in_ticket(self.ring, following))
        proven = Proven(
            ticket.account_id,
            ticket.principal_kind,
            ticket.principal_id,
            ticket.principal_arn,
            ticket.credentials_epoch,
            mfa_at=now,
        )
        return await self.beginning.begin(proven, old_browser=old_browser, caller=caller, now=now)

    async def _check_person(self, ticket: SignInTicket) -> None:
        snapshot = await self.directory.load(
            ticket.account_id, ticket.principal_kind, ticket.principal_id, fresh=True
        )
        if snapshot is None or snapshot.credentials_epoch != ticket.credentials_epoch:
            raise TicketRefused("the person is gone or has another password")

    async def _check_proof(self, ticket: SignInTicket, proof: Proof, *, now: int) -> None:
        match proof:
            case OneTimeCode(code):
                await self.codes.prove_any(
                    ticket.account_id, ticket.principal_id, code=code.reveal(), now=now
                )
            case RecoveryCode(code):
                code_hash = hash_recovery_code(code.reveal())
                if code_hash is None or not await self.storage.mfa_devices.use_recovery_code(
                    ticket.account_id, ticket.principal_id, code_hash
                ):
                    raise AccessDenied("not a recovery code")
            case PasskeyAnswer(answer):
                await self._check_passkey(ticket, answer)

    async def _check_passkey(self, ticket: SignInTicket, answer: str) -> None:
        credential_id = self.passkeys.read_credential_id(answer)
        devices = await self.storage.mfa_devices.list_mfa_devices(ticket.account_id, ticket.principal_id)
        device = _find(devices, credential_id)
        count = self.passkeys.verify_authentication(
            answer,
            challenge=ticket.challenge,
            public_key=device.public_key,
            sign_count=device.sign_count,
        )
        if count != device.sign_count and not await self.storage.mfa_devices.use_passkey_count(
            device.serial_number, before=device.sign_count, after=count
        ):
            raise PasskeyRefused("another sign-in used the counter meanwhile")

    async def _refuse(
        self, ticket: SignInTicket, reason: Literal["mismatch", "throttled"], caller: Caller, now: int
    ) -> StepRefused:
        await self.storage.audit.append(
            sign_in_event(
                "ConsoleLogin",
                event_id=self.randomness.uuid(),
                caller=caller,
                now=now,
                principal=(ticket.account_id, ticket.principal_arn),
                error_code=f"mfa_{reason}",
                detail={"MFAUsed": "Yes"},
            )
        )
        return StepRefused(reason)


def _find(devices: Sequence[MfaDevice], credential_id: bytes) -> MfaDevice:
    for device in devices:
        if device.kind == "passkey" and device.credential_id == credential_id:
            return device
    raise PasskeyRefused("no passkey of this person")
