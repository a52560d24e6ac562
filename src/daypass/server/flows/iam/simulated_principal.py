"""Everything that decides about a user, group or role, as texts with their names."""

from collections.abc import Mapping
from dataclasses import dataclass

from daypass.server.domain.account import Group, ManagedPolicy, Role, User
from daypass.server.domain.policy_simulation import Source, SourceType
from daypass.server.flows.iam.holders import holder_id
from daypass.server.ports.storage import Storage

__all__ = ["PrincipalPolicies", "principal_policies"]


@dataclass(frozen=True, slots=True)
class PrincipalPolicies:
    """By what they are to a request."""

    identity: tuple[Source, ...]
    boundary: tuple[Source, ...]
    """One or none."""
    service_control: tuple[Source, ...]


async def principal_policies(
    storage: Storage, shipped: Mapping[str, ManagedPolicy], holder: User | Group | Role
) -> PrincipalPolicies:
    """Its own and its groups' policies, its boundary, the account's service control policies."""
    sources = _Sources(storage, shipped, holder.account_id)
    kind: SourceType = "user" if isinstance(holder, User) else "role" if isinstance(holder, Role) else "group"
    identity = await sources.held_by(holder_id(holder), kind, holder.arn.rpartition("/")[2])
    boundary: list[Source] = []
    ceiling: list[Source] = []
    if isinstance(holder, User):
        for group in await storage.groups.list_groups_of(holder.account_id, holder.user_id):
            identity += await sources.held_by(group.group_id, "group", group.group_name)
    if not isinstance(holder, Group):
        if holder.permissions_boundary:
            boundary = [await sources.managed(holder.permissions_boundary, "boundary ")]
        scps = await storage.account_settings.list_service_control_policies(holder.account_id)
        ceiling = [Source(f"service control policy {scp.policy_name}", "none", scp.document) for scp in scps]
    unique = {source.policy_id: source for source in identity}
    return PrincipalPolicies(tuple(unique.values()), tuple(boundary), tuple(ceiling))


@dataclass(frozen=True, slots=True)
class _Sources:
    """Reads texts of one account."""

    storage: Storage
    shipped: Mapping[str, ManagedPolicy]
    account_id: str

    async def held_by(self, principal_id: str, kind: SourceType, name: str) -> list[Source]:
        """Attached and inline policies of one holder."""
        found = [
            await self.managed(arn)
            for arn in await self.storage.policies.list_attached_policies(self.account_id, principal_id)
        ]
        inline = await self.storage.inline_policies.list_inline_policies(self.account_id, principal_id)
        found += [Source(f"{kind}_{name}_{each.policy_name}", kind, each.document) for each in inline]
        return found

    async def managed(self, policy_arn: str, prefix: str = "") -> Source:
        """One managed policy. What is gone denies everything, as in every decision."""
        policy = self.shipped.get(policy_arn) or await self.storage.policies.load_policy(policy_arn)
        text = _DENY_EVERYTHING if policy is None else policy.document
        kind: SourceType = "aws-managed" if policy_arn in self.shipped else "user-managed"
        return Source(prefix + policy_arn, kind, text)


_DENY_EVERYTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
