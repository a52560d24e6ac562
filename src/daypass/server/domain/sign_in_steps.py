"""What a sign-in can need after a right password, and what a person can answer with. Records only."""

from dataclasses import dataclass, field

from daypass.secret import Secret
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.domain.sign_in_ticket import SignInTicket

__all__ = [
    "OneTimeCode",
    "PasskeyAnswer",
    "PasswordChangeNeeded",
    "Proof",
    "RecoveryCode",
    "SecondFactorNeeded",
]


@dataclass(frozen=True, slots=True)
class SecondFactorNeeded:
    """The person has devices: one of them, or a recovery code, must answer."""

    ticket: SignInTicket
    sealed_ticket: str = field(repr=False)
    devices: tuple[MfaDevice, ...]


@dataclass(frozen=True, slots=True)
class PasswordChangeNeeded:
    """An administrator wants a new password first."""

    ticket: SignInTicket
    sealed_ticket: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OneTimeCode:
    """Six digits of an authenticator app."""

    code: Secret


@dataclass(frozen=True, slots=True)
class RecoveryCode:
    """A code from the list kept for the day the telephone is gone."""

    code: Secret


@dataclass(frozen=True, slots=True)
class PasskeyAnswer:
    """What `navigator.credentials.get` gave, as JSON."""

    answer: str


Proof = OneTimeCode | RecoveryCode | PasskeyAnswer
