"""Policies inside users, groups and roles: put, get, delete, list (IAM reference: PutUserPolicy and its relatives).

A document is read when it is stored: what cannot be evaluated is never kept. The quota is over all of a holder's
inline policies together, white space not counted (IAM quotas, "Aggregate policy size").
"""

from collections.abc import Mapping
from dataclasses import dataclass

from daypass.policy.document import parse_policy
from daypass.protocol.aws.errors import LimitExceeded, NoSuchEntity
from daypass.server.domain.account import InlinePolicy
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE, Listing, page_of_all
from daypass.server.domain.policy_size import policy_size
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.holders import Holder, HolderKind, Holders, holder_id, no_such_holder
from daypass.server.ports.storage import Storage

__all__ = ["HeldPolicy", "InlinePolicies"]

AGGREGATE_SIZES: Mapping[HolderKind, int] = {"User": 2048, "Group": 5120, "Role": 10_240}
"""Characters."""


@dataclass(frozen=True, slots=True)
class HeldPolicy:
    """A policy and the name of whom it is in."""

    kind: HolderKind
    name: str
    policy: InlinePolicy


@dataclass(frozen=True, slots=True)
class InlinePolicies:
    """The stories about the inline policies of one kind of holder, over the ports they need."""

    kind: HolderKind
    storage: Storage
    ring: KeyRing

    async def put_policy(
        self, call: VerifiedCall, *, name: str, policy_name: str, policy_document: str
    ) -> None:
        """Write or replace. Raises NoSuchEntity, MalformedPolicyDocument, LimitExceeded."""
        holder = await self._find(call, f"iam:Put{self.kind}Policy", name)
        room = AGGREGATE_SIZES[self.kind]
        if policy_size(policy_document) > room:
            raise self._excess(name)
        parse_policy(policy_document, name=f"{holder.arn}#{policy_name}", max_characters=room)
        policy = InlinePolicy(holder_id(holder), policy_name, policy_document)
        try:
            await self.storage.inline_policies.put_inline_policy(call.account_id, policy, room=room)
        except LimitExceeded:
            raise self._excess(name) from None
        except NoSuchEntity:
            raise no_such_holder(self.kind, name) from None

    async def get_policy(self, call: VerifiedCall, *, name: str, policy_name: str) -> HeldPolicy:
        """Raises NoSuchEntity."""
        holder = await self._find(call, f"iam:Get{self.kind}Policy", name)
        policy = await self.storage.inline_policies.load_inline_policy(
            call.account_id, holder_id(holder), policy_name
        )
        if policy is None:
            raise self._absence(policy_name)
        return HeldPolicy(self.kind, holder.arn.rpartition("/")[2], policy)

    async def delete_policy(self, call: VerifiedCall, *, name: str, policy_name: str) -> None:
        """Raises NoSuchEntity."""
        holder = await self._find(call, f"iam:Delete{self.kind}Policy", name)
        try:
            await self.storage.inline_policies.delete_inline_policy(
                call.account_id, holder_id(holder), policy_name
            )
        except NoSuchEntity:
            raise self._absence(policy_name) from None

    async def list_policies(
        self, call: VerifiedCall, *, name: str, marker: str | None = None, max_items: int = DEFAULT_PAGE_SIZE
    ) -> Listing[str]:
        """Names, in order. Raises NoSuchEntity."""
        holder = await self._find(call, f"iam:List{self.kind}Policies", name)
        policies = await self.storage.inline_policies.list_inline_policies(call.account_id, holder_id(holder))
        pairs = [(policy.policy_name.lower(), policy.policy_name) for policy in policies]
        listing = f"ListInlinePolicies|{call.account_id}|{holder_id(holder)}"
        return page_of_all(self.ring, pairs, marker=marker, size=max_items, listing=listing)

    async def _find(self, call: VerifiedCall, action: str, name: str) -> Holder:
        return await Holders(self.kind, self.storage).find(call, action, name)

    def _excess(self, name: str) -> LimitExceeded:
        room = AGGREGATE_SIZES[self.kind]
        return LimitExceeded(f"Maximum policy size of {room} bytes exceeded for {self.kind.lower()} {name}")

    def _absence(self, policy_name: str) -> NoSuchEntity:
        return NoSuchEntity(f"The {self.kind.lower()} policy with name {policy_name} cannot be found.")
