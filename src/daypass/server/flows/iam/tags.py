"""Tags of users, roles, policies, identity providers and virtual MFA devices: add, remove, list (IAM reference, TagRole,
UntagRole, ListRoleTags, and the same three of the others).

One story for every kind of resource; only its name on the wire, its ARN and the words of its absence differ.
Policies see the tags the resource has and the tags the request names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import ConcurrentModification, NoSuchEntity, UnmodifiableEntity
from daypass.server.domain.account import ManagedPolicy, Role, User
from daypass.server.domain.identity_provider import OidcProvider, SamlProvider, Tags
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.managed_policies import SHIPPED_ACCOUNT, SHIPPED_POLICIES
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE, Listing, open_marker, page_of
from daypass.server.domain.provider_identifiers import (
    check_own_provider,
    concurrent_change,
    is_own_provider,
    no_such_oidc_provider,
    no_such_saml_provider,
)
from daypass.server.domain.resource_tags import (
    merge_tags,
    remove_tags,
    request_tag_values,
    resource_tag_values,
    tag_key_values,
)
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.holders import no_such_holder
from daypass.server.flows.iam.managed_policy_lookup import no_such_policy
from daypass.server.flows.iam.mfa_devices import find_virtual_device, no_such_virtual_device
from daypass.server.ports.storage import Storage

__all__ = ["Tagging"]

Kind = Literal["User", "Role", "Policy", "SAMLProvider", "OpenIDConnectProvider", "MFADevice"]
"""Which kind of resource, as the actions' names spell it."""
Tagged = User | Role | ManagedPolicy | SamlProvider | OidcProvider | MfaDevice


@dataclass(frozen=True, slots=True)
class Tagging:
    """The stories about the tags of one kind of resource. `name` is a user's or role's name, else an ARN."""

    kind: Kind
    storage: Storage
    ring: KeyRing

    async def tag(self, call: VerifiedCall, *, name: str, tags: Tags) -> None:
        """Add, and replace values of keys that are there. Raises NoSuchEntity, LimitExceeded, ConcurrentModification."""
        resource = await self._find(call, f"iam:Tag{self.kind}", name, request_tag_values(tags))
        await self._save(resource, merge_tags(resource.tags, tags))

    async def untag(self, call: VerifiedCall, *, name: str, tag_keys: tuple[str, ...]) -> None:
        """Remove; a key that is not there is no mistake. Raises NoSuchEntity, ConcurrentModification."""
        resource = await self._find(call, f"iam:Untag{self.kind}", name, tag_key_values(tag_keys))
        await self._save(resource, remove_tags(resource.tags, tag_keys))

    async def list_tags(
        self,
        call: VerifiedCall,
        *,
        name: str,
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> Listing[tuple[str, str]]:
        """In order of key. Raises NoSuchEntity."""
        resource = await self._find(call, f"iam:List{self.kind}Tags", name, {})
        listing = f"List{self.kind}Tags|{resource.arn}"
        after = open_marker(self.ring, marker, listing=listing)
        # By number, not by key: a key in four-byte characters would make a marker longer than one may be.
        pairs = [(f"{number:02}", pair) for number, pair in enumerate(resource.tags)]
        return page_of(
            self.ring, [pair for pair in pairs if pair[0] > after], size=max_items, listing=listing
        )

    async def _find(
        self, call: VerifiedCall, action: str, name: str, values: Mapping[str, ConditionValue]
    ) -> Tagged:
        """The resource, once policy allows the action on it."""
        resource: Tagged | None = None
        arn = name
        if self.kind in ("User", "Role"):
            arn = f"arn:aws:iam::{call.account_id}:{self.kind.lower()}/{name}"
        if is_own_provider(call, arn) or arn in SHIPPED_POLICIES:
            resource = await self._load(call.account_id, name)
        if resource is None:
            call.check_allowed(action, arn, values)
            check_own_provider(call, action, arn)
            raise self._absence(name)
        call.check_allowed(action, resource.arn, {**resource_tag_values(resource.tags), **values})
        return resource

    async def _load(self, account_id: str, name: str) -> Tagged | None:
        match self.kind:
            case "User":
                return await self.storage.users.load_user(account_id, name)
            case "Policy":
                return SHIPPED_POLICIES.get(name) or await self.storage.policies.load_policy(name)
            case "Role":
                return await self.storage.roles.load_role(account_id, name)
            case "SAMLProvider":
                return await self.storage.saml_providers.load_saml_provider(name)
            case "OpenIDConnectProvider":
                return await self.storage.oidc_providers.load_oidc_provider(name)
            case "MFADevice":
                return await find_virtual_device(self.storage, name)

    async def _save(self, resource: Tagged, tags: Tags) -> None:
        if resource.account_id == SHIPPED_ACCOUNT:
            raise UnmodifiableEntity("A policy shipped with the server cannot be changed.")
        if tags == resource.tags:
            return
        try:
            match resource:
                case User():
                    await self.storage.users.update_user(
                        resource.account_id,
                        resource.user_name,
                        tags=tags,
                        tags_before=resource.tags,
                        user_id=resource.user_id,
                    )
                case ManagedPolicy():
                    await self.storage.policy_versions.update_policy_tags(
                        resource.arn, tags=tags, tags_before=resource.tags
                    )
                case Role():
                    await self.storage.roles.update_role(
                        resource.account_id,
                        resource,
                        tags=tags,
                        tags_before=resource.tags,
                    )
                case SamlProvider():
                    await self.storage.saml_providers.update_saml_provider(
                        replace(resource, tags=tags), before=resource
                    )
                case OidcProvider():
                    await self.storage.oidc_providers.update_oidc_provider(
                        replace(resource, tags=tags), before=resource
                    )
                case MfaDevice():
                    await self.storage.mfa_devices.update_mfa_device_tags(
                        resource.serial_number, tags=tags, tags_before=resource.tags
                    )
        except ConcurrentModification:
            raise concurrent_change() from None
        except NoSuchEntity:
            raise self._absence(resource.arn) from None

    def _absence(self, name: str) -> NoSuchEntity:
        match self.kind:
            case "User" | "Role":
                return no_such_holder(self.kind, name.rpartition("/")[2])
            case "Policy":
                return no_such_policy(name)
            case "SAMLProvider":
                return no_such_saml_provider(name)
            case "OpenIDConnectProvider":
                return no_such_oidc_provider(name)
            case "MFADevice":
                return no_such_virtual_device(name)
