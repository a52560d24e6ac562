"""The credential report of an account (IAM reference: GenerateCredentialReport, GetCredentialReport).

Nothing is kept: the report is made when it is read, and so is never older than the question. Generating it only says
that it is there. An account of more users than a report may have is refused rather than kept busy.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from daypass.protocol.aws.errors import NoSuchEntity, ReportGenerationLimitExceeded
from daypass.server.domain.account import User
from daypass.server.domain.credential_report import ReportedUser, write_report
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.storage import Page, Storage

__all__ = ["CredentialReport", "CredentialReports"]

MAX_REPORTED_USERS = 10_000
_PAGE = 500


@dataclass(frozen=True, slots=True)
class CredentialReport:
    """The report and when it was made, epoch seconds."""

    content: bytes
    generated_at: int


@dataclass(frozen=True, slots=True)
class CredentialReports:
    """The stories, over the ports they need."""

    storage: Storage

    async def generate_credential_report(self, call: VerifiedCall) -> None:
        """Raises ReportGenerationLimitExceeded."""
        call.check_allowed("iam:GenerateCredentialReport", "*")
        await self._check_size(call.account_id)

    async def get_credential_report(self, call: VerifiedCall) -> CredentialReport:
        """Raises ReportGenerationLimitExceeded."""
        call.check_allowed("iam:GetCredentialReport", "*")
        account_id = call.account_id
        await self._check_size(account_id)
        account = await self.storage.accounts.load_account(account_id)
        if account is None:
            raise NoSuchEntity("The account cannot be found.")
        policy = await self.storage.account_settings.load_password_policy(account_id)
        root_devices = await self.storage.mfa_devices.list_mfa_devices(account_id, account_id)
        users = [await self._reported(user) async for user in self._users(account_id)]
        content = write_report(account, users, root_has_device=bool(root_devices), policy=policy)
        return CredentialReport(content, call.now)

    async def _reported(self, user: User) -> ReportedUser:
        storage, account_id, user_id = self.storage, user.account_id, user.user_id
        return ReportedUser(
            user,
            await storage.users.load_login_profile(account_id, user_id),
            bool(await storage.mfa_devices.list_mfa_devices(account_id, user_id)),
            await storage.access_keys.list_access_keys(account_id, user_id),
        )

    async def _users(self, account_id: str) -> AsyncIterator[User]:
        after = ""
        while users := await self.storage.users.list_users(
            account_id, path_prefix="/", page=Page(after, _PAGE)
        ):
            for user in users:
                yield user
            after = users[-1].user_name.lower()

    async def _check_size(self, account_id: str) -> None:
        counts = await self.storage.account_settings.summarize(account_id)
        if counts["Users"] > MAX_REPORTED_USERS:
            raise ReportGenerationLimitExceeded(
                f"A credential report has {MAX_REPORTED_USERS} users at most."
            )
