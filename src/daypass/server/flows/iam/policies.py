"""Managed policies: create, get, list, delete (IAM reference, operations of the same names).

A document is read when it is stored: what cannot be evaluated is never kept. The policies shipped with
the server can be read and attached by every account and changed by none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from daypass.policy.document import parse_policy
from daypass.protocol.aws.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    NoSuchEntity,
    UnmodifiableEntity,
)
from daypass.server.domain.account import ManagedPolicy
from daypass.server.domain.identifiers import UNIQUE_ID_SEED_BYTES, build_unique_id
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.managed_policies import SHIPPED_ACCOUNT
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE, Listing, open_marker, page_of
from daypass.server.domain.policy_size import check_managed_size
from daypass.server.domain.resource_tags import request_tag_values
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.managed_policy_lookup import find_policy, no_such_policy
from daypass.server.ports.clock import Randomness
from daypass.server.ports.storage import Page, Storage

__all__ = ["CountedPolicy", "Policies", "Usage"]

Usage = Literal["PermissionsPolicy", "PermissionsBoundary"]
"""What a policy is used for, as IAM's filters spell it."""

_OWN = "own|"
_SHIPPED = "shipped|"


@dataclass(frozen=True, slots=True)
class CountedPolicy:
    """A policy, and by how many principals of the caller's account it is used."""

    policy: ManagedPolicy
    attachments: int
    boundaries: int


@dataclass(frozen=True, slots=True)
class Policies:
    """The stories about managed policies, over the ports they need."""

    storage: Storage
    ring: KeyRing
    randomness: Randomness
    shipped: Mapping[str, ManagedPolicy]

    async def create_policy(
        self,
        call: VerifiedCall,
        *,
        policy_name: str,
        policy_document: str,
        path: str = "/",
        description: str = "",
        tags: Tags = (),
    ) -> CountedPolicy:
        """Tags ask for iam:TagPolicy too. Raises EntityAlreadyExists, MalformedPolicyDocument, LimitExceeded."""
        policy = ManagedPolicy(
            account_id=call.account_id,
            policy_id=build_unique_id("ANPA", self.randomness.token_bytes(UNIQUE_ID_SEED_BYTES)),
            policy_name=policy_name,
            path=path,
            document=policy_document,
            created_at=call.now,
            description=description,
            tags=tags,
        )
        call.check_allowed("iam:CreatePolicy", policy.arn, request_tag_values(tags))
        if tags:
            call.check_allowed("iam:TagPolicy", policy.arn, request_tag_values(tags))
        check_managed_size(policy_document)
        parse_policy(policy_document, name=policy.arn)
        try:
            await self.storage.policies.create_policy(policy)
        except EntityAlreadyExists:
            raise EntityAlreadyExists(
                f"A policy called {policy_name} already exists. Duplicate names are not allowed."
            ) from None
        return CountedPolicy(policy, 0, 0)

    async def get_policy(self, call: VerifiedCall, *, policy_arn: str) -> CountedPolicy:
        """Raises NoSuchEntity."""
        policy = await find_policy(self.storage, self.shipped, call, "iam:GetPolicy", policy_arn)
        return await self._counted(call.account_id, policy)

    async def list_policies(
        self,
        call: VerifiedCall,
        *,
        scope: Literal["All", "AWS", "Local"] = "All",
        only_attached: bool = False,
        path_prefix: str = "/",
        policy_usage_filter: Usage | None = None,
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> Listing[CountedPolicy]:
        """The account's own policies in name order, then the shipped ones in name order."""
        call.check_allowed("iam:ListPolicies", "*")
        listing = (
            f"ListPolicies|{call.account_id}|{scope}|{path_prefix}|{only_attached}|{policy_usage_filter}"
        )
        after = open_marker(self.ring, marker, listing=listing)
        found: list[tuple[str, CountedPolicy]] = []
        while len(found) <= max_items:
            more = await self._next_policies(call.account_id, scope, path_prefix, after, max_items + 1)
            if not more:
                break
            after = more[-1][0]
            for position, policy in more:
                counted = await self._counted(call.account_id, policy)
                if _is_listed(counted, only_attached=only_attached, usage=policy_usage_filter):
                    found.append((position, counted))
        return page_of(self.ring, found, size=max_items, listing=listing)

    async def _next_policies(
        self, account_id: str, scope: str, path_prefix: str, after: str, size: int
    ) -> list[tuple[str, ManagedPolicy]]:
        """At most `size` policies behind a position, with theirs."""
        found: list[tuple[str, ManagedPolicy]] = []
        if scope != "AWS" and not after.startswith(_SHIPPED):
            page = Page(after.removeprefix(_OWN), size)
            own = await self.storage.policies.list_policies(account_id, path_prefix=path_prefix, page=page)
            found += [(_OWN + policy.policy_name.lower(), policy) for policy in own]
        if scope != "Local" and len(found) < size:
            shipped = [
                (_SHIPPED + policy.policy_name.lower(), policy)
                for policy in self.shipped.values()
                if policy.path.startswith(path_prefix)
            ]
            found += sorted((pair for pair in shipped if pair[0] > after), key=lambda pair: pair[0])
        return found[:size]

    async def delete_policy(self, call: VerifiedCall, *, policy_arn: str) -> None:
        """Raises NoSuchEntity, DeleteConflict while used or of several versions, UnmodifiableEntity for a shipped one."""
        policy = await find_policy(self.storage, self.shipped, call, "iam:DeletePolicy", policy_arn)
        if policy.account_id == SHIPPED_ACCOUNT:
            raise UnmodifiableEntity("A policy shipped with the server cannot be deleted.")
        try:
            await self.storage.policies.delete_policy(policy_arn)
        except NoSuchEntity:
            raise no_such_policy(policy_arn) from None
        except DeleteConflict:
            raise DeleteConflict(await self._obstacle(call.account_id, policy)) from None

    async def _obstacle(self, account_id: str, policy: ManagedPolicy) -> str:
        counted = await self._counted(account_id, policy)
        if counted.attachments or counted.boundaries:
            return "Cannot delete a policy attached to entities."
        return (
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy."
        )

    async def _counted(self, account_id: str, policy: ManagedPolicy) -> CountedPolicy:
        versions = self.storage.policy_versions
        boundaries = await versions.count_boundary_uses(account_id, policy.arn)
        if policy.account_id == SHIPPED_ACCOUNT:
            groups, users, roles = await versions.list_entities_for_policy(account_id, policy.arn)
            return CountedPolicy(policy, len(groups) + len(users) + len(roles), boundaries)
        return CountedPolicy(policy, await self.storage.policies.count_attachments(policy.arn), boundaries)


def _is_listed(counted: CountedPolicy, *, only_attached: bool, usage: Usage | None) -> bool:
    """`usage` says which use counts; without it, either. It alone filters too (IAM reference, "ListPolicies")."""
    if not only_attached and usage is None:
        return True
    if usage == "PermissionsBoundary":
        return counted.boundaries > 0
    if usage == "PermissionsPolicy":
        return counted.attachments > 0 or not only_attached
    return counted.attachments + counted.boundaries > 0
