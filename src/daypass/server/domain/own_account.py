"""A person at their own page: who they are, and what they must have proven lately to change something.

Looking needs a live session in this browser. Changing a device, a password or the recovery codes needs a sign-in of the
last quarter of an hour besides: a browser left open must not be enough to lock its owner out. Whoever has a second
factor must have proven it in that sign-in: else a session from before the device would be a way around it.
"""

from dataclasses import dataclass

import msgspec

from daypass.server.domain.key_ring import KeyRing, SealBroken
from daypass.server.domain.role_owner import RoleOwner
from daypass.server.domain.role_session import owner_key
from daypass.server.domain.session import LoginSession, SignInSession
from daypass.server.domain.session_lineage import bound_owner
from daypass.server.domain.session_origin import SessionOrigin

__all__ = [
    "RECENT_SIGN_IN",
    "BrowserView",
    "Enrolment",
    "EnrolmentRefused",
    "FactorMissing",
    "LoginView",
    "NotRecent",
    "check_factor",
    "check_recent",
    "is_own_session",
    "open_enrolment",
    "seal_enrolment",
]

RECENT_SIGN_IN = 900
"""Seconds."""
ENROLMENT_LIFETIME = 600
"""Seconds to scan a picture or touch a key."""


class NotRecent(Exception):
    """The person signed in too long ago for this; they sign in again and come back."""


class FactorMissing(NotRecent):
    """The person has a second factor, and this session did not prove it; the next sign-in asks for it."""


class EnrolmentRefused(Exception):
    """The half-done enrolment is not this person's, or too old, or what came back does not fit it."""


def check_recent(session: SignInSession, *, now: int) -> None:
    """Raises NotRecent. A session made of credentials (`authenticated_at` 0) was never recent."""
    if now - session.authenticated_at > RECENT_SIGN_IN:
        raise NotRecent


def check_factor(session: SignInSession, *, has_devices: bool) -> None:
    """Raises FactorMissing. `has_devices`: whether the person has any now, not when the session began."""
    if has_devices and not session.mfa_at:
        raise FactorMissing


def is_own_session(mine: SignInSession, other: SignInSession | LoginSession) -> bool:
    """Whether `other` is the same person's as `mine`: the same principal with the same owner, or a role this user took."""
    person = (mine.account_id, mine.principal_id)
    if (other.account_id, other.principal_id) == person:
        return owner_key(other.role_session) == owner_key(mine.role_session)
    owner = bound_owner(other.role_session)
    return mine.principal_kind == "user" and owner is not None and owner.key == RoleOwner(*person).key


@dataclass(frozen=True, slots=True)
class BrowserView:
    """One browser in which the person is signed in."""

    session: SignInSession
    origin: SessionOrigin | None
    is_this_one: bool


@dataclass(frozen=True, slots=True)
class LoginView:
    """One terminal that acts for the person."""

    session: LoginSession
    origin: SessionOrigin | None


class Enrolment(msgspec.Struct, frozen=True, array_like=True, tag="enrolment"):
    """A device on its way: nothing is stored before it has answered."""

    account_id: str
    owner_id: str
    name: str
    expires_at: int
    secret: bytes
    """totp: the seed; passkey: the challenge."""

    def __repr__(self) -> str:
        return f"Enrolment(owner_id={self.owner_id!r}, name={self.name!r}, secret=**********)"


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Enrolment).decode


def seal_enrolment(ring: KeyRing, enrolment: Enrolment) -> str:
    """The text for a hidden field."""
    return ring.seal("sign-in-ticket", _encode(enrolment))


def open_enrolment(ring: KeyRing, sealed: str, session: SignInSession, *, now: int) -> Enrolment:
    """The enrolment this very person began. Raises EnrolmentRefused."""
    try:
        enrolment = _decode(ring.open("sign-in-ticket", sealed)[0])
    except (SealBroken, msgspec.MsgspecError, UnicodeDecodeError):
        raise EnrolmentRefused("does not open") from None
    if (enrolment.account_id, enrolment.owner_id) != (session.account_id, session.principal_id):
        raise EnrolmentRefused("another person's")
    if now >= enrolment.expires_at:
        raise EnrolmentRefused("too old")
    return enrolment
