"""IAM users: create, get, list, delete (IAM reference, operations of the same names).

Order in every story: find what the ARN needs, ask policy, then answer or change. A caller who may not
do it learns nothing about whether the user exists.
"""

from dataclasses import dataclass

from daypass.protocol.aws.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity
from daypass.server.domain.account import Account, User
from daypass.server.domain.identifiers import UNIQUE_ID_SEED_BYTES, build_unique_id
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE, Listing, open_marker, page_of
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.clock import Randomness
from daypass.server.ports.storage import Page, Storage

__all__ = ["Users"]


@dataclass(frozen=True, slots=True)
class Users:
    """The stories about users, over the ports they need."""

    storage: Storage
    ring: KeyRing
    randomness: Randomness

    async def create_user(self, call: VerifiedCall, *, user_name: str, path: str = "/") -> User:
        """Raises EntityAlreadyExists."""
        user = User(
            account_id=call.account_id,
            user_id=build_unique_id("AIDA", self.randomness.token_bytes(UNIQUE_ID_SEED_BYTES)),
            user_name=user_name,
            path=path,
            created_at=call.now,
        )
        call.check_allowed("iam:CreateUser", user.arn)
        try:
            await self.storage.users.create_user(user)
        except EntityAlreadyExists:
            raise EntityAlreadyExists(f"User with name {user_name} already exists.") from None
        return user

    async def get_user(self, call: VerifiedCall, *, user_name: str | None = None) -> User | Account:
        """The named user; without a name the caller, which for root is the account. Raises NoSuchEntity."""
        if user_name is None and call.principal.kind == "root":
            account = await self.storage.accounts.load_account(call.account_id)
            if account is None:
                raise NoSuchEntity("The account cannot be found.")
            return account
        return await self._find(call, "iam:GetUser", user_name or call.own_user_name())

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
        listing = f"ListUsers|{call.account_id}|{path_prefix}"
        after = open_marker(self.ring, marker, listing=listing)
        users = await self.storage.users.list_users(
            call.account_id, path_prefix=path_prefix, page=Page(after, max_items + 1)
        )
        pairs = [(user.user_name.lower(), user) for user in users]
        return page_of(self.ring, pairs, size=max_items, listing=listing)

    async def delete_user(self, call: VerifiedCall, *, user_name: str) -> None:
        """Raises NoSuchEntity; DeleteConflict while a login profile or an attached policy remains."""
        user = await self._find(call, "iam:DeleteUser", user_name)
        try:
            await self.storage.users.delete_user(call.account_id, user.user_name)
        except DeleteConflict:
            profile = await self.storage.users.load_login_profile(call.account_id, user.user_id)
            first = "detach all policies" if profile is None else "delete login profile"
            raise DeleteConflict(f"Cannot delete entity, must {first} first.") from None

    async def _find(self, call: VerifiedCall, action: str, user_name: str) -> User:
        user = await self.storage.users.load_user(call.account_id, user_name)
        call.check_allowed(
            action, f"arn:aws:iam::{call.account_id}:user/{user_name}" if user is None else user.arn
        )
        if user is None:
            raise NoSuchEntity(f"The user with name {user_name} cannot be found.")
        return user
