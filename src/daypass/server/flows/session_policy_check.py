"""The managed policies a session is to be narrowed by: the account's own, or shipped ones, and there.

(STS reference, "AssumeRole", PolicyArns: "the policies must exist in the same account as the role".)
"""

from collections.abc import Mapping
from dataclasses import dataclass

from daypass.protocol.aws.errors import ValidationError
from daypass.server.domain.account import ManagedPolicy
from daypass.server.ports.storage import PolicyStore

__all__ = ["StoredPolicies"]


@dataclass(frozen=True, slots=True)
class StoredPolicies:
    """`ports.session_policies.SessionPolicyCheck` over the policy store."""

    policies: PolicyStore
    shipped: Mapping[str, ManagedPolicy]

    async def check_exist(self, account_id: str, policy_arns: tuple[str, ...]) -> None:
        """See the port. Another account's policy and one that does not exist are one answer."""
        for policy_arn in policy_arns:
            if policy_arn in self.shipped:
                continue
            is_own = policy_arn.split(":")[4:5] == [account_id]
            if not is_own or await self.policies.load_policy(policy_arn) is None:
                raise ValidationError(f"The policy {policy_arn} does not exist or is not attachable")
