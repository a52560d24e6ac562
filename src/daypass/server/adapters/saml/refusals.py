"""What the sender of a bad message is told, and what only the log learns.

One sentence per kind of refusal: a stranger who probes us with altered messages learns whether it was accepted,
late, or refused by its provider, and nothing about which check said no. The reason goes to `detail`.
"""

from daypass.protocol.aws.errors import ExpiredIdentityToken, IDPRejectedClaim, InvalidIdentityToken

__all__ = ["Unreadable", "expired", "refused", "rejected"]


class Unreadable(Exception):
    """A text is not the XML we read; the caller turns it into the refusal of its own wire."""


def refused(reason: str) -> InvalidIdentityToken:
    """The message does not hold, or is not for us."""
    return InvalidIdentityToken("the identity provider's message is not acceptable", detail=reason)


def expired(reason: str) -> ExpiredIdentityToken:
    """The message held once."""
    return ExpiredIdentityToken("the identity provider's message has expired; sign in again", detail=reason)


def rejected(reason: str) -> IDPRejectedClaim:
    """The provider itself said no."""
    return IDPRejectedClaim("the identity provider did not sign the person in", detail=reason)
