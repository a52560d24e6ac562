"""Why a sign-in through an identity provider ended without a session. Values only; the pages have the words.

Whatever a stranger wrote stays out of the pages: roles are shown because the provider's signature vouches for
their names, and only after their form was checked.
"""

from typing import Literal

from daypass.protocol.aws.errors import (
    AwsError,
    ExpiredIdentityToken,
    IDPCommunicationError,
    IDPRejectedClaim,
)

__all__ = ["FederationRefused", "RefusalReason", "refusal_of"]

RefusalReason = Literal[
    "unknown_provider",
    "not_asked",
    "not_acceptable",
    "expired",
    "rejected",
    "unreachable",
    "replayed",
    "other_browser",
    "no_role",
    "too_many_roles",
    "role_changed",
    "ticket_used",
    "full",
]


class FederationRefused(Exception):
    """The person is not signed in.

    `unknown_provider`: not one of ours, or not offered. `not_asked`: it answers no question of ours that still
    waits. `rejected`: the provider said no. `role_changed`: the role's trust ended between page and click.
    `ticket_used`: the page was used before. `full`: five identities in this browser already.
    """

    def __init__(
        self,
        reason: RefusalReason,
        *,
        provider_arn: str = "",
        role_arns: tuple[str, ...] = (),
        message: str = "",
        detail: str = "",
        request: str = "",
        subject: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason: RefusalReason = reason
        self.provider_arn = provider_arn
        """Empty when no provider of ours was recognised."""
        self.role_arns = role_arns
        """`no_role`, `role_changed`: the roles the provider named."""
        self.message = message
        """A sentence of ours for the person, or empty."""
        self.detail = detail
        """For log and audit only."""
        self.request = request
        """The sealed request of the terminal that waits, so that the person can begin again with it."""
        self.subject = subject
        """The provider's proven name for the person, or empty. For the audit log only."""


def refusal_of(error: AwsError, *, provider_arn: str, request: str = "") -> FederationRefused:
    """What a port's or a claim's refusal means here."""
    reason: RefusalReason = "not_acceptable"
    if isinstance(error, ExpiredIdentityToken):
        reason = "expired"
    elif isinstance(error, IDPRejectedClaim):
        reason = "rejected"
    elif isinstance(error, IDPCommunicationError):
        reason = "unreachable"
    return FederationRefused(
        reason,
        provider_arn=provider_arn,
        message=error.message,
        detail=error.detail or error.message,
        request=request,
    )
