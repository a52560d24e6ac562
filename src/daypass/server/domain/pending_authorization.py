"""The time between `/v1/authorize` and the redirect: two sealed values, no row.

`PendingAuthorization` is a proven authorization request, carried as `request` in the pages' URLs and forms.
`RedirectTicket` is the finished answer on its way out: it lets an own GET make the redirect to the terminal,
because a browser may apply a page's `form-action` to whatever a form POST is redirected to. Both are sealed
for the same purpose under different tags, so neither opens as the other; the ticket also names its browser.
"""

import hmac

import msgspec

from daypass.protocol.oauth.authorization_request import AuthorizationRequest
from daypass.protocol.oauth.registered_client import CROSS_DEVICE
from daypass.server.domain.key_ring import KeyRing, SealBroken

__all__ = [
    "PendingAuthorization",
    "PendingExpired",
    "RedirectTicket",
    "begin_authorization",
    "open_pending",
    "open_ticket",
    "seal_pending",
    "seal_ticket",
]


class PendingExpired(Exception):
    """The sealed value is not ours, or its time is over. People are told the same in both cases."""


class PendingAuthorization(msgspec.Struct, frozen=True, array_like=True, tag="pending"):
    """A proven request (client and redirect URI are good), waiting for a person's choice."""

    client_id: str
    redirect_uri: str
    state: str
    code_challenge: str
    code_challenge_method: str
    scope: str
    expires_at: int

    @property
    def is_cross_device(self) -> bool:
        """Whether the terminal may be on another machine than this browser."""
        return self.client_id == CROSS_DEVICE


class RedirectTicket(msgspec.Struct, frozen=True, array_like=True, tag="ticket"):
    """Where to send the browser next."""

    location: str
    browser_hash: bytes
    """SHA-256 of the secret of the browser that chose."""
    expires_at: int


_encode = msgspec.msgpack.Encoder().encode
_decode_pending = msgspec.msgpack.Decoder(PendingAuthorization).decode
_decode_ticket = msgspec.msgpack.Decoder(RedirectTicket).decode


def begin_authorization(request: AuthorizationRequest, *, now: int, lifetime: int) -> PendingAuthorization:
    """The proven request with its end; `lifetime` in seconds."""
    return PendingAuthorization(
        request.client_id,
        request.redirect_uri,
        request.state,
        request.code_challenge,
        request.code_challenge_method,
        request.scope,
        now + lifetime,
    )


def seal_pending(ring: KeyRing, pending: PendingAuthorization) -> str:
    """The text for the `request` parameter."""
    return ring.seal("pending-authorization", _encode(pending))


def open_pending(ring: KeyRing, sealed: str, *, now: int) -> PendingAuthorization:
    """Raises PendingExpired."""
    try:
        pending = _decode_pending(ring.open("pending-authorization", sealed)[0])
    except (SealBroken, msgspec.MsgspecError, UnicodeDecodeError):
        raise PendingExpired from None
    if now >= pending.expires_at:
        raise PendingExpired
    return pending


def seal_ticket(ring: KeyRing, ticket: RedirectTicket) -> str:
    """The text for the `ticket` parameter."""
    return ring.seal("pending-authorization", _encode(ticket))


def open_ticket(ring: KeyRing, sealed: str, *, browser_hash: bytes, now: int) -> str:
    """The location, if this browser chose it a moment ago. Raises PendingExpired."""
    try:
        ticket = _decode_ticket(ring.open("pending-authorization", sealed)[0])
    except (SealBroken, msgspec.MsgspecError, UnicodeDecodeError):
        raise PendingExpired from None
    if now >= ticket.expires_at or not hmac.compare_digest(ticket.browser_hash, browser_hash):
        raise PendingExpired
    return ticket.location
