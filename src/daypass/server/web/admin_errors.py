"""Which field of a form an API's refusal is about, so that it can stand beside it.

A guess from the refusal's words and code, for the eye alone: what was refused, and why, is the API's.
"""

import re
from collections.abc import Mapping

from daypass.protocol.aws.errors import (
    AwsError,
    EntityAlreadyExists,
    InvalidInput,
    MalformedPolicyDocument,
    PasswordPolicyViolation,
)
from daypass.server.web.admin_buttons import Button, Field

__all__ = ["find_blamed"]

_find_members = re.compile(r" at '([A-Za-z]+)").findall


def find_blamed(button: Button, values: Mapping[str, str], refusal: AwsError) -> frozenset[str]:
    """Names of typed fields; empty when the refusal is about none of them."""
    typed = [field for field in button.fields if field.kind not in ("given", "seen", "tick")]
    text = str(refusal)
    members = {member.lower() for member in _find_members(text)}
    named = {field.name for field in typed if field.name.partition(".")[0].lower() in members}
    if named:
        return frozenset(named)
    match refusal:
        case MalformedPolicyDocument():
            return _first(typed, "document")
        case PasswordPolicyViolation():
            return _first(typed, "secret")
        case EntityAlreadyExists() | InvalidInput() if len(typed) == 1:
            return frozenset({typed[0].name})
    quoted = [
        field.name
        for field in typed
        if field.kind == "text" and len(values.get(field.name, "")) > 1 and values[field.name] in text
    ]
    return frozenset(quoted[:1])


def _first(typed: list[Field], kind: str) -> frozenset[str]:
    return frozenset([field.name for field in typed if field.kind == kind][:1])
