"""Who has a managed policy, attached or as a boundary (IAM reference, "ListEntitiesForPolicy")."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from daypass.server.domain.account import Group, ManagedPolicy, Role, User
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE, Listing, open_marker, page_of
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.managed_policy_lookup import find_policy
from daypass.server.flows.iam.policies import Usage
from daypass.server.ports.storage import Page, Storage

__all__ = ["PolicyEntities"]

Entity = Group | User | Role


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
    ) -> Listing[Entity]:
        """Groups, then users, then roles, each in name order; one who has it in both ways is there once.

        Raises NoSuchEntity.
        """
        await find_policy(self.storage, self.shipped, call, "iam:ListEntitiesForPolicy", policy_arn)
        listing = (
            f"ListEntitiesForPolicy|{call.account_id}|{policy_arn}|{entity_filter}|{path_prefix}"
            f"|{policy_usage_filter}"
        )
        after = open_marker(self.ring, marker, listing=listing)
        found: dict[str, Entity] = {}
        if policy_usage_filter != "PermissionsBoundary":
            having = await self.storage.policy_versions.list_entities_for_policy(call.account_id, policy_arn)
            found |= {_position(each): each for entities in having for each in entities}
        if policy_usage_filter != "PermissionsPolicy":
            bounded = _Bounded(self.storage, call.account_id, policy_arn, path_prefix, max_items + 1)
            found |= {_position(each): each for each in await bounded.list_behind(after)}
        pairs = [
            (position, each)
            for position, each in sorted(found.items())
            if position > after
            and each.path.startswith(path_prefix)
            and entity_filter in (None, type(each).__name__)
        ]
        return page_of(self.ring, pairs, size=max_items, listing=listing)


@dataclass(frozen=True, slots=True)
class _Bounded:
    """Whom a policy bounds, as far as one page needs them: a whole team may have one boundary."""

    storage: Storage
    account_id: str
    policy_arn: str
    path_prefix: str
    wanted: int
    """Of users, and again of roles."""

    async def list_behind(self, after: str) -> Sequence[Entity]:
        """Users, then roles, behind a position."""
        versions = self.storage.policy_versions
        users = await self._collect(versions.list_bounded_users, _name_behind(_USERS, after))
        roles = await self._collect(versions.list_bounded_roles, _name_behind(_ROLES, after))
        return [*users, *roles]

    async def _collect(
        self, read: Callable[..., Awaitable[Sequence[User] | Sequence[Role]]], after: str | None
    ) -> Sequence[Entity]:
        found: list[Entity] = []
        while after is not None and len(found) < self.wanted:
            read_now = await read(self.account_id, self.policy_arn, page=Page(after, self.wanted))
            found += [each for each in read_now if each.path.startswith(self.path_prefix)]
            after = _position(read_now[-1])[len(_USERS) :] if len(read_now) == self.wanted else None
        return found


_GROUPS, _USERS, _ROLES = "1|", "2|", "3|"


def _name_behind(kind: str, after: str) -> str | None:
    """The name behind which a kind's part of the page begins; None when the page begins behind all of them."""
    if after.startswith(kind):
        return after[len(kind) :]
    return "" if after < kind else None


def _position(each: Entity) -> str:
    match each:
        case Group():
            return f"{_GROUPS}{each.group_name.lower()}"
        case User():
            return f"{_USERS}{each.user_name.lower()}"
        case Role():
            return f"{_ROLES}{each.role_name.lower()}"
