"""Permissions boundaries of users and roles: set, take away, and check when one is made (IAM reference:
PutUserPermissionsBoundary, DeleteUserPermissionsBoundary, PutRolePermissionsBoundary, DeleteRolePermissionsBoundary).

Policies see the boundary that is asked for as `iam:PermissionsBoundary`; where it is taken away, the one that is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import AccessDenied, NoSuchEntity
from daypass.server.domain.account import Group, ManagedPolicy, Role, User
from daypass.server.domain.managed_policies import SHIPPED_ACCOUNT
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.holders import Holders, no_such_holder
from daypass.server.ports.storage import Storage

__all__ = ["Boundaries", "boundary_values", "check_boundary"]


def boundary_values(permissions_boundary: str) -> dict[str, ConditionValue]:
    """`iam:PermissionsBoundary` of a request that sets one; nothing when it sets none."""
    return {"iam:PermissionsBoundary": permissions_boundary} if permissions_boundary else {}


async def check_boundary(
    call: VerifiedCall, storage: Storage, shipped: Mapping[str, ManagedPolicy], policy_arn: str
) -> None:
    """Whether the policy is there to bound somebody of the caller's account. Raises NoSuchEntity, AccessDenied."""
    owner = policy_arn.split(":")[4]
    if owner not in (call.account_id, SHIPPED_ACCOUNT):
        raise AccessDenied("Cannot use a policy of another account as a permissions boundary.")
    if policy_arn not in shipped and await storage.policies.load_policy(policy_arn) is None:
        raise NoSuchEntity(f"Scope ARN: {policy_arn} does not exist or is not attachable.")


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The stories about the boundaries of one kind of principal, over the ports they need."""

    kind: Literal["User", "Role"]
    storage: Storage
    shipped: Mapping[str, ManagedPolicy]

    async def put_boundary(self, call: VerifiedCall, *, name: str, permissions_boundary: str) -> None:
        """Set or replace. Raises NoSuchEntity."""
        action = f"iam:Put{self.kind}PermissionsBoundary"
        values = boundary_values(permissions_boundary)
        holder = await Holders(self.kind, self.storage).find(call, action, name, values)
        await check_boundary(call, self.storage, self.shipped, permissions_boundary)
        await self._save(holder, permissions_boundary)

    async def delete_boundary(self, call: VerifiedCall, *, name: str) -> None:
        """Raises NoSuchEntity, also when there is none."""
        action = f"iam:Delete{self.kind}PermissionsBoundary"
        holder = await Holders(self.kind, self.storage).find(call, action, name)
        if isinstance(holder, Group) or not holder.permissions_boundary:
            raise NoSuchEntity(f"The {self.kind.lower()} {name} has no permissions boundary.")
        await self._save(holder, "")

    async def _save(self, holder: User | Group | Role, permissions_boundary: str) -> None:
        try:
            match holder:
                case User():
                    await self.storage.users.update_user(
                        holder.account_id,
                        holder.user_name,
                        permissions_boundary=permissions_boundary,
                        user_id=holder.user_id,
                    )
                case Role():
                    await self.storage.roles.update_role(
                        holder.account_id,
                        holder,
                        permissions_boundary=permissions_boundary,
                    )
        except NoSuchEntity:
            if permissions_boundary:
                raise NoSuchEntity(
                    f"Scope ARN: {permissions_boundary} does not exist or is not attachable."
                ) from None
            raise no_such_holder(self.kind, holder.arn.rpartition("/")[2]) from None
