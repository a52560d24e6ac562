"""What an account decides about itself: its password policy, and the policies its operator puts over it. Records only."""

from dataclasses import dataclass

__all__ = ["PasswordPolicy", "ServiceControlPolicy"]


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """IAM reference, "UpdateAccountPasswordPolicy". The defaults are those of that call's absent parameters,
    except the length: this server never takes a password shorter than `domain.password_policy` says.
    """

    minimum_password_length: int = 12
    require_symbols: bool = False
    require_numbers: bool = False
    require_uppercase_characters: bool = False
    require_lowercase_characters: bool = False
    allow_users_to_change_password: bool = False
    max_password_age: int = 0
    """Days; 0 for never."""
    password_reuse_prevention: int = 0
    """How many old passwords may not come back; 0 for none."""
    hard_expiry: bool = False


@dataclass(frozen=True, slots=True)
class ServiceControlPolicy:
    """A ceiling over every principal of an account, root included (AWS Organizations user guide, "Service control
    policies"). The operator sets it; nobody inside the account can. None at all means no ceiling.
    """

    account_id: str
    policy_name: str
    document: str
    created_at: int
