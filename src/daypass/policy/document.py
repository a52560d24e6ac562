"""A policy document: text in, compiled statements out, or a refusal that points at the mistake.

`parse_policy` is the only way to a `PolicyDocument`, so whoever holds one holds a checked policy. All
refusals are `MalformedPolicyDocument` with the element's path, line and column; no text makes it raise
anything else (IAM reference, "Policy grammar"; quotas from "IAM and STS quotas").
"""

import re
from dataclasses import dataclass

from daypass.policy.json_source import JsonElement, JsonNumber, parse_json
from daypass.policy.statements import PolicyKind, Statement, parse_statement
from daypass.protocol.aws.errors import MalformedPolicyDocument

__all__ = ["MAX_MANAGED_CHARACTERS", "PolicyDocument", "PolicyKind", "parse_policy"]

MAX_MANAGED_CHARACTERS = 6144
"""Characters of a managed policy, white space not counted."""
_MAX_RAW_CHARACTERS = 131_072
"""Characters of any PolicyDocument parameter, white space counted."""

_VARIABLES_SINCE = "2012-10-17"
_VERSIONS = ("2008-10-17", _VARIABLES_SINCE)
_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_find_illegal = re.compile(r"[^\t\n\r\x20-\xff]").search
_delete_space = re.compile(r"\s+", re.ASCII).sub


@dataclass(frozen=True, slots=True, eq=False)
class PolicyDocument:
    """A checked, compiled policy. Two are equal only when they are the same object: compare texts instead."""

    name: str
    """What `StatementRef.policy` will say: the policy's ARN or a describing name."""
    kind: PolicyKind
    version: str
    """`2012-10-17`, or `2008-10-17`, which knows no variables and is what an absent Version means."""
    statements: tuple[Statement, ...]


def parse_policy(
    text: str, *, name: str, kind: PolicyKind = "identity", max_characters: int = MAX_MANAGED_CHARACTERS
) -> PolicyDocument:
    """Check and compile `text`.

    `max_characters` counts without white space. Raises MalformedPolicyDocument and nothing else.
    """
    _check_size(text, max_characters)
    document = parse_json(text)
    members = document.value
    if not isinstance(members, dict):
        raise document.malformed("a policy must be a JSON object")
    for element_name, member in members.items():
        if element_name not in _ELEMENTS:
            raise member.malformed("unknown element")
    if "Id" in members and not _is_text(members["Id"]):
        raise members["Id"].malformed("Id must be a text")
    version = _parse_version(members)
    if "Statement" not in members:
        raise document.malformed("Statement is missing")
    statements = _parse_statements(
        members["Statement"], name, kind, has_variables=version == _VARIABLES_SINCE
    )
    return PolicyDocument(name, kind, version, statements)


def _check_size(text: str, max_characters: int) -> None:
    if not text or len(text) > _MAX_RAW_CHARACTERS:
        raise MalformedPolicyDocument(f"document: a policy has from 1 to {_MAX_RAW_CHARACTERS} characters")
    illegal = _find_illegal(text)
    if illegal:
        raise JsonElement(None, "", text, illegal.start()).malformed(
            "a character is not allowed in a policy; write it as a \\u escape"
        )
    if len(_delete_space("", text)) > max_characters:
        raise MalformedPolicyDocument(
            f"document: longer than the quota of {max_characters} characters, white space not counted"
        )


def _is_text(element: JsonElement) -> bool:
    return isinstance(element.value, str) and not isinstance(element.value, JsonNumber)


def _parse_version(members: dict[str, JsonElement]) -> str:
    if "Version" not in members:
        return _VERSIONS[0]
    version = members["Version"].value
    if not isinstance(version, str) or version not in _VERSIONS:
        raise members["Version"].malformed("Version must be 2012-10-17 or 2008-10-17")
    return str(version)


def _parse_statements(
    element: JsonElement, name: str, kind: PolicyKind, *, has_variables: bool
) -> tuple[Statement, ...]:
    items = element.value if isinstance(element.value, list) else [element]
    if not items:
        raise element.malformed("the list of statements is empty")
    statements: list[Statement] = []
    sids: set[str] = set()
    for index, item in enumerate(items):
        statement = parse_statement(item, policy=name, index=index, kind=kind, has_variables=has_variables)
        if statement.ref.sid in sids:
            raise item.malformed("another statement has the same Sid")
        if statement.ref.sid:
            sids.add(statement.ref.sid)
        statements.append(statement)
    return tuple(statements)
