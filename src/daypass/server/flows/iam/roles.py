"""IAM roles: create, get, list, update, delete (IAM reference, operations of the same names).

A role's trust policy is read when it is stored: what cannot be evaluated is never kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from daypass.policy.document import parse_policy
from daypass.protocol.aws.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from daypass.server.domain.account import ManagedPolicy, Role
from daypass.server.domain.identifiers import UNIQUE_ID_SEED_BYTES, build_unique_id
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE, Listing, open_marker, page_of
from daypass.server.domain.policy_size import policy_size
from daypass.server.domain.resource_tags import request_tag_values
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.boundaries import boundary_values, check_boundary
from daypass.server.flows.iam.holders import find_role, no_such_holder
from daypass.server.ports.clock import Randomness
from daypass.server.ports.storage import Page, Storage

__all__ = ["Roles"]

MAX_TRUST_POLICY_SIZE = 2048
"""Characters without white space (IAM quotas, "Role trust policy length")."""
DEFAULT_SESSION_DURATION = 3600
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Roles:
    """The stories about roles, over the ports they need."""

    storage: Storage
    ring: KeyRing
    randomness: Randomness
    shipped: Mapping[str, ManagedPolicy]

    async def create_role(
        self,
        call: VerifiedCall,
        *,
        role_name: str,
        assume_role_policy_document: str,
        path: str = "/",
        description: str = "",
        max_session_duration: int = DEFAULT_SESSION_DURATION,
        permissions_boundary: str = "",
        tags: Tags = (),
    ) -> Role:
        """Tags ask for iam:TagRole too.

        Raises EntityAlreadyExists, MalformedPolicyDocument, LimitExceeded, NoSuchEntity for the boundary.
        """
        role = Role(
            account_id=call.account_id,
            role_id=build_unique_id("AROA", self.randomness.token_bytes(UNIQUE_ID_SEED_BYTES)),
            role_name=role_name,
            path=path,
            trust_policy=assume_role_policy_document,
            created_at=call.now,
            description=description,
            max_session_duration=max_session_duration,
            tags=tags,
            permissions_boundary=permissions_boundary,
        )
        values = request_tag_values(tags)
        call.check_allowed("iam:CreateRole", role.arn, {**values, **boundary_values(permissions_boundary)})
        if tags:
            call.check_allowed("iam:TagRole", role.arn, values)
        _check_trust_policy(assume_role_policy_document, role)
        if permissions_boundary:
            await check_boundary(call, self.storage, self.shipped, permissions_boundary)
        try:
            await self.storage.roles.create_role(role)
        except EntityAlreadyExists:
            raise EntityAlreadyExists(f"Role with name {role_name} already exists.") from None
        return role

    async def get_role(self, call: VerifiedCall, *, role_name: str) -> Role:
        """Raises NoSuchEntity."""
        return await find_role(self.storage, call, "iam:GetRole", role_name)

    async def list_roles(
        self,
        call: VerifiedCall,
        *,
        path_prefix: str = "/",
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> Listing[Role]:
        """Roles whose path begins with the prefix, in name order."""
        call.check_allowed("iam:ListRoles", f"arn:aws:iam::{call.account_id}:role{path_prefix}")
        listing = f"ListRoles|{call.account_id}|{path_prefix}"
        after = open_marker(self.ring, marker, listing=listing)
        roles = await self.storage.roles.list_roles(
            call.account_id, path_prefix=path_prefix, page=Page(after, max_items + 1)
        )
        pairs = [(role.role_name.lower(), role) for role in roles]
        return page_of(self.ring, pairs, size=max_items, listing=listing)

    async def update_role(
        self,
        call: VerifiedCall,
        *,
        role_name: str,
        description: str | None = None,
        max_session_duration: int | None = None,
    ) -> None:
        """What is not given stays. Sessions that run are not shortened. Raises NoSuchEntity."""
        role = await find_role(self.storage, call, "iam:UpdateRole", role_name)
        await self._update(role, description=description, max_session_duration=max_session_duration)

    async def update_role_description(self, call: VerifiedCall, *, role_name: str, description: str) -> Role:
        """The role as it is afterwards. Raises NoSuchEntity."""
        role = await find_role(self.storage, call, "iam:UpdateRoleDescription", role_name)
        await self._update(role, description=description)
        return replace(role, description=description)

    async def update_trust_policy(self, call: VerifiedCall, *, role_name: str, policy_document: str) -> None:
        """UpdateAssumeRolePolicy. Raises NoSuchEntity, MalformedPolicyDocument, LimitExceeded."""
        role = await find_role(self.storage, call, "iam:UpdateAssumeRolePolicy", role_name)
        _check_trust_policy(policy_document, role)
        await self._update(role, trust_policy=policy_document)

    async def delete_role(self, call: VerifiedCall, *, role_name: str) -> None:
        """Raises NoSuchEntity; DeleteConflict while a policy is attached."""
        role = await find_role(self.storage, call, "iam:DeleteRole", role_name)
        try:
            await self.storage.roles.delete_role(call.account_id, role.role_name, role_id=role.role_id)
        except DeleteConflict:
            inline = await self.storage.inline_policies.list_inline_policies(call.account_id, role.role_id)
            first = "delete policies" if inline else "detach all policies"
            raise DeleteConflict(f"Cannot delete entity, must {first} first.") from None
        except NoSuchEntity:
            raise no_such_holder("Role", role_name) from None

    async def _update(
        self,
        role: Role,
        *,
        trust_policy: str | None = None,
        description: str | None = None,
        max_session_duration: int | None = None,
    ) -> None:
        try:
            await self.storage.roles.update_role(
                role.account_id,
                role,
                trust_policy=trust_policy,
                description=description,
                max_session_duration=max_session_duration,
            )
        except NoSuchEntity:
            raise no_such_holder("Role", role.role_name) from None


def _check_trust_policy(trust_policy: str, role: Role) -> None:
    if policy_size(trust_policy) > MAX_TRUST_POLICY_SIZE:
        raise LimitExceeded(f"Cannot exceed quota for ACLSizePerRole: {MAX_TRUST_POLICY_SIZE}")
    parse_policy(trust_policy, name=role.arn, kind="trust")
