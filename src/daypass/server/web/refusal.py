"""The words of the page that says no: what was asked, why not, who can change it, and with which command."""

import shlex

from daypass.policy.decision import Decision, Effect
from daypass.server.domain.client_permissions import GRANTING_POLICY_ARN, GRANTING_POLICY_NAME
from daypass.server.domain.principal import PrincipalSnapshot

__all__ = ["describe_refusal"]


def describe_refusal(decision: Decision, snapshot: PrincipalSnapshot) -> dict[str, object]:
    """Values for `refused.html`. The command comes in pieces that should not be broken."""
    denied_by = ""
    if decision.effect is Effect.EXPLICIT_DENY and decision.decided_by is not None:
        statement = decision.decided_by
        denied_by = f"statement {statement.sid or statement.index + 1} of {statement.policy}"
    noun = "role" if snapshot.kind == "role" else "user"
    return {
        "action": decision.action,
        "resource": decision.resource,
        "principal_arn": snapshot.arn,
        "account_id": snapshot.account_id,
        "denied_by": denied_by,
        "policy_name": GRANTING_POLICY_NAME,
        "command": (
            f"aws iam attach-{noun}-policy",
            f"--{noun}-name {shlex.quote(snapshot.name)}",
            f"--policy-arn {GRANTING_POLICY_ARN}",
        ),
    }
