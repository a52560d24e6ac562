"""Groups and who is in them (IAM reference: CreateGroup, GetGroup, ListGroups, UpdateGroup, DeleteGroup,
AddUserToGroup, RemoveUserFromGroup, ListGroupsForUser).

Adding a member is decided on the group, as the reference says: whoever may change a group decides whose it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from daypass.protocol.aws.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from daypass.server.domain.account import Group, User
from daypass.server.domain.identifiers import UNIQUE_ID_SEED_BYTES, build_unique_id
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE, Listing, open_marker, page_of, page_of_all
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.holders import find_group, find_user, no_such_holder
from daypass.server.ports.clock import Randomness
from daypass.server.ports.storage import Page, Storage

__all__ = ["GroupMembers", "Groups"]

MAX_GROUPS_OF_USER = 10
"""IAM quotas, "Groups an IAM user can be a member of"."""


@dataclass(frozen=True, slots=True)
class GroupMembers:
    """A group and one page of its users."""

    group: Group
    members: Listing[User]


@dataclass(frozen=True, slots=True)
class Groups:
    """The stories about groups, over the ports they need."""

    storage: Storage
    ring: KeyRing
    randomness: Randomness

    async def create_group(self, call: VerifiedCall, *, group_name: str, path: str = "/") -> Group:
        """Raises EntityAlreadyExists."""
        group = Group(
            account_id=call.account_id,
            group_id=build_unique_id("AGPA", self.randomness.token_bytes(UNIQUE_ID_SEED_BYTES)),
            group_name=group_name,
            path=path,
            created_at=call.now,
        )
        call.check_allowed("iam:CreateGroup", group.arn)
        try:
            await self.storage.groups.create_group(group)
        except EntityAlreadyExists:
            raise _taken(group_name) from None
        return group

    async def get_group(
        self,
        call: VerifiedCall,
        *,
        group_name: str,
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> GroupMembers:
        """With its members in name order. Raises NoSuchEntity."""
        group = await self._find(call, "iam:GetGroup", group_name)
        listing = f"GetGroup|{call.account_id}|{group.group_id}"
        after = open_marker(self.ring, marker, listing=listing)
        users = await self.storage.groups.list_members(
            call.account_id, group.group_id, page=Page(after, max_items + 1)
        )
        pairs = [(user.user_name.lower(), user) for user in users]
        return GroupMembers(group, page_of(self.ring, pairs, size=max_items, listing=listing))

    async def list_groups(
        self,
        call: VerifiedCall,
        *,
        path_prefix: str = "/",
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> Listing[Group]:
        """Groups whose path begins with the prefix, in name order."""
        call.check_allowed("iam:ListGroups", f"arn:aws:iam::{call.account_id}:group{path_prefix}")
        listing = f"ListGroups|{call.account_id}|{path_prefix}"
        after = open_marker(self.ring, marker, listing=listing)
        groups = await self.storage.groups.list_groups(
            call.account_id, path_prefix=path_prefix, page=Page(after, max_items + 1)
        )
        pairs = [(group.group_name.lower(), group) for group in groups]
        return page_of(self.ring, pairs, size=max_items, listing=listing)

    async def update_group(
        self,
        call: VerifiedCall,
        *,
        group_name: str,
        new_group_name: str | None = None,
        new_path: str | None = None,
    ) -> None:
        """Rename or move. The caller needs the permission on what it is and on what it becomes.

        Raises NoSuchEntity, EntityAlreadyExists.
        """
        group = await self._find(call, "iam:UpdateGroup", group_name)
        name, path = new_group_name or group.group_name, new_path or group.path
        call.check_allowed("iam:UpdateGroup", f"arn:aws:iam::{call.account_id}:group{path}{name}")
        try:
            await self.storage.groups.update_group(
                call.account_id, group.group_name, new_name=name, new_path=path
            )
        except EntityAlreadyExists:
            raise _taken(name) from None
        except NoSuchEntity:
            raise no_such_holder("Group", group_name) from None

    async def delete_group(self, call: VerifiedCall, *, group_name: str) -> None:
        """Raises NoSuchEntity; DeleteConflict while anybody or anything is in it."""
        group = await self._find(call, "iam:DeleteGroup", group_name)
        try:
            await self.storage.groups.delete_group(call.account_id, group.group_name)
        except DeleteConflict:
            raise DeleteConflict(f"Cannot delete entity, must {await self._obstacle(group)} first.") from None

    async def add_user_to_group(self, call: VerifiedCall, *, group_name: str, user_name: str) -> None:
        """Adding twice is the same as once. Raises NoSuchEntity, LimitExceeded."""
        group = await self._find(call, "iam:AddUserToGroup", group_name)
        user = await self._member(call, user_name)
        try:
            await self.storage.groups.add_member(
                call.account_id, group.group_id, user.user_id, limit=MAX_GROUPS_OF_USER
            )
        except LimitExceeded:
            raise LimitExceeded(f"Cannot exceed quota for GroupsPerUser: {MAX_GROUPS_OF_USER}") from None
        except NoSuchEntity:
            raise no_such_holder("User", user_name) from None

    async def remove_user_from_group(self, call: VerifiedCall, *, group_name: str, user_name: str) -> None:
        """Raises NoSuchEntity, also when the user is not in the group."""
        group = await self._find(call, "iam:RemoveUserFromGroup", group_name)
        user = await self._member(call, user_name)
        try:
            await self.storage.groups.remove_member(call.account_id, group.group_id, user.user_id)
        except NoSuchEntity:
            raise NoSuchEntity(f"User {user_name} is not in group {group_name}.") from None

    async def list_groups_for_user(
        self,
        call: VerifiedCall,
        *,
        user_name: str,
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> Listing[Group]:
        """In name order. Raises NoSuchEntity."""
        user = await find_user(self.storage, call, "iam:ListGroupsForUser", user_name)
        groups: Sequence[Group] = await self.storage.groups.list_groups_of(call.account_id, user.user_id)
        pairs = [(group.group_name.lower(), group) for group in groups]
        listing = f"ListGroupsForUser|{call.account_id}|{user.user_id}"
        return page_of_all(self.ring, pairs, marker=marker, size=max_items, listing=listing)

    async def _find(self, call: VerifiedCall, action: str, group_name: str) -> Group:
        return await find_group(self.storage, call, action, group_name)

    async def _member(self, call: VerifiedCall, user_name: str) -> User:
        user = await self.storage.users.load_user(call.account_id, user_name)
        if user is None:
            raise no_such_holder("User", user_name)
        return user

    async def _obstacle(self, group: Group) -> str:
        """What stands in the way, in the order the reference lists it."""
        account_id, group_id = group.account_id, group.group_id
        if await self.storage.groups.list_members(account_id, group_id, page=Page("", 1)):
            return "remove users from group"
        if await self.storage.inline_policies.list_inline_policies(account_id, group_id):
            return "delete policies"
        return "detach all policies"


def _taken(group_name: str) -> EntityAlreadyExists:
    return EntityAlreadyExists(f"Group with name {group_name} already exists.")
