"""Session tags: which are legal, which go along to the next role, and what policies see of them.

(IAM user guide, "Passing session tags in AWS STS"; limits from "IAM and STS quotas".) Keys that differ only
in case are one key. A transitive tag is inherited by every session further down the chain, and no session may
give it another value.
"""

import unicodedata
from collections.abc import Iterable

from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import ValidationError
from daypass.server.domain.identifiers import check_length, constraint_refusal
from daypass.server.domain.identity_provider import Tags

__all__ = [
    "MAX_SESSION_TAGS",
    "check_session_tags",
    "check_transitive_keys",
    "inherit_tags",
    "requested_session_values",
]

MAX_SESSION_TAGS = 50
_MAX_KEY = 128
_MAX_VALUE = 256
_SIGNS = frozenset("_.:/=+-@")
_RESERVED = "aws:"


def check_session_tags(pairs: Iterable[tuple[str, str]]) -> Tags:
    """The tags in order of key. Raises ValidationError."""
    tags: dict[str, tuple[str, str]] = {}
    for number, (key, value) in enumerate(pairs, 1):
        if number > MAX_SESSION_TAGS:
            raise constraint_refusal(
                "tags", f"Member must have length less than or equal to {MAX_SESSION_TAGS}"
            )
        _check_text(f"tags.{number}.member.key", key, least=1, most=_MAX_KEY)
        _check_text(f"tags.{number}.member.value", value, least=0, most=_MAX_VALUE)
        folded = key.lower()
        if folded.startswith(_RESERVED):
            raise ValidationError("Tag keys that begin with aws: are reserved for system use")
        if folded in tags:
            raise ValidationError("Duplicate tag keys found. Please note that tag keys are case insensitive.")
        tags[folded] = (key, value)
    return tuple(tags[folded] for folded in sorted(tags))


def check_transitive_keys(keys: Iterable[str], tags: Tags) -> tuple[str, ...]:
    """The keys as `tags` spell them, in order and once each. Raises ValidationError for one that is not there."""
    spelling = {key.lower(): key for key, _ in tags}
    chosen: set[str] = set()
    for key in keys:
        if key.lower() not in spelling:
            raise ValidationError("The specified transitive tag key must be included in the requested tags.")
        chosen.add(spelling[key.lower()])
    return tuple(key for key, _ in tags if key in chosen)


def inherit_tags(
    tags: Tags, transitive_keys: tuple[str, ...], *, carried: Tags, carried_keys: tuple[str, ...]
) -> tuple[Tags, tuple[str, ...]]:
    """The next session's tags and transitive keys: its own, and those its caller carries on.

    Raises ValidationError for a tag that the chain has fixed, or too many together.
    """
    fixed = {key.lower() for key in carried_keys}
    inherited = [(key, value) for key, value in carried if key.lower() in fixed]
    if any(key.lower() in fixed for key, _ in tags):
        raise ValidationError("A tag that this session inherited as transitive cannot be passed again.")
    together = check_session_tags([*inherited, *tags])
    return together, check_transitive_keys([*carried_keys, *transitive_keys], together)


def requested_session_values(
    *, session_name: str, source_identity: str, tags: Tags, transitive_tag_keys: tuple[str, ...]
) -> dict[str, ConditionValue]:
    """What a trust policy sees of the session asked for (IAM reference, "IAM and AWS STS condition context keys")."""
    values: dict[str, ConditionValue] = {"sts:RoleSessionName": session_name}
    values |= {f"aws:RequestTag/{key}": value for key, value in tags}
    if tags:
        values["aws:TagKeys"] = tuple(key for key, _ in tags)
    if transitive_tag_keys:
        values["sts:TransitiveTagKeys"] = transitive_tag_keys
    if source_identity:
        values["sts:SourceIdentity"] = source_identity
    return values


def _check_text(member: str, text: str, *, least: int, most: int) -> None:
    check_length(member, text, least=least, most=most)
    if not all(character in _SIGNS or unicodedata.category(character)[0] in "LZN" for character in text):
        raise constraint_refusal(
            member, "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*"
        )
