"""Which passwords an account accepts, and how long.

Length is the server's only strength rule (NIST SP 800-63B §5.1.1.2 advises against composition rules); the upper
bound is IAM's ("CreateLoginProfile": Password, at most 128) and keeps hashing cheap. An account may ask for more by
its password policy, never for less (IAM user guide, "Set an account password policy").
"""

import re
import string
from typing import Literal

from daypass.protocol.aws.errors import PasswordPolicyViolation
from daypass.secret import Secret
from daypass.server.domain.account import LoginProfile
from daypass.server.domain.account_settings import PasswordPolicy
from daypass.server.domain.identifiers import check_length, constraint_refusal

__all__ = [
    "MAXIMUM_PASSWORD_LENGTH",
    "MINIMUM_PASSWORD_LENGTH",
    "check_new_password",
    "check_password_text",
    "password_age_state",
]

MINIMUM_PASSWORD_LENGTH = 12
"""Characters."""
MAXIMUM_PASSWORD_LENGTH = 128
"""Characters; the IAM model's bound."""

_SYMBOLS = frozenset("!@#$%^&*()_+-=[]{}|'")
"""IAM reference, "UpdateAccountPasswordPolicy", RequireSymbols."""
_DAY = 86_400

_is_typable = re.compile(r"[\t\n\r\x20-\xff]+").fullmatch


def check_password_text(member: str, value: str) -> Secret:
    """A password as a request carries it, old or new. Raises ValidationError; strength is not asked here."""
    check_length(member, value, least=1, most=MAXIMUM_PASSWORD_LENGTH)
    if not _is_typable(value):
        raise constraint_refusal(
            member, "Member must satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+"
        )
    return Secret(value)


def check_new_password(
    password: Secret,
    *,
    user_name: str,
    minimum_length: int = MINIMUM_PASSWORD_LENGTH,
    policy: PasswordPolicy | None = None,
) -> None:
    """Raises PasswordPolicyViolation for a password this account does not accept."""
    text = password.reveal()
    least = minimum_length if policy is None else max(minimum_length, policy.minimum_password_length)
    if len(text) < least:
        raise PasswordPolicyViolation(f"Password should have a minimum length of {least}")
    if text.casefold() == user_name.casefold():
        raise PasswordPolicyViolation("Password should not be the user name")
    if policy is None:
        return
    for is_required, characters, word in (
        (policy.require_uppercase_characters, string.ascii_uppercase, "one uppercase letter"),
        (policy.require_lowercase_characters, string.ascii_lowercase, "one lowercase letter"),
        (policy.require_numbers, string.digits, "one number"),
        (policy.require_symbols, _SYMBOLS, "one symbol"),
    ):
        if is_required and not any(character in characters for character in text):
            raise PasswordPolicyViolation(f"Password should have at least {word}")


def password_age_state(
    policy: PasswordPolicy | None, profile: LoginProfile, *, now: int
) -> Literal["fresh", "expired", "locked"]:
    """Whether the password may still be used: `expired` is to be changed at the next sign-in, `locked` can only be set
    anew by somebody else (HardExpiry).
    """
    if policy is None or not policy.max_password_age:
        return "fresh"
    since = profile.password_changed_at or profile.created_at
    if now < since + policy.max_password_age * _DAY:
        return "fresh"
    return "locked" if policy.hard_expiry else "expired"
