"""Whether a person may have a new password. Implemented by `flows/password_rules.py`; other flows know only this."""

from typing import Protocol

from daypass.secret import Secret
from daypass.server.domain.account import User

__all__ = ["PasswordRules"]


class PasswordRules(Protocol):
    """The server's own rules, the account's password policy, and the passwords the person had before."""

    async def check_new(self, user: User, password: Secret) -> None:
        """Raises PasswordPolicyViolation. May cost one hash per remembered password: ask when all else is decided."""
        ...
