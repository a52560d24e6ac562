"""IAM identifiers: making unique ids, and checking the names, paths and ARNs a request carries.

Every check returns its value or raises ValidationError in IAM's words; no message repeats the value,
because it came from a stranger. Patterns and lengths are those of the IAM and STS API references
("CreateUser", "CreatePolicy", "AssumeRole" … request parameters). Ids follow "Unique identifiers".
"""

import base64
import re

from daypass.protocol.aws.errors import InvalidInput, ValidationError

__all__ = [
    "UNIQUE_ID_SEED_BYTES",
    "build_unique_id",
    "check_arn_length",
    "check_external_id",
    "check_federated_name",
    "check_length",
    "check_policy_arn",
    "check_serial_number",
    "check_session_name",
    "check_text",
    "check_token_code",
    "constraint_refusal",
    "uuid_text",
]

UNIQUE_ID_SEED_BYTES = 11
"""Random bytes behind one unique id: 85 bits reach the text."""
_LONGEST_SHOWN = 256
"""Characters of a value that a refusal repeats."""

_is_name = re.compile(r"[\w+=,.@\-]+", re.ASCII).fullmatch
_is_policy_arn = re.compile(
    r"arn:aws:iam::(?:[0-9]{12}|aws):policy(?:/[A-Za-z0-9.,+@=_\-]+)*/[\w+=,.@\-]+", re.ASCII
).fullmatch
_is_serial_number = re.compile(r"[\w+=/:,.@\-]*", re.ASCII).fullmatch
_is_token_code = re.compile(r"[0-9]{6}").fullmatch
_is_external_id = re.compile(r"[\w+=,.@:/\-]*", re.ASCII).fullmatch
_is_text = re.compile(r"[\t\n\r\x20-\xff]*").fullmatch


def build_unique_id(prefix: str, seed: bytes) -> str:
    """`AIDA`, `AROA` or `ANPA` and 17 characters of A–Z and 2–7. `seed` is UNIQUE_ID_SEED_BYTES random bytes."""
    return prefix + base64.b32encode(seed).decode("ascii")[:17]


def constraint_refusal(member: str, constraint: str, *, value: str | None = None) -> ValidationError:
    """The refusal of one member, as the Query services word it. A value that is given is shown, as far as XML can."""
    shown = ""
    if value is not None and value.isascii() and value.isprintable():
        shown = f" '{value[:_LONGEST_SHOWN]}'"
    return ValidationError(
        f"1 validation error detected: Value{shown} at '{member}' failed to satisfy constraint: {constraint}"
    )


def check_length(member: str, value: str, *, least: int, most: int, is_shown: bool = False) -> str:
    """The value, when its length in characters lies within the bounds. `is_shown`: a refusal repeats it."""
    shown = value if is_shown else None
    if len(value) < least:
        words = f"Member must have length greater than or equal to {least}"
        raise constraint_refusal(member, words, value=shown)
    if len(value) > most:
        raise constraint_refusal(member, f"Member must have length less than or equal to {most}", value=shown)
    return value


def check_session_name(member: str, value: str) -> str:
    """A role session name or a source identity: 2–64 characters of a name. A refusal shows it: it is no secret."""
    check_length(member, value, least=2, most=64, is_shown=True)
    if not _is_name(value):
        raise constraint_refusal(
            member, "Member must satisfy regular expression pattern: [\\w+=,.@-]*", value=value
        )
    return value


def check_external_id(member: str, value: str) -> str:
    """An external id (AssumeRole)."""
    check_length(member, value, least=2, most=1224)
    if not _is_external_id(value):
        raise constraint_refusal(member, "Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*")
    return value


def check_federated_name(member: str, value: str) -> str:
    """The name a user gives somebody (GetFederationToken): 2–32 characters of a name."""
    check_session_name(member, value)
    return check_length(member, value, least=2, most=32, is_shown=True)


def check_serial_number(member: str, value: str) -> str:
    """An MFA device's serial number, which for most is an ARN."""
    check_length(member, value, least=9, most=256)
    if not _is_serial_number(value):
        raise constraint_refusal(member, "Member must satisfy regular expression pattern: [\\w+=/:,.@-]*")
    return value


def check_token_code(member: str, value: str) -> str:
    """A one-time code of six digits."""
    check_length(member, value, least=6, most=6)
    if not _is_token_code(value):
        raise constraint_refusal(member, "Member must satisfy regular expression pattern: [\\d]*")
    return value


def check_arn_length(member: str, value: str) -> str:
    """An ARN as far as its length goes; `protocol.aws.arn` reads it."""
    return check_length(member, value, least=20, most=2048)


def check_text(member: str, value: str, *, most: int) -> str:
    """A description or a document: tabs, line ends and Latin-1 characters."""
    check_length(member, value, least=0, most=most)
    if not _is_text(value):
        raise constraint_refusal(
            member, "Member must satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+"
        )
    return value


def check_policy_arn(member: str, value: str) -> str:
    """The ARN of a managed policy, an account's or a shipped one."""
    check_length(member, value, least=20, most=2048)
    if not _is_policy_arn(value):
        raise InvalidInput("The policy ARN is not valid.")
    return value


def uuid_text(random_bytes: bytes) -> str:
    """A version 4 UUID (RFC 9562 §5.4) of 16 random bytes. Requests take two: the library's takes three times as long."""
    text = random_bytes.hex()
    variant = "89ab"[random_bytes[8] >> 4 & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"
