"""Parameters of the IAM API that rows without the service model share: how each is spelled, read and checked (IAM
reference, request parameters).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from daypass.server.domain import identifiers
from daypass.server.domain.identifiers import constraint_refusal
from daypass.server.domain.resource_tags import MAX_TAGS, check_tag_key, check_tag_value, collect_tags
from daypass.server.web.query_operation import (
    ListParameter,
    Parameter,
    StructureListParameter,
    read_integer,
)

__all__ = ["MARKED_PAGE", "TAGS", "TAG_KEYS", "enumerated", "named", "required"]


def required(parameter: Parameter) -> Parameter:
    """The same parameter where it may not be left out."""
    return replace(parameter, is_required=True)


def named(parameter: Parameter, keyword: str) -> Parameter:
    """The same parameter for a flow that spells it otherwise."""
    return replace(parameter, keyword=keyword)


def _marker(member: str, text: str) -> str:
    return identifiers.check_length(member, text, least=1, most=320)


def enumerated(*texts: str) -> Callable[[str, str], str]:
    """One of these texts."""

    def read(member: str, text: str) -> str:
        if text not in texts:
            raise constraint_refusal(member, f"Member must satisfy enum value set: [{', '.join(texts)}]")
        return text

    return read


@dataclass(frozen=True, slots=True)
class _TagsParameter(StructureListParameter):
    """Tags, checked as a whole too: reserved keys, and keys that differ only in case."""

    def value(self, parameters: Mapping[str, str]) -> object:
        pairs = [
            (check_tag_key(f"{place}.key", tag["Key"]), check_tag_value(f"{place}.value", tag["Value"]))
            for place, tag in self.structures(parameters)
        ]
        return collect_tags(pairs)


MARKED_PAGE = (
    Parameter("Marker", "marker", _marker),
    Parameter("MaxItems", "max_items", read_integer(1, 1000)),
)
TAGS = _TagsParameter("Tags", "tags", most=MAX_TAGS, fields=("Key", "Value"), logged_field="Key")
TAG_KEYS = ListParameter("TagKeys", "tag_keys", check_tag_key, is_required=True, most=MAX_TAGS)
