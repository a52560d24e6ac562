"""Login profiles: the password with which a user signs in on the pages.

A changed password ends the login sessions of the old one at their next refresh (storage raises the
user's epoch); temporary credentials already handed out live their minutes to the end, as in AWS.
(IAM reference: CreateLoginProfile, GetLoginProfile, UpdateLoginProfile, DeleteLoginProfile, ChangePassword)
"""

from dataclasses import dataclass, replace

from daypass.policy.document import parse_policy
from daypass.protocol.aws.errors import (
    AccessDenied,
    EntityAlreadyExists,
    InvalidUserType,
    NoSuchEntity,
    Throttling,
    ValidationError,
)
from daypass.secret import Secret
from daypass.server.domain.account import LoginProfile, User
from daypass.server.domain.account_settings import PasswordPolicy
from daypass.server.domain.password_policy import password_age_state
from daypass.server.domain.throttle import PASSWORD_CHANGE, PASSWORD_CHANGE_THROTTLE, owner_key
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.holders import find_user, no_such_holder
from daypass.server.ports.password_hasher import PasswordHasher, PasswordMismatch
from daypass.server.ports.password_rules import PasswordRules
from daypass.server.ports.storage import Storage

__all__ = ["LoginProfiles", "NamedLoginProfile"]

_SELF_SERVICE = parse_policy(
    '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:ChangePassword", "Resource": "*"}}',
    name="account password policy",
)
"""AllowUsersToChangePassword (IAM reference, "UpdateAccountPasswordPolicy"). It is asked about the caller only."""


@dataclass(frozen=True, slots=True)
class NamedLoginProfile:
    """A login profile and the name of the user it belongs to."""

    user_name: str
    profile: LoginProfile


@dataclass(frozen=True, slots=True)
class LoginProfiles:
    """The stories about passwords, over the ports they need."""

    storage: Storage
    hasher: PasswordHasher
    rules: PasswordRules

    async def create_login_profile(
        self,
        call: VerifiedCall,
        *,
        password: Secret | None = None,
        user_name: str | None = None,
        password_reset_required: bool = False,
    ) -> NamedLoginProfile:
        """A password is what a login profile is for; the model lets it be absent for root's own.

        Raises EntityAlreadyExists, NoSuchEntity, PasswordPolicyViolation, ValidationError without a password.
        """
        if password is None:
            raise ValidationError(
                "1 validation error detected: Value null at 'password' failed to satisfy constraint: "
                "Member must not be null"
            )
        user = await self._find(call, "iam:CreateLoginProfile", user_name)
        await self.rules.check_new(user, password)
        profile = LoginProfile(
            account_id=user.account_id,
            user_id=user.user_id,
            password_hash=await self.hasher.hash(password),
            created_at=call.now,
            password_reset_required=password_reset_required,
        )
        try:
            await self.storage.users.create_login_profile(profile)
        except EntityAlreadyExists:
            raise EntityAlreadyExists(f"Login Profile for user {user.user_name} already exists.") from None
        return NamedLoginProfile(user.user_name, profile)

    async def get_login_profile(
        self, call: VerifiedCall, *, user_name: str | None = None
    ) -> NamedLoginProfile:
        """Raises NoSuchEntity."""
        user = await self._find(call, "iam:GetLoginProfile", user_name)
        profile = await self.storage.users.load_login_profile(user.account_id, user.user_id)
        if profile is None:
            raise _no_profile(user.user_name)
        return NamedLoginProfile(user.user_name, profile)

    async def update_login_profile(
        self,
        call: VerifiedCall,
        *,
        user_name: str,
        password: Secret | None = None,
        password_reset_required: bool | None = None,
    ) -> None:
        """Raises NoSuchEntity, PasswordPolicyViolation."""
        user = await self._find(call, "iam:UpdateLoginProfile", user_name)
        if password is not None:
            await self.rules.check_new(user, password)
        try:
            await self.storage.users.update_login_profile(
                user.account_id,
                user.user_id,
                password_hash=None if password is None else await self.hasher.hash(password),
                password_reset_required=password_reset_required,
                changed=password is not None,
                now=call.now,
            )
        except NoSuchEntity:
            raise _no_profile(user.user_name) from None

    async def delete_login_profile(self, call: VerifiedCall, *, user_name: str | None = None) -> None:
        """Raises NoSuchEntity."""
        user = await self._find(call, "iam:DeleteLoginProfile", user_name)
        try:
            await self.storage.users.delete_login_profile(user.account_id, user.user_id)
        except NoSuchEntity:
            raise _no_profile(user.user_name) from None

    async def change_password(
        self, call: VerifiedCall, *, old_password: Secret, new_password: Secret
    ) -> None:
        """The calling user's own. Raises InvalidUserType, AccessDenied, PasswordPolicyViolation, Throttling."""
        if call.principal.kind != "user":
            raise InvalidUserType("Only IAM users can change their own password.")
        user = await self.storage.users.load_user_by_id(call.account_id, call.principal.principal_id)
        if user is None:
            raise no_such_holder("User", call.principal.name)
        policy = await self.storage.account_settings.load_password_policy(call.account_id)
        _with_self_service(call, policy).check_allowed("iam:ChangePassword", user.arn)
        profile = await self.storage.users.load_login_profile(user.account_id, user.user_id)
        if profile is not None and password_age_state(policy, profile, now=call.now) == "locked":
            raise AccessDenied("The password has expired. An administrator has to set a new one.")
        await self._check_old_password(
            call, user, "" if profile is None else profile.password_hash, old_password
        )
        await self.rules.check_new(user, new_password)
        await self.storage.users.update_login_profile(
            user.account_id,
            user.user_id,
            password_hash=await self.hasher.hash(new_password),
            password_reset_required=False,
            changed=True,
            now=call.now,
            replacing=None if profile is None else profile.password_hash,
        )

    async def _check_old_password(
        self, call: VerifiedCall, user: User, password_hash: str, old_password: Secret
    ) -> None:
        """Stolen minutes of credentials must not become a way to guess a password.

        Counted before it is judged, in one atomic write, so that guesses made at the same time count too.
        """
        key = owner_key(PASSWORD_CHANGE, user.account_id, user.user_id)
        attempts = self.storage.attempts
        limit = PASSWORD_CHANGE_THROTTLE
        if await attempts.record_failure(key, now=call.now, window=limit.window) > limit.free_failures:
            raise Throttling("Rate exceeded")
        try:
            await self.hasher.verify(password_hash, old_password)
        except PasswordMismatch:
            raise AccessDenied("The old password was incorrect.") from None
        await attempts.clear_attempts(key)

    async def _find(self, call: VerifiedCall, action: str, user_name: str | None) -> User:
        return await find_user(self.storage, call, action, user_name or call.own_user_name())


def _with_self_service(call: VerifiedCall, policy: PasswordPolicy | None) -> VerifiedCall:
    """The call of somebody whose account lets everybody change the own password.

    The setting counts as one more identity policy: a deny, a boundary, session policies and the account's service
    control policies still bind.
    """
    if policy is None or not policy.allow_users_to_change_password:
        return call
    policies = (*call.principal.policies, _SELF_SERVICE)
    return replace(call, principal=replace(call.principal, policies=policies))


def _no_profile(user_name: str) -> NoSuchEntity:
    return NoSuchEntity(f"Login Profile for User {user_name} cannot be found.")
