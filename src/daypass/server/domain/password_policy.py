"""Which passwords an account accepts. One rule so far: long enough, short enough, typable.

Length is the only strength rule (NIST SP 800-63B §5.1.1.2 advises against composition rules); the upper
bound is IAM's ("CreateLoginProfile": Password, at most 128) and keeps hashing cheap.
"""

import re

from daypass.protocol.aws.errors import PasswordPolicyViolation
from daypass.secret import Secret
from daypass.server.domain.identifiers import check_length, constraint_refusal

__all__ = ["MAXIMUM_PASSWORD_LENGTH", "MINIMUM_PASSWORD_LENGTH", "check_new_password", "check_password_text"]

MINIMUM_PASSWORD_LENGTH = 12
"""Characters."""
MAXIMUM_PASSWORD_LENGTH = 128
"""Characters; the IAM model's bound."""

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
    password: Secret, *, user_name: str, minimum_length: int = MINIMUM_PASSWORD_LENGTH
) -> None:
    """Raises PasswordPolicyViolation for a password this account does not accept."""
    if len(password.reveal()) < minimum_length:
        raise PasswordPolicyViolation(f"Password should have a minimum length of {minimum_length}")
    if password.reveal().casefold() == user_name.casefold():
        raise PasswordPolicyViolation("Password should not be the user name")
