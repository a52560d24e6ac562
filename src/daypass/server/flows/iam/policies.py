"""Managed policies: create, get, list, delete (IAM reference, operations of the same names).

A document is read when it is stored: what cannot be evaluated is never kept. The policies shipped with
the server can be read and attached by every account and changed by none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from daypass.policy.document import parse_policy
from daypass.protocol.aws.errors import (
    AccessDenied,
    DeleteConflict,
    EntityAlreadyExists,
    LimitExceeded,
    NoSuchEntity,
    UnmodifiableEntity,
)
from daypass.server.domain.account import ManagedPolicy
from daypass.server.domain.identifiers import UNIQUE_ID_SEED_BYTES, build_unique_id
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.managed_policies import SHIPPED_ACCOUNT
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE, Listing, open_marker, page_of
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.clock import Randomness
from daypass.server.ports.storage import Page, Storage

__all__ = ["CountedPolicy", "Policies"]

MAX_POLICY_SIZE = 6144
"""Characters without white space (IAM quotas, "Managed policy length")."""

_OWN = "own|"
_SHIPPED = "shipped|"


@dataclass(frozen=True, slots=True)
class CountedPolicy:
    """A policy, and to how many principals of the account it is attached."""

    policy: ManagedPolicy
    attachments: int | None
    """None for a shipped policy: its attachments are other accounts' business too."""


@dataclass(frozen=True, slots=True)
class Policies:
    """The stories about managed policies, over the ports they need."""

    storage: Storage
    ring: KeyRing
    randomness: Randomness
    shipped: Mapping[str, ManagedPolicy]

    async def create_policy(
        self, call: VerifiedCall, *, policy_name: str, document: str, path: str = "/", description: str = ""
    ) -> CountedPolicy:
        """Raises EntityAlreadyExists, MalformedPolicyDocument, LimitExceeded."""
        policy = ManagedPolicy(
            account_id=call.account_id,
            policy_id=build_unique_id("ANPA", self.randomness.token_bytes(UNIQUE_ID_SEED_BYTES)),
            policy_name=policy_name,
            path=path,
            document=document,
            created_at=call.now,
            description=description,
        )
        call.check_allowed("iam:CreatePolicy", policy.arn)
        if len("".join(document.split())) > MAX_POLICY_SIZE:
            raise LimitExceeded(f"Cannot exceed quota for PolicySize: {MAX_POLICY_SIZE}")
        parse_policy(document, name=policy.arn)
        try:
            await self.storage.policies.create_policy(policy)
        except EntityAlreadyExists:
            raise EntityAlreadyExists(
                f"A policy called {policy_name} already exists. Duplicate names are not allowed."
            ) from None
        return CountedPolicy(policy, 0)

    async def get_policy(self, call: VerifiedCall, *, policy_arn: str) -> CountedPolicy:
        """Raises NoSuchEntity."""
        return await self._counted(await self._find(call, "iam:GetPolicy", policy_arn))

    async def get_policy_version(
        self, call: VerifiedCall, *, policy_arn: str, version_id: str
    ) -> ManagedPolicy:
        """The policy whose default version this is; there are no others. Raises NoSuchEntity."""
        policy = await self._find(call, "iam:GetPolicyVersion", policy_arn)
        if version_id != policy.default_version_id:
            raise NoSuchEntity(
                f"Policy {policy_arn} version {version_id} does not exist or is not attachable."
            )
        return policy

    async def list_policies(
        self,
        call: VerifiedCall,
        *,
        scope: Literal["All", "AWS", "Local"] = "All",
        path_prefix: str = "/",
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> Listing[CountedPolicy]:
        """The account's own policies in name order, then the shipped ones in name order."""
        call.check_allowed("iam:ListPolicies", "*")
        listing = f"ListPolicies|{call.account_id}|{scope}|{path_prefix}"
        after = open_marker(self.ring, marker, listing=listing)
        found: list[tuple[str, ManagedPolicy]] = []
        if scope != "AWS" and not after.startswith(_SHIPPED):
            page = Page(after.removeprefix(_OWN), max_items + 1)
            own = await self.storage.policies.list_policies(
                call.account_id, path_prefix=path_prefix, page=page
            )
            found += [(_OWN + policy.policy_name.lower(), policy) for policy in own]
        if scope != "Local":
            shipped = [(_SHIPPED + policy.policy_name.lower(), policy) for policy in self.shipped.values()]
            found += sorted(
                (
                    (key, policy)
                    for key, policy in shipped
                    if key > after and policy.path.startswith(path_prefix)
                ),
                key=lambda pair: pair[0],
            )
        page_found = page_of(self.ring, found, size=max_items, listing=listing)
        return Listing(tuple([await self._counted(policy) for policy in page_found.items]), page_found.marker)

    async def delete_policy(self, call: VerifiedCall, *, policy_arn: str) -> None:
        """Raises NoSuchEntity, DeleteConflict while attached anywhere, UnmodifiableEntity for a shipped one."""
        policy = await self._find(call, "iam:DeletePolicy", policy_arn)
        if policy.account_id == SHIPPED_ACCOUNT:
            raise UnmodifiableEntity("A policy shipped with the server cannot be deleted.")
        try:
            await self.storage.policies.delete_policy(policy_arn)
        except DeleteConflict:
            raise DeleteConflict("Cannot delete a policy attached to entities.") from None

    async def _find(self, call: VerifiedCall, action: str, policy_arn: str) -> ManagedPolicy:
        call.check_allowed(action, policy_arn)
        if policy_arn in self.shipped:
            return self.shipped[policy_arn]
        if policy_arn.split(":")[4:5] not in ([call.account_id], [SHIPPED_ACCOUNT]):
            # Another account's policy: no policy of ours can open it, not even for root.
            raise AccessDenied(
                f"User: {call.claims.principal_arn} is not authorized to perform: {action} on resource: "
                f"policy {policy_arn}"
            )
        policy = await self.storage.policies.load_policy(policy_arn)
        if policy is None:
            raise NoSuchEntity(f"Policy {policy_arn} was not found.")
        return policy

    async def _counted(self, policy: ManagedPolicy) -> CountedPolicy:
        if policy.account_id == SHIPPED_ACCOUNT:
            return CountedPolicy(policy, None)
        return CountedPolicy(policy, await self.storage.policies.count_attachments(policy.arn))
