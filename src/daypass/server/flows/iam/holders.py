"""Who may hold policies: users, groups and roles, found by name and only after policy allowed the action on them.

The other stories of this folder share this one beginning: load what the ARN needs, ask policy, and only then say
whether the thing is there. A caller who may not do it learns nothing about that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import NoSuchEntity
from daypass.server.domain.account import Group, Role, User
from daypass.server.domain.resource_tags import resource_tag_values
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.storage import Storage

__all__ = [
    "Holder",
    "HolderKind",
    "Holders",
    "find_group",
    "find_role",
    "find_user",
    "holder_id",
    "no_such_holder",
]

HolderKind = Literal["User", "Group", "Role"]
"""Which kind, as the actions' names spell it."""
Holder: TypeAlias = User | Group | Role
ConditionValues: TypeAlias = Mapping[str, ConditionValue] | None


async def find_user(
    storage: Storage, call: VerifiedCall, action: str, name: str, values: ConditionValues = None
) -> User:
    """The user of that name, once policy allows the action on it. Policies see its tags and its boundary, and
    `values` in their place where both speak. Raises AccessDenied, NoSuchEntity.
    """
    user = await storage.users.load_user(call.account_id, name)
    if user is None:
        raise _absence(call, action, "User", name, values)
    call.check_allowed(action, user.arn, {**_values_of(user), **(values or {})})
    return user


async def find_group(
    storage: Storage, call: VerifiedCall, action: str, name: str, values: ConditionValues = None
) -> Group:
    """The group of that name, likewise; a group has neither tags nor a boundary."""
    group = await storage.groups.load_group(call.account_id, name)
    if group is None:
        raise _absence(call, action, "Group", name, values)
    call.check_allowed(action, group.arn, values)
    return group


async def find_role(
    storage: Storage, call: VerifiedCall, action: str, name: str, values: ConditionValues = None
) -> Role:
    """The role of that name, likewise."""
    role = await storage.roles.load_role(call.account_id, name)
    if role is None:
        raise _absence(call, action, "Role", name, values)
    call.check_allowed(action, role.arn, {**_values_of(role), **(values or {})})
    return role


@dataclass(frozen=True, slots=True)
class Holders:
    """The users, groups or roles of the caller's account."""

    kind: HolderKind
    storage: Storage

    async def find(
        self, call: VerifiedCall, action: str, name: str, values: ConditionValues = None
    ) -> Holder:
        """The named one, likewise."""
        match self.kind:
            case "User":
                return await find_user(self.storage, call, action, name, values)
            case "Group":
                return await find_group(self.storage, call, action, name, values)
            case "Role":
                return await find_role(self.storage, call, action, name, values)


def holder_id(holder: Holder) -> str:
    """What attachments and inline policies are kept under."""
    match holder:
        case User():
            return holder.user_id
        case Group():
            return holder.group_id
        case Role():
            return holder.role_id


def no_such_holder(kind: HolderKind, name: str) -> NoSuchEntity:
    """In IAM's words."""
    return NoSuchEntity(f"The {kind.lower()} with name {name} cannot be found.")


def _absence(
    call: VerifiedCall, action: str, kind: HolderKind, name: str, values: ConditionValues
) -> NoSuchEntity:
    """What to say of what is not there. Raises AccessDenied for who may not know."""
    call.check_allowed(action, f"arn:aws:iam::{call.account_id}:{kind.lower()}/{name}", values)
    return no_such_holder(kind, name)


def _values_of(holder: User | Role) -> dict[str, ConditionValue]:
    values = resource_tag_values(holder.tags)
    if holder.permissions_boundary:
        values["iam:PermissionsBoundary"] = holder.permissions_boundary
    return values
