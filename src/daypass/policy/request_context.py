"""What is being asked: one action, on one resource, by one principal, in these circumstances.

`RequestContext` is a value built by the caller (sign-in, STS, IAM, gateway) and read by the evaluator.
Condition keys are looked up case-insensitively; a key that is absent is absent, never an empty text
(IAM reference, "Condition element": missing keys have meaning of their own).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

__all__ = ["ConditionValue", "FoldedValues", "RequestContext"]

ConditionValue = str | tuple[str, ...]
"""A single-valued key holds a text; a multivalued key (aws:TagKeys …) holds a tuple of texts."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One question to the policy engine."""

    action: str
    """`service:Operation`, for example `s3:GetObject`."""
    resource: str
    """The ARN acted on, or `*` where the operation has none."""
    condition_values: Mapping[str, ConditionValue] = field(default_factory=dict)
    """Condition key (any case) to value: `aws:PrincipalArn`, `aws:SourceIp`, `aws:CurrentTime` …"""


class FoldedValues:
    """The condition values by lower-case key, folded only when somebody asks."""

    __slots__ = ("_folded", "_given", "is_asked")

    is_asked: bool
    """Whether any value, present or absent, was looked at since this was last set to False."""

    def __init__(self, given: Mapping[str, ConditionValue]) -> None:
        self._given = given
        self._folded: dict[str, ConditionValue] | None = None
        self.is_asked = False

    def get(self, key: str) -> ConditionValue | None:
        """The value of a key given in lower case, or None when the request does not have it."""
        self.is_asked = True
        if self._folded is None:
            self._folded = dict(zip(_folded_names(tuple(self._given)), self._given.values(), strict=True))
        return self._folded.get(key)


@lru_cache(maxsize=1024)
def _folded_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Requests of one kind have the same keys in the same order, and folding them is a fifth of a decision."""
    return tuple(map(str.lower, names))
