"""The time between an identity provider's word and the person's choice of a role: one sealed value, no row.

It travels in the address of the page that offers the roles, because the provider's form post arrives without
our cookie, and the page's own request has it again. What began in a browser names that browser; what began at
the provider names none, and then nothing happens without a click. It is used once, within ten minutes. The text is
deflated, as people with many roles get many similar ARNs; sealed values are opened before they are inflated.
"""

import hmac
import zlib

import msgspec

from daypass.server.domain.federated_caller import FederatedCaller
from daypass.server.domain.federation_refusal import FederationRefused
from daypass.server.domain.key_ring import KeyRing, SealBroken

__all__ = [
    "LONGEST_TICKET",
    "TICKET_LIFETIME",
    "FederationTicket",
    "RoleChoice",
    "open_federation_ticket",
    "seal_federation_ticket",
]

TICKET_LIFETIME = 600
"""Seconds to choose a role."""
LONGEST_TICKET = 16_000
"""Characters: an address of this length fits the listener's header limit (32 KiB) with room for cookies."""


class RoleChoice(msgspec.Struct, frozen=True, array_like=True):
    """One role the person may take."""

    role_arn: str
    caller: int
    """Index into `FederationTicket.callers`: who the person is at the provider that vouches for this role."""


class FederationTicket(msgspec.Struct, frozen=True, array_like=True, tag="federated"):
    """A person whom one or more providers vouched for, and what they may become."""

    ticket_id: str
    """Random; used once."""
    callers: tuple[FederatedCaller, ...]
    """One per provider: an IdP of several accounts is a provider in each."""
    choices: tuple[RoleChoice, ...]
    browser_hash: bytes
    """The browser that began it; empty when it began at the provider."""
    sealed_request: str
    """The sealed pending authorization of a waiting terminal, or empty."""
    expires_at: int

    @property
    def was_asked_for(self) -> bool:
        """Whether one of our own pages began it."""
        return self.browser_hash != b""

    def caller_for(self, role_arn: str) -> FederatedCaller | None:
        """Who would take this role; None when it is not on offer."""
        for choice in self.choices:
            if choice.role_arn == role_arn:
                return self.callers[choice.caller]
        return None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(FederationTicket).decode


def seal_federation_ticket(ring: KeyRing, ticket: FederationTicket) -> str:
    """The text for the `ticket` parameter. Raises FederationRefused when it would not fit an address."""
    sealed = ring.seal("federation", zlib.compress(_encode(ticket), 9))
    if len(sealed) > LONGEST_TICKET:
        raise FederationRefused(
            "too_many_roles",
            provider_arn=ticket.callers[0].provider_arn,
            detail=f"{len(ticket.choices)} roles, {len(sealed)} characters",
            request=ticket.sealed_request,
        )
    return sealed


def open_federation_ticket(ring: KeyRing, sealed: str, *, browser_hash: bytes, now: int) -> FederationTicket:
    """The ticket, if it is ours, still good and for this browser. Raises FederationRefused."""
    try:
        if len(sealed) > LONGEST_TICKET:
            raise SealBroken("too long")
        ticket = _decode(zlib.decompress(ring.open("federation", sealed)[0]))
    except (SealBroken, zlib.error, msgspec.MsgspecError, UnicodeDecodeError):
        raise FederationRefused("expired", detail="the ticket does not open") from None
    who, request = ticket.callers[0], ticket.sealed_request
    provider_arn, subject = who.provider_arn, who.identity.subject
    if ticket.was_asked_for and not hmac.compare_digest(ticket.browser_hash, browser_hash):
        raise FederationRefused("other_browser", provider_arn=provider_arn, subject=subject)
    if now >= ticket.expires_at:
        raise FederationRefused(
            "expired", provider_arn=provider_arn, request=request, detail="ticket", subject=subject
        )
    return ticket
