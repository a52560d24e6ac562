"""A new password against the server's rules, the account's password policy and the passwords of before (IAM reference,
"UpdateAccountPasswordPolicy", PasswordReusePrevention).

Old passwords are kept as hashes only, so each is a verification; what costs nothing is asked first.
"""

from dataclasses import dataclass

from daypass.protocol.aws.errors import PasswordPolicyViolation
from daypass.secret import Secret
from daypass.server.domain.account import User
from daypass.server.domain.password_policy import check_new_password
from daypass.server.ports.identity_storage import AccountSettingsStore
from daypass.server.ports.password_hasher import PasswordHasher, PasswordMismatch
from daypass.server.ports.password_judge import PasswordJudge
from daypass.server.ports.storage import UserStore

__all__ = ["AccountPasswordRules"]


@dataclass(frozen=True, slots=True)
class AccountPasswordRules:
    """`ports.password_rules.PasswordRules` over storage."""

    users: UserStore
    settings: AccountSettingsStore
    hasher: PasswordHasher
    judge: PasswordJudge | None = None
    """None knows no breached passwords."""

    async def check_new(self, user: User, password: Secret) -> None:
        """See the port."""
        policy = await self.settings.load_password_policy(user.account_id)
        check_new_password(password, user_name=user.user_name, policy=policy)
        if self.judge is not None and await self.judge.is_breached(password):
            raise PasswordPolicyViolation(
                "Password is known from a breach; choose one that you use nowhere else"
            )
        if policy is None or not policy.password_reuse_prevention:
            return
        profile = await self.users.load_login_profile(user.account_id, user.user_id)
        present = [] if profile is None else [profile.password_hash]
        older = await self.users.list_old_passwords(
            user.account_id, user.user_id, limit=policy.password_reuse_prevention - len(present)
        )
        for password_hash in (*present, *older):
            await self._check_differs(password_hash, password)

    async def _check_differs(self, password_hash: str, password: Secret) -> None:
        try:
            await self.hasher.verify(password_hash, password)
        except PasswordMismatch:
            return
        raise PasswordPolicyViolation(
            "Password has been used before; the account's policy forbids using it again"
        )
