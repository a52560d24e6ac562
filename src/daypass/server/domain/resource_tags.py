"""Tags on IAM resources: what a tag may be, adding and removing, and the condition keys that speak of tags.

Keys keep their spelling and differ only when compared case-insensitively; a set has at most 50. Policies see
what a request would set (`aws:RequestTag`, `aws:TagKeys`) and what the resource has (`aws:ResourceTag`), so
that administration can be delegated by tag. (IAM user guide, "Tags for IAM resources", rules and quotas)
"""

import unicodedata
from collections.abc import Iterable

from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import InvalidInput, LimitExceeded
from daypass.server.domain.identifiers import check_length, constraint_refusal
from daypass.server.domain.identity_provider import Tags

__all__ = [
    "MAX_TAGS",
    "check_tag_key",
    "check_tag_value",
    "collect_tags",
    "merge_tags",
    "remove_tags",
    "request_tag_values",
    "resource_tag_values",
    "tag_key_values",
]

MAX_TAGS = 50
"""Tags of one resource (IAM quotas, "Tags that can be attached to …")."""

_TAG_CATEGORIES = frozenset("LZN")
_TAG_SIGNS = frozenset("_.:/=+-@")


def check_tag_key(member: str, text: str) -> str:
    """A tag's key: 1–128 letters, separators, digits and `_.:/=+-@`. Raises ValidationError."""
    return _check_characters(member, check_length(member, text, least=1, most=128))


def check_tag_value(member: str, text: str) -> str:
    """A tag's value: 0–256 of the same characters. Raises ValidationError."""
    return _check_characters(member, check_length(member, text, least=0, most=256))


def collect_tags(pairs: Iterable[tuple[str, str]]) -> Tags:
    """The tags a request sets, in order of key. Raises InvalidInput for reserved and for repeated keys."""
    found: dict[str, tuple[str, str]] = {}
    for key, value in pairs:
        if key.lower().startswith("aws:"):
            raise InvalidInput("Tag keys that begin with aws: are reserved.")
        if key.lower() in found:
            raise InvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        found[key.lower()] = (key, value)
    return _in_order(found)


def merge_tags(present: Tags, added: Tags) -> Tags:
    """What a resource has afterwards; an added key replaces one that differs only in case. Raises LimitExceeded."""
    merged = {key.lower(): (key, value) for key, value in (*present, *added)}
    if len(merged) > MAX_TAGS:
        raise LimitExceeded("The number of tags has reached the maximum limit.")
    return _in_order(merged)


def remove_tags(present: Tags, keys: Iterable[str]) -> Tags:
    """What a resource has afterwards; keys it has not are no mistake."""
    removed = {key.lower() for key in keys}
    return tuple((key, value) for key, value in present if key.lower() not in removed)


def request_tag_values(tags: Tags) -> dict[str, ConditionValue]:
    """`aws:RequestTag/key` and `aws:TagKeys` of a request that sets tags; nothing when it sets none."""
    values: dict[str, ConditionValue] = {f"aws:RequestTag/{key}": value for key, value in tags}
    values.update(tag_key_values(key for key, _ in tags))
    return values


def tag_key_values(keys: Iterable[str]) -> dict[str, ConditionValue]:
    """`aws:TagKeys` of a request that names tags; nothing when it names none."""
    named = tuple(keys)
    return {"aws:TagKeys": named} if named else {}


def resource_tag_values(tags: Tags) -> dict[str, ConditionValue]:
    """`aws:ResourceTag/key`, and IAM's older spelling of it."""
    return {f"{service}:ResourceTag/{key}": value for key, value in tags for service in ("aws", "iam")}


def _check_characters(member: str, text: str) -> str:
    for character in text:
        if character not in _TAG_SIGNS and unicodedata.category(character)[0] not in _TAG_CATEGORIES:
            raise constraint_refusal(
                member,
                "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*",
            )
    return text


def _in_order(tags: dict[str, tuple[str, str]]) -> Tags:
    return tuple(tags[key] for key in sorted(tags))
