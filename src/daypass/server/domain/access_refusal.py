"""The words of a denial, and what is kept of it for `sts:DecodeAuthorizationMessage`.

The words are IAM's (IAM user guide, "Troubleshoot access denied error messages"): who, what, on what, and which type
of policy is the reason; only the caller's own ARN and what the caller named are in them. Which statement it was goes
to the log, and sealed into the message for those who may decode it (`authorization_message.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from daypass.policy.decision import Decision, Effect, PolicyType
from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import AccessDenied

__all__ = ["AccessRefused", "RefusedRequest", "access_refusal", "refusal_reason", "statement_words"]


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """Who was refused what, and the circumstances."""

    account_id: str
    """The caller's."""
    principal_arn: str
    principal_id: str
    """aws:userid."""
    decision: Decision
    condition_values: Mapping[str, ConditionValue]
    is_cross_account: bool = False
    """Whether the resource is another account's, about whose policies nothing is told."""


class AccessRefused(AccessDenied):
    """A denial by policy."""

    def __init__(self, message: str, *, detail: str, request: RefusedRequest) -> None:
        super().__init__(message, detail=detail)
        self.request = request


def access_refusal(request: RefusedRequest) -> AccessRefused:
    """The refusal of a request whose decision is not an allow."""
    decision = request.decision
    return AccessRefused(
        f"User: {request.principal_arn} is not authorized to perform: {decision.action} on resource: "
        f"{decision.resource} {refusal_reason(decision)}",
        detail=statement_words(decision),
        request=request,
    )


def refusal_reason(decision: Decision) -> str:
    """Why, as IAM words it."""
    if decision.effect is Effect.EXPLICIT_DENY:
        article = "an" if decision.policy_type is PolicyType.IDENTITY else "a"
        return f"with an explicit deny in {article} {decision.policy_type}"
    return f"because no {decision.policy_type} allows the {decision.action} action"


def statement_words(decision: Decision) -> str:
    """Which statement decided, for the log; empty when none did."""
    statement = decision.decided_by
    return "" if statement is None else f"{statement.policy}#{statement.index} {statement.sid}".strip()
