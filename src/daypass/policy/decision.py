"""What the policy engine answers: never a bool, always a reason.

A `Decision` says allow or deny, whether the deny was written down (explicit) or is only the absence of
an allow (implicit), which statement of which policy decided, and of which type that policy is, so that pages,
logs and `explain` can name it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

__all__ = ["Decision", "Effect", "PolicyType", "StatementRef"]


class Effect(StrEnum):
    """The outcome, in the words of the IAM policy simulator (EvalDecision)."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


class PolicyType(StrEnum):
    """What a policy is to a request, in the words of IAM's messages (IAM user guide, "Access denied error messages")."""

    SERVICE_CONTROL = "service control policy"
    RESOURCE = "resource-based policy"
    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"


@dataclass(frozen=True, slots=True)
class StatementRef:
    """Where a statement stands."""

    policy: str
    """The policy's ARN, or a name the caller gave it (`trust policy of role X`)."""
    index: int
    """Position in `Statement`, from 0."""
    sid: str
    """The statement's `Sid`, or empty."""


class Decision(NamedTuple):
    """The answer to one `RequestContext`.

    A tuple, because every decision makes one, and making a frozen dataclass is a sixth of deciding.
    """

    effect: Effect
    action: str
    resource: str
    decided_by: StatementRef | None
    """The allow or deny statement that decided; None for an implicit deny and for root."""
    policy_type: PolicyType = PolicyType.IDENTITY
    """Where that statement stands; for an implicit deny, the policies none of which allows."""

    @property
    def is_allowed(self) -> bool:
        """Whether the request may go on."""
        return self.effect is Effect.ALLOWED
