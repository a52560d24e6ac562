"""IAM users: create, get, list, rename or move, delete (IAM reference, operations of the same names).

Order in every story: find what the ARN needs, ask policy, then answer or change. A caller who may not
do it learns nothing about whether the user exists.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from daypass.protocol.aws.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity
from daypass.server.domain.account import Account, ManagedPolicy, User
from daypass.server.domain.identifiers import UNIQUE_ID_SEED_BYTES, build_unique_id
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE, Listing, open_marker, page_of, seal_marker
from daypass.server.domain.resource_tags import request_tag_values, resource_tag_values
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.boundaries import boundary_values, check_boundary
from daypass.server.flows.iam.holders import find_user, no_such_holder
from daypass.server.ports.clock import Randomness
from daypass.server.ports.storage import Page, Storage

__all__ = ["Users", "marker_before"]


@dataclass(frozen=True, slots=True)
class Users:
    """The stories about users, over the ports they need."""

    storage: Storage
    ring: KeyRing
    randomness: Randomness
    shipped: Mapping[str, ManagedPolicy]

    async def create_user(
        self,
        call: VerifiedCall,
        *,
        user_name: str,
        path: str = "/",
        permissions_boundary: str = "",
        tags: Tags = (),
    ) -> User:
        """Tags ask for iam:TagUser too. Raises EntityAlreadyExists, NoSuchEntity for the boundary."""
        user = User(
            account_id=call.account_id,
            user_id=build_unique_id("AIDA", self.randomness.token_bytes(UNIQUE_ID_SEED_BYTES)),
            user_name=user_name,
            path=path,
            created_at=call.now,
            tags=tags,
            permissions_boundary=permissions_boundary,
        )
        values = request_tag_values(tags)
        call.check_allowed("iam:CreateUser", user.arn, {**values, **boundary_values(permissions_boundary)})
        if tags:
            call.check_allowed("iam:TagUser", user.arn, values)
        if permissions_boundary:
            await check_boundary(call, self.storage, self.shipped, permissions_boundary)
        try:
            await self.storage.users.create_user(user)
        except EntityAlreadyExists:
            raise EntityAlreadyExists(f"User with name {user_name} already exists.") from None
        return user

    async def get_user(self, call: VerifiedCall, *, user_name: str | None = None) -> User | Account:
        """The named user; without a name the caller, which for root is the account. Raises NoSuchEntity."""
        if user_name is None and call.principal.kind == "root":
            call.check_allowed("iam:GetUser", call.principal.arn)
            account = await self.storage.accounts.load_account(call.account_id)
            if account is None:
                raise NoSuchEntity("The account cannot be found.")
            return account
        return await find_user(self.storage, call, "iam:GetUser", user_name or call.own_user_name())

    async def list_users(
        self,
        call: VerifiedCall,
        *,
        path_prefix: str = "/",
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> Listing[User]:
        """Users whose path begins with the prefix, in name order."""
        call.check_allowed("iam:ListUsers", f"arn:aws:iam::{call.account_id}:user{path_prefix}")
        listing = _listing(call.account_id, path_prefix)
        after = open_marker(self.ring, marker, listing=listing)
        users = await self.storage.users.list_users(
            call.account_id, path_prefix=path_prefix, page=Page(after, max_items + 1)
        )
        pairs = [(user.user_name.lower(), user) for user in users]
        return page_of(self.ring, pairs, size=max_items, listing=listing)

    async def update_user(
        self,
        call: VerifiedCall,
        *,
        user_name: str,
        new_user_name: str | None = None,
        new_path: str | None = None,
    ) -> None:
        """Rename or move. The caller needs the permission on what it is and on what it becomes.

        Raises NoSuchEntity, EntityAlreadyExists.
        """
        user = await find_user(self.storage, call, "iam:UpdateUser", user_name)
        name, path = new_user_name or user.user_name, new_path or user.path
        becoming = f"arn:aws:iam::{call.account_id}:user{path}{name}"
        call.check_allowed("iam:UpdateUser", becoming, resource_tag_values(user.tags))
        try:
            await self.storage.users.update_user(
                call.account_id,
                user.user_name,
                new_name=new_user_name,
                new_path=new_path,
                user_id=user.user_id,
            )
        except EntityAlreadyExists:
            raise EntityAlreadyExists(f"User with name {name} already exists.") from None
        except NoSuchEntity:
            raise no_such_holder("User", user_name) from None

    async def delete_user(self, call: VerifiedCall, *, user_name: str) -> None:
        """Raises NoSuchEntity; DeleteConflict while anything hangs on the user, in the order the reference lists."""
        user = await find_user(self.storage, call, "iam:DeleteUser", user_name)
        try:
            await self.storage.users.delete_user(call.account_id, user.user_name, user_id=user.user_id)
        except DeleteConflict:
            raise DeleteConflict(f"Cannot delete entity, must {await self._obstacle(user)} first.") from None
        except NoSuchEntity:
            raise no_such_holder("User", user_name) from None

    async def _obstacle(self, user: User) -> str:
        account_id, user_id = user.account_id, user.user_id
        storage = self.storage
        if await storage.users.load_login_profile(account_id, user_id) is not None:
            return "delete login profile"
        if await storage.access_keys.list_access_keys(account_id, user_id):
            return "delete access keys"
        if await storage.mfa_devices.list_mfa_devices(account_id, user_id):
            return "deactivate MFA device"
        if await storage.inline_policies.list_inline_policies(account_id, user_id):
            return "delete policies"
        if await storage.policies.list_attached_policies(account_id, user_id):
            return "detach all policies"
        return "remove user from all groups"


def marker_before(ring: KeyRing, account_id: str, beginning: str) -> str:
    """The `Marker` of ListUsers that goes on with the first name that begins like this.

    No name has a character behind `~`, so everything from the character before the last one sorts in front.
    """
    folded = beginning.lower()
    place = f"{folded[:-1]}{chr(ord(folded[-1]) - 1)}~" if folded else ""
    return seal_marker(ring, place, listing=_listing(account_id, "/"))


def _listing(account_id: str, path_prefix: str) -> str:
    return f"ListUsers|{account_id}|{path_prefix}"
