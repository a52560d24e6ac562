"""Which field of a form an API's refusal is about, so that it can stand beside it.

A guess from the refusal's words and code, for the eye alone: what was refused, and why, is the API's.
"""

import re
from collections.abc import Mapping, Sequence

from daypass.protocol.aws.errors import (
    AccessDenied,
    AwsError,
    EntityAlreadyExists,
    InvalidInput,
    MalformedPolicyDocument,
    PasswordPolicyViolation,
)
from daypass.server.web.admin_buttons import Button, Field
from daypass.server.web.admin_desk import sentence

__all__ = ["find_blamed"]

_find_violations = re.compile(
    r" at '([A-Za-z]+)[^']*' failed to satisfy constraint: Member (must [^;]*)"
).findall
_find_value = re.compile(r"The specified value for ([A-Za-z]+) is invalid").search


def find_blamed(button: Button, values: Mapping[str, str], refusal: AwsError) -> Mapping[str, str]:
    """What is wrong, by the name of a typed field; empty when the refusal is about none of them."""
    typed = [field for field in button.fields if field.kind not in ("given", "seen", "tick")]
    text = sentence(refusal)
    members = {member.lower(): f"It {wrong.rstrip('.')}." for member, wrong in _find_violations(text)}
    if (value := _find_value(text)) is not None:
        members[value[1].lower()] = text
    named = {field.name: members.get(field.name.partition(".")[0].lower(), "") for field in typed}
    blamed = {name: wrong for name, wrong in named.items() if wrong}
    return blamed or dict.fromkeys(_blamed_by_code(typed, values, refusal), text)


def _blamed_by_code(typed: Sequence[Field], values: Mapping[str, str], refusal: AwsError) -> Sequence[str]:
    match refusal:
        case AccessDenied():
            return []
        case MalformedPolicyDocument():
            return [field.name for field in typed if field.kind == "document"][:1]
        case PasswordPolicyViolation():
            return [field.name for field in typed if field.kind == "secret"][:1]
        case EntityAlreadyExists() | InvalidInput() if len(typed) == 1:
            return [typed[0].name]
    texts = [field.name for field in typed if field.kind == "text" and len(values.get(field.name, "")) > 1]
    return [name for name in texts if values[name] in str(refusal)][:1]
