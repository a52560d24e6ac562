"""The storage contract for identities and what they hold: groups, inline policies, versions, keys, devices, settings.

Rules are those of `ports.storage`: one transaction per method, every change raises the account's revision, and
so a principal's snapshot is never older than what stands here.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from daypass.server.domain.access_key import AccessKey, AccessKeyStatus
from daypass.server.domain.account import Group, InlinePolicy, ManagedPolicy, PolicyVersion, Role, User
from daypass.server.domain.account_settings import PasswordPolicy, ServiceControlPolicy
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.ports.page import Page

__all__ = [
    "AccessKeyStore",
    "AccountSettingsStore",
    "GroupStore",
    "InlinePolicyStore",
    "MfaDeviceStore",
    "PolicyVersionStore",
]


class GroupStore(Protocol):
    """Groups and who is in them. `principal_id` of attachments and inline policies may be a `group_id`."""

    async def create_group(self, group: Group) -> None:
        """Raises EntityAlreadyExists."""
        ...

    async def load_group(self, account_id: str, group_name: str) -> Group | None:
        """Case-insensitive in the name."""
        ...

    async def list_groups(self, account_id: str, *, path_prefix: str, page: Page) -> Sequence[Group]: ...

    async def update_group(self, account_id: str, group_name: str, *, new_name: str, new_path: str) -> None:
        """Raises NoSuchEntity, EntityAlreadyExists."""
        ...

    async def delete_group(self, account_id: str, group_name: str) -> None:
        """Raises NoSuchEntity; DeleteConflict while it has members, an inline or an attached policy."""
        ...

    async def add_member(
        self, account_id: str, group_id: str, user_id: str, *, limit: int | None = None
    ) -> None:
        """Adding twice is the same as once. Raises NoSuchEntity when either is gone, LimitExceeded when the user is in
        `limit` other groups.
        """
        ...

    async def remove_member(self, account_id: str, group_id: str, user_id: str) -> None:
        """Raises NoSuchEntity when the user is not a member."""
        ...

    async def list_members(self, account_id: str, group_id: str, *, page: Page) -> Sequence[User]: ...

    async def list_groups_of(self, account_id: str, user_id: str) -> Sequence[Group]:
        """In name order; a user is in ten groups at most."""
        ...


class InlinePolicyStore(Protocol):
    """Policies inside users, groups and roles."""

    async def put_inline_policy(
        self, account_id: str, policy: InlinePolicy, *, room: int | None = None
    ) -> None:
        """Write or replace. Raises NoSuchEntity when the principal is gone, LimitExceeded when all of its inline
        policies together would be larger than `room` (`domain.policy_size`).
        """
        ...

    async def load_inline_policy(
        self, account_id: str, principal_id: str, policy_name: str
    ) -> InlinePolicy | None: ...

    async def list_inline_policies(self, account_id: str, principal_id: str) -> Sequence[InlinePolicy]:
        """In name order, whole."""
        ...

    async def delete_inline_policy(self, account_id: str, principal_id: str, policy_name: str) -> None:
        """Raises NoSuchEntity."""
        ...


class PolicyVersionStore(Protocol):
    """Versions of managed policies, and who has a policy. `ManagedPolicy.document` is always the default's."""

    async def create_policy_version(
        self, policy_arn: str, document: str, *, set_as_default: bool, limit: int, now: int
    ) -> PolicyVersion:
        """Raises NoSuchEntity, and LimitExceeded when `limit` versions are kept already."""
        ...

    async def list_policy_versions(self, policy_arn: str) -> Sequence[PolicyVersion]:
        """Newest first."""
        ...

    async def set_default_policy_version(self, policy_arn: str, version_id: str, *, now: int) -> None:
        """Raises NoSuchEntity."""
        ...

    async def delete_policy_version(self, policy_arn: str, version_id: str) -> None:
        """Raises NoSuchEntity; DeleteConflict for the default version."""
        ...

    async def update_policy_tags(self, policy_arn: str, *, tags: Tags, tags_before: Tags) -> None:
        """Raises NoSuchEntity, ConcurrentModification."""
        ...

    async def list_entities_for_policy(
        self, account_id: str, policy_arn: str
    ) -> tuple[Sequence[Group], Sequence[User], Sequence[Role]]:
        """Everybody in the account it is attached to, each in name order."""
        ...

    async def list_bounded_users(self, account_id: str, policy_arn: str, *, page: Page) -> Sequence[User]:
        """Users whose boundary it is, in name order."""
        ...

    async def list_bounded_roles(self, account_id: str, policy_arn: str, *, page: Page) -> Sequence[Role]:
        """Roles whose boundary it is, in name order."""
        ...

    async def count_boundary_uses(self, account_id: str, policy_arn: str) -> int:
        """How many users and roles it bounds."""
        ...


class AccessKeyStore(Protocol):
    """Long-term keys."""

    async def create_access_key(self, key: AccessKey, *, limit: int) -> None:
        """Raises NoSuchEntity when the user is gone, LimitExceeded when the user has `limit` keys."""
        ...

    async def load_access_key(self, access_key_id: str) -> AccessKey | None: ...

    async def list_access_keys(self, account_id: str, user_id: str) -> Sequence[AccessKey]:
        """Oldest first."""
        ...

    async def set_access_key_status(
        self, account_id: str, user_id: str, access_key_id: str, status: AccessKeyStatus
    ) -> None:
        """Raises NoSuchEntity."""
        ...

    async def delete_access_key(self, account_id: str, user_id: str, access_key_id: str) -> None:
        """Raises NoSuchEntity."""
        ...

    async def record_access_key_use(
        self, access_key_id: str, *, used_at: int, service: str, region: str
    ) -> None:
        """Only ever forward in time; does not raise the revision. A key that is gone is nobody's failure."""
        ...

    async def list_sealed_access_keys(self, *, page: Page) -> Sequence[AccessKey]:
        """All accounts', in order of key id: for resealing."""
        ...

    async def reseal_access_key(self, access_key_id: str, *, before: str, after: str) -> bool:
        """Replace the sealed secret if it still is `before`. Raises the account's revision."""
        ...


class MfaDeviceStore(Protocol):
    """Second factors and recovery codes. `owner_id` is a user id, or the account id for root."""

    async def create_mfa_device(self, device: MfaDevice, *, limit: int) -> None:
        """Raises EntityAlreadyExists for a taken serial number or credential id, LimitExceeded when an owned
        device is the owner's `limit` + 1st.
        """
        ...

    async def load_mfa_device(self, serial_number: str) -> MfaDevice | None: ...

    async def list_mfa_devices(self, account_id: str, owner_id: str) -> Sequence[MfaDevice]:
        """Enabled ones, oldest first."""
        ...

    async def list_virtual_mfa_devices(self, account_id: str, *, page: Page) -> Sequence[MfaDevice]:
        """Those of kind totp, assigned or not, in order of serial number."""
        ...

    async def enable_mfa_device(
        self, serial_number: str, owner_id: str, *, last_step: int, limit: int, now: int
    ) -> None:
        """Raises NoSuchEntity, EntityAlreadyExists when it is somebody's already, LimitExceeded."""
        ...

    async def update_mfa_device_tags(self, serial_number: str, *, tags: Tags, tags_before: Tags) -> None:
        """Raises NoSuchEntity, ConcurrentModification."""
        ...

    async def use_totp_step(self, serial_number: str, step: int) -> bool:
        """Set `last_step` if it is less than `step`: one atomic statement, the use itself. False otherwise."""
        ...

    async def use_passkey_count(self, serial_number: str, *, before: int, after: int) -> bool:
        """Move the counter from `before` to `after`. False when another sign-in moved it meanwhile."""
        ...

    async def deactivate_mfa_device(self, serial_number: str, owner_id: str) -> None:
        """A virtual device becomes nobody's, a passkey is deleted. Raises NoSuchEntity."""
        ...

    async def delete_virtual_mfa_device(self, serial_number: str) -> None:
        """Raises NoSuchEntity; DeleteConflict while it is somebody's."""
        ...

    async def replace_recovery_codes(self, account_id: str, owner_id: str, hashes: Sequence[bytes]) -> None:
        """All old codes end. Hashes are SHA-256 of codes with 80 random bits or more."""
        ...

    async def use_recovery_code(self, account_id: str, owner_id: str, code_hash: bytes) -> bool:
        """Delete it; the deletion is the use. False when it is not there."""
        ...

    async def count_recovery_codes(self, account_id: str, owner_id: str) -> int: ...

    async def list_sealed_mfa_devices(self, *, page: Page) -> Sequence[MfaDevice]:
        """All accounts' totp devices in order of serial number: for resealing."""
        ...

    async def reseal_mfa_device(self, serial_number: str, *, before: str, after: str) -> bool: ...


class AccountSettingsStore(Protocol):
    """What holds for a whole account."""

    async def load_password_policy(self, account_id: str) -> PasswordPolicy | None: ...

    async def put_password_policy(self, account_id: str, policy: PasswordPolicy | None) -> None:
        """None removes it. Raises NoSuchEntity when there is none to remove."""
        ...

    async def set_account_alias(self, account_id: str, alias: str | None) -> None:
        """Raises EntityAlreadyExists when another account has it."""
        ...

    async def is_web_identity_enabled(self, account_id: str) -> bool:
        """Whether its principals may have web identity tokens; False without such an account."""
        ...

    async def enable_web_identity(self, account_id: str, *, is_enabled: bool) -> bool:
        """Switch it on or off. False when it was so already. Raises NoSuchEntity."""
        ...

    async def put_service_control_policy(self, policy: ServiceControlPolicy) -> None:
        """Write or replace."""
        ...

    async def list_service_control_policies(self, account_id: str) -> Sequence[ServiceControlPolicy]:
        """In name order."""
        ...

    async def delete_service_control_policy(self, account_id: str, policy_name: str) -> None:
        """Raises NoSuchEntity."""
        ...

    async def summarize(self, account_id: str) -> Mapping[str, int]:
        """Counts of what is in the account now, by the words of GetAccountSummary's map: Users, Groups, Roles,
        Policies, PolicyVersionsInUse, MFADevices, MFADevicesInUse, AccountMFAEnabled, AccountAccessKeysPresent,
        Providers, InstanceProfiles, ServerCertificates.
        """
        ...

    async def list_all_policies_of(self, account_id: str) -> Sequence[ManagedPolicy]:
        """Every managed policy of the account, in name order: for GetAccountAuthorizationDetails."""
        ...
