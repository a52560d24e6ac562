"""The time between a right password and a session: one sealed value, no row.

Whoever has a second factor, or must choose a new password first, is not signed in yet; the ticket remembers what was
proven so far. It is for one browser, for ten minutes, and used once: the use is recorded by its id when a session
begins. It says nothing that the browser could change.
"""

import hmac
from typing import Literal

import msgspec

from daypass.server.domain.key_ring import KeyRing, SealBroken
from daypass.server.domain.use_once import use_once_key

__all__ = [
    "CHALLENGE_BYTES",
    "TICKET_LIFETIME",
    "SignInTicket",
    "TicketRefused",
    "open_sign_in_ticket",
    "seal_sign_in_ticket",
    "ticket_use_key",
]

TICKET_LIFETIME = 600
"""Seconds to find the telephone."""
CHALLENGE_BYTES = 32
_LONGEST = 2048


class TicketRefused(Exception):
    """Expired, of another browser, used, or not one of ours: the person begins again."""


class SignInTicket(msgspec.Struct, frozen=True, array_like=True, tag="sign-in"):
    """A person who typed the right password."""

    ticket_id: str
    """Random; used once."""
    account_id: str
    principal_kind: Literal["root", "user"]
    principal_id: str
    principal_arn: str
    credentials_epoch: int
    reset_required: bool
    """Whether a new password must be chosen before a session begins."""
    browser_hash: bytes
    expires_at: int
    challenge: bytes
    """Random: what a passkey must sign."""
    mfa_at: int = 0
    """When a second factor was proven; 0 while it is not."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SignInTicket).decode


def seal_sign_in_ticket(ring: KeyRing, ticket: SignInTicket) -> str:
    """The text for a hidden field."""
    return ring.seal("sign-in-ticket", _encode(ticket))


def open_sign_in_ticket(ring: KeyRing, sealed: str, *, browser_hash: bytes, now: int) -> SignInTicket:
    """The ticket, if it is ours, for this browser and still good. Raises TicketRefused."""
    try:
        if len(sealed) > _LONGEST:
            raise SealBroken("too long")
        ticket = _decode(ring.open("sign-in-ticket", sealed)[0])
    except (SealBroken, msgspec.MsgspecError, UnicodeDecodeError):
        raise TicketRefused("the ticket does not open") from None
    if not hmac.compare_digest(ticket.browser_hash, browser_hash):
        raise TicketRefused("another browser's ticket")
    if now >= ticket.expires_at:
        raise TicketRefused("the ticket has expired")
    return ticket


def ticket_use_key(ticket: SignInTicket) -> bytes:
    """What is recorded as used."""
    return use_once_key("sign-in-ticket", ticket.ticket_id)
