"""Versions of a managed policy: create, get, list, choose the default, delete (IAM reference: CreatePolicyVersion,
GetPolicyVersion, ListPolicyVersions, SetDefaultPolicyVersion, DeletePolicyVersion).

Whoever may create a version as the default, or choose one, decides what everybody with the policy may do; that is
what these two actions mean. A shipped policy has one version and nobody changes it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from daypass.policy.document import parse_policy
from daypass.protocol.aws.errors import DeleteConflict, LimitExceeded, NoSuchEntity, UnmodifiableEntity
from daypass.server.domain.account import ManagedPolicy, PolicyVersion
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.managed_policies import SHIPPED_ACCOUNT
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE, Listing, page_of_all
from daypass.server.domain.policy_size import check_managed_size
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.managed_policy_lookup import find_policy, no_such_policy
from daypass.server.ports.storage import Storage

__all__ = ["MAX_POLICY_VERSIONS", "PolicyVersions"]

MAX_POLICY_VERSIONS = 5
"""IAM quotas, "Versions per managed policy"."""

_is_version_id = re.compile(r"v[1-9][0-9]{0,8}").fullmatch


@dataclass(frozen=True, slots=True)
class PolicyVersions:
    """The stories about versions, over the ports they need."""

    storage: Storage
    ring: KeyRing
    shipped: Mapping[str, ManagedPolicy]

    async def create_policy_version(
        self, call: VerifiedCall, *, policy_arn: str, policy_document: str, set_as_default: bool = False
    ) -> PolicyVersion:
        """Raises NoSuchEntity, MalformedPolicyDocument, LimitExceeded."""
        await self._find_own(call, "iam:CreatePolicyVersion", policy_arn)
        check_managed_size(policy_document)
        parse_policy(policy_document, name=policy_arn)
        try:
            return await self.storage.policy_versions.create_policy_version(
                policy_arn,
                policy_document,
                set_as_default=set_as_default,
                limit=MAX_POLICY_VERSIONS,
                now=call.now,
            )
        except LimitExceeded:
            raise LimitExceeded(
                f"A managed policy can have up to {MAX_POLICY_VERSIONS} versions. Before you create a new version, "
                "you must delete an existing version."
            ) from None
        except NoSuchEntity:
            raise no_such_policy(policy_arn) from None

    async def get_policy_version(
        self, call: VerifiedCall, *, policy_arn: str, version_id: str
    ) -> PolicyVersion:
        """Raises NoSuchEntity."""
        policy = await find_policy(self.storage, self.shipped, call, "iam:GetPolicyVersion", policy_arn)
        for version in await self._versions(policy):
            if version.version_id == version_id:
                return version
        raise _no_such_version(policy_arn, version_id)

    async def list_policy_versions(
        self,
        call: VerifiedCall,
        *,
        policy_arn: str,
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> Listing[PolicyVersion]:
        """Newest first. Raises NoSuchEntity."""
        policy = await find_policy(self.storage, self.shipped, call, "iam:ListPolicyVersions", policy_arn)
        versions = await self._versions(policy)
        pairs = [(f"{number:02}", version) for number, version in enumerate(versions)]
        listing = f"ListPolicyVersions|{call.account_id}|{policy_arn}"
        return page_of_all(self.ring, pairs, marker=marker, size=max_items, listing=listing)

    async def set_default_policy_version(
        self, call: VerifiedCall, *, policy_arn: str, version_id: str
    ) -> None:
        """Raises NoSuchEntity."""
        await self._find_own(call, "iam:SetDefaultPolicyVersion", policy_arn)
        _check_version_id(policy_arn, version_id)
        try:
            await self.storage.policy_versions.set_default_policy_version(
                policy_arn, version_id, now=call.now
            )
        except NoSuchEntity:
            raise _no_such_version(policy_arn, version_id) from None

    async def delete_policy_version(self, call: VerifiedCall, *, policy_arn: str, version_id: str) -> None:
        """Raises NoSuchEntity, DeleteConflict for the default version."""
        await self._find_own(call, "iam:DeletePolicyVersion", policy_arn)
        _check_version_id(policy_arn, version_id)
        try:
            await self.storage.policy_versions.delete_policy_version(policy_arn, version_id)
        except NoSuchEntity:
            raise _no_such_version(policy_arn, version_id) from None
        except DeleteConflict:
            raise DeleteConflict("Cannot delete the default version of a policy.") from None

    async def _find_own(self, call: VerifiedCall, action: str, policy_arn: str) -> None:
        policy = await find_policy(self.storage, self.shipped, call, action, policy_arn)
        if policy.account_id == SHIPPED_ACCOUNT:
            raise UnmodifiableEntity("A policy shipped with the server cannot be changed.")

    async def _versions(self, policy: ManagedPolicy) -> list[PolicyVersion]:
        if policy.account_id != SHIPPED_ACCOUNT:
            return list(await self.storage.policy_versions.list_policy_versions(policy.arn))
        version_id = policy.default_version_id
        return [PolicyVersion(policy.arn, version_id, policy.document, policy.created_at, is_default=True)]


def _check_version_id(policy_arn: str, version_id: str) -> None:
    """The model allows more than any version of ours is called."""
    if not _is_version_id(version_id):
        raise _no_such_version(policy_arn, version_id)


def _no_such_version(policy_arn: str, version_id: str) -> NoSuchEntity:
    return NoSuchEntity(f"Policy {policy_arn} version {version_id} does not exist or is not attachable.")
