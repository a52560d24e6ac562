"""JSON from a stranger: one object, or our error. Nothing is read out of it here (RFC 8259).

Bounded before it comes here (`outbound_http.MAX_BODY`, `signed_token.MAX_TOKEN`); nesting beyond the decoder's
depth is an error like any other.
"""

from collections.abc import Mapping

import msgspec

__all__ = ["NotAnObject", "parse_object", "read_text", "read_texts"]


class NotAnObject(ValueError):
    """The bytes are not one JSON object."""


def parse_object(document: bytes) -> dict[str, object]:
    """Raises NotAnObject for whatever is not one object, NaN and broken UTF-8 included."""
    try:
        parsed: object = msgspec.json.decode(document)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise NotAnObject("not JSON") from None
    if not isinstance(parsed, dict):
        raise NotAnObject("not a JSON object")
    return parsed


def read_text(members: Mapping[str, object], name: str) -> str:
    """The member's text, or the empty text when it is absent or something else."""
    value = members.get(name)
    return value if isinstance(value, str) else ""


def read_texts(members: Mapping[str, object], name: str) -> tuple[str, ...]:
    """The texts of a list member; anything else in it is left out."""
    value = members.get(name)
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()
