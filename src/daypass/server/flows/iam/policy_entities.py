"""Who has a managed policy, attached or as a boundary (IAM reference, "ListEntitiesForPolicy")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from daypass.server.domain.account import Group, ManagedPolicy, Role, User
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE, Listing, page_of_all
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.managed_policy_lookup import find_policy
from daypass.server.flows.iam.policies import Usage
from daypass.server.ports.storage import Page, Storage

__all__ = ["PolicyEntities"]

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class PolicyEntities:
    """The story, over the ports it needs."""

    storage: Storage
    ring: KeyRing
    shipped: Mapping[str, ManagedPolicy]

    async def list_entities_for_policy(
        self,
        call: VerifiedCall,
        *,
        policy_arn: str,
        entity_filter: Literal["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]
        | None = None,
        path_prefix: str = "/",
        policy_usage_filter: Usage | None = None,
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> Listing[Group | User | Role]:
        """Groups, then users, then roles, each in name order; one who has it in both ways is there once.

        Raises NoSuchEntity.
        """
        await find_policy(self.storage, self.shipped, call, "iam:ListEntitiesForPolicy", policy_arn)
        found: dict[str, Group | User | Role] = {}
        if policy_usage_filter != "PermissionsBoundary":
            groups, users, roles = await self.storage.policy_versions.list_entities_for_policy(
                call.account_id, policy_arn
            )
            having: list[Group | User | Role] = [*groups, *users, *roles]
            found |= {_position(each): each for each in having}
        if policy_usage_filter != "PermissionsPolicy":
            found |= {_position(each): each for each in await self._bounded(call.account_id, policy_arn)}
        pairs = [
            (position, each)
            for position, each in sorted(found.items())
            if each.path.startswith(path_prefix) and entity_filter in (None, type(each).__name__)
        ]
        listing = (
            f"ListEntitiesForPolicy|{call.account_id}|{policy_arn}|{entity_filter}|{path_prefix}"
            f"|{policy_usage_filter}"
        )
        return page_of_all(self.ring, pairs, marker=marker, size=max_items, listing=listing)

    async def _bounded(self, account_id: str, policy_arn: str) -> Sequence[User | Role]:
        """Whom the policy bounds. How many they are is known, so the search ends with the last of them."""
        wanted = await self.storage.policy_versions.count_boundary_uses(account_id, policy_arn)
        found: list[User | Role] = []
        after = ""
        while len(found) < wanted:
            users = await self.storage.users.list_users(account_id, path_prefix="/", page=Page(after, _PAGE))
            if not users:
                break
            found += [user for user in users if user.permissions_boundary == policy_arn]
            after = users[-1].user_name.lower()
        after = ""
        while len(found) < wanted:
            roles = await self.storage.roles.list_roles(account_id, path_prefix="/", page=Page(after, _PAGE))
            if not roles:
                break
            found += [role for role in roles if role.permissions_boundary == policy_arn]
            after = roles[-1].role_name.lower()
        return found


def _position(each: Group | User | Role) -> str:
    match each:
        case Group():
            return f"1|{each.group_name.lower()}"
        case User():
            return f"2|{each.user_name.lower()}"
        case Role():
            return f"3|{each.role_name.lower()}"
