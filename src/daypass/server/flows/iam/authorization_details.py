"""Everything about who may do what in one account (IAM reference, "GetAccountAuthorizationDetails"), in pages.

Users, then groups, then roles, then the account's policies, then the shipped ones, each in name order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from daypass.server.domain.account import Group, InlinePolicy, ManagedPolicy, PolicyVersion, Role, User
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.managed_policies import SHIPPED_ACCOUNT
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE, Listing, open_marker, page_of
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.holders import holder_id
from daypass.server.ports.storage import Page, Storage

__all__ = ["AuthorizationDetails", "HolderDetail", "PolicyWithVersions"]

_KINDS = ("User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy")
"""As the model's filter spells them, in the order of the answer."""
_Named: TypeAlias = tuple[str, User | Group | Role | ManagedPolicy]


@dataclass(frozen=True, slots=True)
class HolderDetail:
    """A user, group or role, and what it has."""

    holder: User | Group | Role
    inline: Sequence[InlinePolicy]
    attached: Sequence[str]
    """Policy ARNs."""
    group_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyWithVersions:
    """A managed policy, all its versions, and how much it is used in the account."""

    policy: ManagedPolicy
    versions: Sequence[PolicyVersion]
    attachments: int
    boundaries: int


@dataclass(frozen=True, slots=True)
class AuthorizationDetails:
    """The story, over the ports it needs."""

    storage: Storage
    ring: KeyRing
    shipped: Mapping[str, ManagedPolicy]

    async def get_account_authorization_details(
        self,
        call: VerifiedCall,
        *,
        filter: Sequence[str] = (),  # noqa: A002 - the parameter's name
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> Listing[HolderDetail | PolicyWithVersions]:
        """Raises ValidationError for a marker that is not ours."""
        call.check_allowed("iam:GetAccountAuthorizationDetails", "*")
        wanted = [kind for kind in _KINDS if kind in filter or not filter]
        listing = f"GetAccountAuthorizationDetails|{call.account_id}|{'|'.join(wanted)}"
        after = open_marker(self.ring, marker, listing=listing)
        found: list[_Named] = []
        for kind in wanted:
            if len(found) > max_items or after[:1] > _number(kind):
                continue
            behind = after[2:] if after[:1] == _number(kind) else ""
            page = Page(behind, max_items + 1 - len(found))
            named = await self._named(call.account_id, kind, page)
            found += [(f"{_number(kind)}|{name.lower()}", each) for name, each in named]
        kept = page_of(self.ring, found, size=max_items, listing=listing)
        details = [await self._detail(call.account_id, each) for each in kept.items]
        return Listing(tuple(details), kept.marker)

    async def _named(self, account_id: str, kind: str, page: Page) -> list[_Named]:
        storage = self.storage
        match kind:
            case "User":
                users = await storage.users.list_users(account_id, path_prefix="/", page=page)
                return [(user.user_name, user) for user in users]
            case "Group":
                groups = await storage.groups.list_groups(account_id, path_prefix="/", page=page)
                return [(group.group_name, group) for group in groups]
            case "Role":
                roles = await storage.roles.list_roles(account_id, path_prefix="/", page=page)
                return [(role.role_name, role) for role in roles]
            case "LocalManagedPolicy":
                own = await storage.policies.list_policies(account_id, path_prefix="/", page=page)
                return [(policy.policy_name, policy) for policy in own]
        shipped = sorted(self.shipped.values(), key=lambda policy: policy.policy_name.lower())
        later = [policy for policy in shipped if policy.policy_name.lower() > page.after]
        return [(policy.policy_name, policy) for policy in later[: page.size]]

    async def _detail(
        self, account_id: str, each: User | Group | Role | ManagedPolicy
    ) -> HolderDetail | PolicyWithVersions:
        storage = self.storage
        if isinstance(each, ManagedPolicy):
            return await self._policy_detail(account_id, each)
        principal_id = holder_id(each)
        groups: Sequence[Group] = ()
        if isinstance(each, User):
            groups = await storage.groups.list_groups_of(account_id, principal_id)
        return HolderDetail(
            each,
            await storage.inline_policies.list_inline_policies(account_id, principal_id),
            await storage.policies.list_attached_policies(account_id, principal_id),
            tuple(group.group_name for group in groups),
        )

    async def _policy_detail(self, account_id: str, policy: ManagedPolicy) -> PolicyWithVersions:
        stored = self.storage.policy_versions
        groups, users, roles = await stored.list_entities_for_policy(account_id, policy.arn)
        boundaries = await stored.count_boundary_uses(account_id, policy.arn)
        if policy.account_id == SHIPPED_ACCOUNT:
            version_id = policy.default_version_id
            versions: Sequence[PolicyVersion] = [
                PolicyVersion(policy.arn, version_id, policy.document, policy.created_at, is_default=True)
            ]
        else:
            versions = await stored.list_policy_versions(policy.arn)
        return PolicyWithVersions(policy, versions, len(groups) + len(users) + len(roles), boundaries)


def _number(kind: str) -> str:
    return str(_KINDS.index(kind) + 1)
