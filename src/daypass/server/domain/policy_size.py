"""How large a policy is to a quota: characters, white space not counted (IAM user guide, "IAM and STS character limits")."""

from daypass.protocol.aws.errors import LimitExceeded

__all__ = ["MAX_POLICY_SIZE", "check_managed_size", "policy_size"]

MAX_POLICY_SIZE = 6144
"""Of a managed policy."""


def policy_size(document: str) -> int:
    """Characters."""
    return len("".join(document.split()))


def check_managed_size(document: str) -> None:
    """Raises LimitExceeded."""
    if policy_size(document) > MAX_POLICY_SIZE:
        raise LimitExceeded(f"Cannot exceed quota for PolicySize: {MAX_POLICY_SIZE}")
