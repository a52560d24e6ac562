"""Session tags: which are legal, which go along to the next role, and what policies see of them.

(IAM user guide, "Passing session tags in AWS STS"; limits from "IAM and STS quotas".) Keys that differ only
in case are one key. A transitive tag is inherited by every session further down the chain, and no session may
give it another value.
"""

from collections.abc import Iterable

from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import ValidationError
from daypass.server.domain.identifiers import constraint_refusal
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.resource_tags import check_tag_key, check_tag_value, request_tag_values

__all__ = [
    "MAX_SESSION_TAGS",
    "check_session_tags",
    "check_transitive_keys",
    "inherit_tags",
    "requested_session_values",
    "required_actions",
]

MAX_SESSION_TAGS = 50
_RESERVED = "aws:"


def check_session_tags(pairs: Iterable[tuple[str, str]]) -> Tags:
    """The tags in order of key. Raises ValidationError."""
    tags: dict[str, tuple[str, str]] = {}
    for number, (key, value) in enumerate(pairs, 1):
        if number > MAX_SESSION_TAGS:
            raise constraint_refusal(
                "tags", f"Member must have length less than or equal to {MAX_SESSION_TAGS}"
            )
        check_tag_key(f"tags.{number}.member.key", key)
        check_tag_value(f"tags.{number}.member.value", value)
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


def required_actions(action: str, *, tags: Tags, source_identity: str) -> tuple[str, ...]:
    """Everything a policy must allow for such a session (IAM user guide, "Passing session tags in AWS STS")."""
    tagging = ("sts:TagSession",) if tags else ()
    naming = ("sts:SetSourceIdentity",) if source_identity else ()
    return (action, *tagging, *naming)


def requested_session_values(
    *, session_name: str, source_identity: str, tags: Tags, transitive_tag_keys: tuple[str, ...]
) -> dict[str, ConditionValue]:
    """What a trust policy sees of the session asked for (IAM reference, "IAM and AWS STS condition context keys")."""
    values: dict[str, ConditionValue] = {"sts:RoleSessionName": session_name}
    values |= request_tag_values(tags)
    if transitive_tag_keys:
        values["sts:TransitiveTagKeys"] = transitive_tag_keys
    if source_identity:
        values["sts:SourceIdentity"] = source_identity
    return values
