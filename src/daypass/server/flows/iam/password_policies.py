"""The account's password policy: set, read, remove (IAM reference: UpdateAccountPasswordPolicy and its relatives).

Setting one replaces it whole: a parameter that is left out has its default, as the reference says. A length below the
server's own is kept as it was said and never enforced: the server's minimum holds besides.
"""

from dataclasses import dataclass

from daypass.protocol.aws.errors import NoSuchEntity
from daypass.server.domain.account_settings import PasswordPolicy
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.storage import Storage

__all__ = ["PasswordPolicies"]

_ABSENT_LENGTH = 6
"""What the reference gives MinimumPasswordLength when it is left out."""


@dataclass(frozen=True, slots=True)
class PasswordPolicies:
    """The stories, over the port they need."""

    storage: Storage

    async def update_password_policy(
        self,
        call: VerifiedCall,
        *,
        minimum_password_length: int = _ABSENT_LENGTH,
        max_password_age: int = 0,
        password_reuse_prevention: int = 0,
        hard_expiry: bool = False,
        **requirements: bool,
    ) -> None:
        """`requirements` are the other members of `PasswordPolicy`, all of them false when absent."""
        call.check_allowed("iam:UpdateAccountPasswordPolicy", "*")
        policy = PasswordPolicy(
            minimum_password_length=minimum_password_length,
            max_password_age=max_password_age,
            password_reuse_prevention=password_reuse_prevention,
            hard_expiry=hard_expiry,
            **requirements,
        )
        await self.storage.account_settings.put_password_policy(call.account_id, policy)

    async def get_password_policy(self, call: VerifiedCall) -> PasswordPolicy:
        """Raises NoSuchEntity."""
        call.check_allowed("iam:GetAccountPasswordPolicy", "*")
        policy = await self.storage.account_settings.load_password_policy(call.account_id)
        if policy is None:
            raise NoSuchEntity(f"The Password Policy with domain name {call.account_id} cannot be found.")
        return policy

    async def delete_password_policy(self, call: VerifiedCall) -> None:
        """Raises NoSuchEntity."""
        call.check_allowed("iam:DeleteAccountPasswordPolicy", "*")
        try:
            await self.storage.account_settings.put_password_policy(call.account_id, None)
        except NoSuchEntity:
            raise NoSuchEntity("The account policy with name PasswordPolicy cannot be found.") from None
