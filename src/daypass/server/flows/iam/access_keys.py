"""Long-term access keys: create, list, switch off and on, delete, last use (IAM reference: CreateAccessKey and its
relatives).

They exist for programs that can do nothing better, and so that old ones can be found and retired. The secret is
answered once and kept sealed. The root user has none: what nobody can narrow must not lie in a file.
"""

from dataclasses import dataclass

from daypass.protocol.aws.errors import InvalidInput, LimitExceeded, NoSuchEntity
from daypass.secret import Secret
from daypass.server.domain.access_key import (
    KEY_ID_SEED_BYTES,
    MAX_ACCESS_KEYS,
    SECRET_SEED_BYTES,
    AccessKey,
    AccessKeyStatus,
    long_term_key_id,
    long_term_secret,
)
from daypass.server.domain.account import User
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE, Listing, page_of_all
from daypass.server.domain.resource_tags import resource_tag_values
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.holders import find_user, no_such_holder
from daypass.server.ports.clock import Randomness
from daypass.server.ports.storage import Storage

__all__ = ["AccessKeys", "NamedAccessKey", "NewAccessKey"]


@dataclass(frozen=True, slots=True)
class NamedAccessKey:
    """A key and its owner's name."""

    user_name: str
    key: AccessKey


@dataclass(frozen=True, slots=True)
class NewAccessKey:
    """A key as only its creator ever sees it."""

    user_name: str
    key: AccessKey
    secret: Secret


@dataclass(frozen=True, slots=True)
class AccessKeys:
    """The stories about long-term keys, over the ports they need."""

    storage: Storage
    ring: KeyRing
    randomness: Randomness

    async def create_access_key(self, call: VerifiedCall, *, user_name: str | None = None) -> NewAccessKey:
        """Raises NoSuchEntity, LimitExceeded, InvalidInput for root's own."""
        user = await self._find(call, "iam:CreateAccessKey", user_name)
        secret = long_term_secret(self.randomness.token_bytes(SECRET_SEED_BYTES))
        key = AccessKey(
            access_key_id=long_term_key_id(call.account_id, self.randomness.token_bytes(KEY_ID_SEED_BYTES)),
            account_id=call.account_id,
            user_id=user.user_id,
            sealed_secret=self.ring.seal("access-key", secret.reveal().encode("ascii")),
            status="Active",
            created_at=call.now,
        )
        try:
            await self.storage.access_keys.create_access_key(key, limit=MAX_ACCESS_KEYS)
        except LimitExceeded:
            raise LimitExceeded(f"Cannot exceed quota for AccessKeysPerUser: {MAX_ACCESS_KEYS}") from None
        except NoSuchEntity:
            raise no_such_holder("User", user.user_name) from None
        return NewAccessKey(user.user_name, key, secret)

    async def list_access_keys(
        self,
        call: VerifiedCall,
        *,
        user_name: str | None = None,
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> Listing[NamedAccessKey]:
        """Oldest first; root has none. Raises NoSuchEntity."""
        if user_name is None and call.principal.kind == "root":
            call.check_allowed("iam:ListAccessKeys", call.principal.arn)
            return Listing((), None)
        user = await self._find(call, "iam:ListAccessKeys", user_name)
        keys = await self.storage.access_keys.list_access_keys(call.account_id, user.user_id)
        pairs = [
            (f"{number:02}", NamedAccessKey(user.user_name, key)) for number, key in enumerate(keys, start=1)
        ]
        listing = f"ListAccessKeys|{call.account_id}|{user.user_id}"
        return page_of_all(self.ring, pairs, marker=marker, size=max_items, listing=listing)

    async def update_access_key(
        self, call: VerifiedCall, *, access_key_id: str, status: str, user_name: str | None = None
    ) -> None:
        """Switch a key on or off. Raises NoSuchEntity, InvalidInput."""
        user = await self._find(call, "iam:UpdateAccessKey", user_name)
        if status not in ("Active", "Inactive"):
            raise InvalidInput("The status of an access key is set to Active or Inactive.")
        wanted: AccessKeyStatus = "Active" if status == "Active" else "Inactive"
        try:
            await self.storage.access_keys.set_access_key_status(
                call.account_id, user.user_id, access_key_id, wanted
            )
        except NoSuchEntity:
            raise _no_such_key(access_key_id) from None

    async def delete_access_key(
        self, call: VerifiedCall, *, access_key_id: str, user_name: str | None = None
    ) -> None:
        """Raises NoSuchEntity."""
        user = await self._find(call, "iam:DeleteAccessKey", user_name)
        try:
            await self.storage.access_keys.delete_access_key(call.account_id, user.user_id, access_key_id)
        except NoSuchEntity:
            raise _no_such_key(access_key_id) from None

    async def get_access_key_last_used(self, call: VerifiedCall, *, access_key_id: str) -> NamedAccessKey:
        """A key of the caller's account. Raises NoSuchEntity."""
        key = await self.storage.access_keys.load_access_key(access_key_id)
        user = None
        if key is not None and key.account_id == call.account_id:
            user = await self.storage.users.load_user_by_id(call.account_id, key.user_id)
        arn = f"arn:aws:iam::{call.account_id}:user/*" if user is None else user.arn
        tags = {} if user is None else resource_tag_values(user.tags)
        call.check_allowed("iam:GetAccessKeyLastUsed", arn, tags)
        if key is None or user is None:
            raise _no_such_key(access_key_id)
        return NamedAccessKey(user.user_name, key)

    async def _find(self, call: VerifiedCall, action: str, user_name: str | None) -> User:
        """The named user, or the caller."""
        if user_name is None and call.principal.kind == "root":
            raise InvalidInput(
                "The root user has no access keys on this server. Give a user name, or use temporary credentials."
            )
        return await find_user(self.storage, call, action, user_name or call.own_user_name())


def _no_such_key(access_key_id: str) -> NoSuchEntity:
    return NoSuchEntity(f"The Access Key with id {access_key_id} cannot be found.")
