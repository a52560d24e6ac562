"""What the sender of a bad token, or the person behind a provider that misbehaves, is told. The reason is for the log.

One sentence per party to blame: a forger learns that a token was refused and not which check said no. A reason names
a claim or a status, never what stood in it.
"""

from daypass.protocol.aws.errors import IDPCommunicationError, InvalidIdentityToken

__all__ = ["INVALID", "refuse", "senseless"]

INVALID = "the identity token is not valid"


def refuse(reason: str) -> InvalidIdentityToken:
    """The token does not hold, or is not for us."""
    return InvalidIdentityToken(INVALID, detail=reason)


def senseless(reason: str) -> IDPCommunicationError:
    """The provider answered, and the answer is of no use."""
    return IDPCommunicationError("the identity provider did not answer sensibly", detail=reason)
