"""Which managed policies a user, group or role has: attach, detach, list.

One story for users, groups and roles; only the ARN and the action's name differ. (IAM reference: AttachUserPolicy,
AttachGroupPolicy, AttachRolePolicy and their Detach… and ListAttached… relatives)
"""

from collections.abc import Mapping
from dataclasses import dataclass

from daypass.protocol.aws.errors import AccessDenied, LimitExceeded, NoSuchEntity
from daypass.server.domain.account import ManagedPolicy
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.managed_policies import SHIPPED_ACCOUNT
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE, Listing, open_marker, page_of
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.holders import HolderKind, Holders, holder_id
from daypass.server.ports.storage import Storage

__all__ = ["MAX_ATTACHED_POLICIES", "Attachments"]

MAX_ATTACHED_POLICIES = 10
"""Managed policies per user, group and role (IAM quotas, "Managed policies per …")."""


@dataclass(frozen=True, slots=True)
class Attachments:
    """The stories about attached policies of one kind of principal, over the ports they need."""

    holder: HolderKind
    storage: Storage
    ring: KeyRing
    shipped: Mapping[str, ManagedPolicy]

    async def attach_policy(self, call: VerifiedCall, *, name: str, policy_arn: str) -> None:
        """Attaching twice is the same as once. Raises NoSuchEntity, LimitExceeded."""
        principal_id = await self._find(
            call, f"iam:Attach{self.holder}Policy", name=name, policy_arn=policy_arn
        )
        await self._check_policy_exists(call, policy_arn)
        try:
            await self.storage.policies.attach_policy(
                call.account_id, principal_id, policy_arn, limit=MAX_ATTACHED_POLICIES
            )
        except LimitExceeded:
            raise LimitExceeded(
                f"Cannot exceed quota for PoliciesPer{self.holder}: {MAX_ATTACHED_POLICIES}"
            ) from None
        except NoSuchEntity:
            raise self._no_such_policy(policy_arn) from None

    async def detach_policy(self, call: VerifiedCall, *, name: str, policy_arn: str) -> None:
        """Raises NoSuchEntity."""
        principal_id = await self._find(
            call, f"iam:Detach{self.holder}Policy", name=name, policy_arn=policy_arn
        )
        try:
            await self.storage.policies.detach_policy(call.account_id, principal_id, policy_arn)
        except NoSuchEntity:
            raise NoSuchEntity(f"Policy {policy_arn} was not found.") from None

    async def list_attached_policies(
        self,
        call: VerifiedCall,
        *,
        name: str,
        path_prefix: str = "/",
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> Listing[str]:
        """Policy ARNs whose path begins with the prefix, in order of policy name. Raises NoSuchEntity."""
        principal_id = await self._find(call, f"iam:ListAttached{self.holder}Policies", name=name)
        listing = f"ListAttachedPolicies|{call.account_id}|{principal_id}|{path_prefix}"
        after = open_marker(self.ring, marker, listing=listing)
        arns = await self.storage.policies.list_attached_policies(call.account_id, principal_id)
        pairs = sorted((_position(arn), arn) for arn in arns if _path(arn).startswith(path_prefix))
        following = [pair for pair in pairs if pair[0] > after]
        return page_of(self.ring, following, size=max_items, listing=listing)

    async def _find(
        self, call: VerifiedCall, action: str, *, name: str, policy_arn: str | None = None
    ) -> str:
        """The holder's id, once policy allows the action on it."""
        values = None if policy_arn is None else {"iam:PolicyARN": policy_arn}
        return holder_id(await Holders(self.holder, self.storage).find(call, action, name, values))

    async def _check_policy_exists(self, call: VerifiedCall, policy_arn: str) -> None:
        owner = policy_arn.split(":")[4:5]
        if owner == [SHIPPED_ACCOUNT]:
            if policy_arn not in self.shipped:
                raise self._no_such_policy(policy_arn)
        elif owner != [call.account_id]:
            raise AccessDenied("Cannot attach a policy of another account.")
        elif await self.storage.policies.load_policy(policy_arn) is None:
            raise self._no_such_policy(policy_arn)

    def _no_such_policy(self, policy_arn: str) -> NoSuchEntity:
        return NoSuchEntity(f"Policy {policy_arn} does not exist or is not attachable.")


def _path(policy_arn: str) -> str:
    """`/` or `/…/` of `arn:aws:iam::account:policy/…/name`."""
    return policy_arn.split(":", 5)[5].removeprefix("policy").rpartition("/")[0] + "/"


def _position(policy_arn: str) -> str:
    """The order of a listing, short enough for a marker: name, then whose."""
    name = policy_arn.rpartition("/")[2].lower()
    return f"{name}|{policy_arn.split(':')[4]}"
