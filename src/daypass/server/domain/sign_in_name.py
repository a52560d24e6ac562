"""The names people sign in under, as they type them. Nothing here is known to exist."""

from dataclasses import dataclass

__all__ = ["RootName", "UserName"]


@dataclass(frozen=True, slots=True)
class RootName:
    """What a root user types."""

    email: str


@dataclass(frozen=True, slots=True)
class UserName:
    """What an IAM user types."""

    account: str
    """Twelve digits or an alias."""
    user_name: str

    @property
    def is_account_id(self) -> bool:
        """Whether `account` is an id; otherwise it is an alias."""
        return len(self.account) == 12 and self.account.isascii() and self.account.isdigit()
