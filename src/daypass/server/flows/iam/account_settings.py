"""What an account says of itself: its alias and its summary (IAM reference: CreateAccountAlias, DeleteAccountAlias,
ListAccountAliases, GetAccountSummary).

An account has one alias; creating another replaces it, and the old sign-in address stops working.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from daypass.protocol.aws.errors import EntityAlreadyExists, NoSuchEntity, ValidationError
from daypass.server.domain.access_key import MAX_ACCESS_KEYS
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE
from daypass.server.domain.policy_size import MAX_POLICY_SIZE
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.attachments import MAX_ATTACHED_POLICIES
from daypass.server.flows.iam.groups import MAX_GROUPS_OF_USER
from daypass.server.flows.iam.inline_policies import AGGREGATE_SIZES
from daypass.server.flows.iam.policy_versions import MAX_POLICY_VERSIONS
from daypass.server.flows.iam.roles import MAX_TRUST_POLICY_SIZE
from daypass.server.ports.storage import Storage

__all__ = ["AccountSettings"]

_QUOTAS: Mapping[str, int] = {
    "AccessKeysPerUserQuota": MAX_ACCESS_KEYS,
    "AssumeRolePolicySizeQuota": MAX_TRUST_POLICY_SIZE,
    "AttachedPoliciesPerGroupQuota": MAX_ATTACHED_POLICIES,
    "AttachedPoliciesPerRoleQuota": MAX_ATTACHED_POLICIES,
    "AttachedPoliciesPerUserQuota": MAX_ATTACHED_POLICIES,
    "GroupPolicySizeQuota": AGGREGATE_SIZES["Group"],
    "GroupsPerUserQuota": MAX_GROUPS_OF_USER,
    "PolicySizeQuota": MAX_POLICY_SIZE,
    "RolePolicySizeQuota": AGGREGATE_SIZES["Role"],
    "UserPolicySizeQuota": AGGREGATE_SIZES["User"],
    "VersionsPerPolicyQuota": MAX_POLICY_VERSIONS,
}
"""Only quotas that are enforced here; those on the number of users, groups and roles are not."""
_ABSENT: Mapping[str, int] = {"AccountSigningCertificatesPresent": 0}

_is_twelve_digits = re.compile(r"[0-9]{12}").fullmatch


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """The stories, over the port they need."""

    storage: Storage

    async def create_account_alias(self, call: VerifiedCall, *, account_alias: str) -> None:
        """Raises EntityAlreadyExists, ValidationError."""
        call.check_allowed("iam:CreateAccountAlias", "*")
        if _is_twelve_digits(account_alias):
            raise ValidationError("An account alias cannot be a 12 digit number.")
        try:
            await self.storage.account_settings.set_account_alias(call.account_id, account_alias)
        except EntityAlreadyExists:
            raise EntityAlreadyExists(f"The account alias {account_alias} already exists.") from None

    async def delete_account_alias(self, call: VerifiedCall, *, account_alias: str) -> None:
        """Raises NoSuchEntity."""
        call.check_allowed("iam:DeleteAccountAlias", "*")
        if await self._alias(call) != account_alias:
            raise NoSuchEntity(f"The account alias {account_alias} does not exist.")
        await self.storage.account_settings.set_account_alias(call.account_id, None)

    async def list_account_aliases(
        self, call: VerifiedCall, *, marker: str | None = None, max_items: int = DEFAULT_PAGE_SIZE
    ) -> tuple[str, ...]:
        """One or none, so that there never is a second page. Raises ValidationError for a marker."""
        call.check_allowed("iam:ListAccountAliases", "*")
        if marker is not None:
            raise ValidationError("Invalid Marker.")
        alias = await self._alias(call)
        return () if alias is None else (alias,)[:max_items]

    async def get_account_summary(self, call: VerifiedCall) -> Mapping[str, int]:
        """Counts and quotas by the reference's words."""
        call.check_allowed("iam:GetAccountSummary", "*")
        counts = await self.storage.account_settings.summarize(call.account_id)
        return dict(sorted({**_QUOTAS, **_ABSENT, **counts}.items()))

    async def _alias(self, call: VerifiedCall) -> str | None:
        account = await self.storage.accounts.load_account(call.account_id)
        return None if account is None else account.alias
