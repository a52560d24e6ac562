"""A managed policy by its ARN, found only after policy allowed the action on it.

The account's own policies stand in storage with their tags, the shipped ones are data. Another account's policy is
nobody's business: no policy of the caller's account can open it, not even for root.
"""

from collections.abc import Mapping

from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import AccessDenied, NoSuchEntity
from daypass.server.domain.account import ManagedPolicy
from daypass.server.domain.managed_policies import SHIPPED_ACCOUNT
from daypass.server.domain.resource_tags import resource_tag_values
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.storage import Storage

__all__ = ["find_policy", "no_such_policy"]


async def find_policy(
    storage: Storage,
    shipped: Mapping[str, ManagedPolicy],
    call: VerifiedCall,
    action: str,
    policy_arn: str,
    values: Mapping[str, ConditionValue] | None = None,
) -> ManagedPolicy:
    """Policies see its tags beside `values`. Raises AccessDenied, NoSuchEntity."""
    policy = shipped.get(policy_arn)
    if policy is None and policy_arn.split(":")[4] == call.account_id:
        policy = await storage.policies.load_policy(policy_arn)
    tags: dict[str, ConditionValue] = {} if policy is None else resource_tag_values(policy.tags)
    call.check_allowed(action, policy_arn, {**tags, **(values or {})})
    if policy is not None:
        return policy
    if policy_arn.split(":")[4] not in (call.account_id, SHIPPED_ACCOUNT):
        raise AccessDenied(
            f"User: {call.claims.principal_arn} is not authorized to perform: {action} on resource: "
            f"policy {policy_arn}"
        )
    raise no_such_policy(policy_arn)


def no_such_policy(policy_arn: str) -> NoSuchEntity:
    """In IAM's words."""
    return NoSuchEntity(f"Policy {policy_arn} was not found.")
