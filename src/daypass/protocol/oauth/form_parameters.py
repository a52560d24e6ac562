"""Parameters in `application/x-www-form-urlencoded`, as a query or a body carries them (RFC 6749 §3.1, §3.2).

The law of the framework: a parameter without a value counts as omitted, an unknown one is ignored, and a
known one must not come twice. Who is told of a repetition depends on the endpoint, so it is reported here
and judged by the caller.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from daypass.errors import RemoteProtocolError

__all__ = ["FormParameters", "is_visible_ascii", "parse_form_parameters"]

_MOST_FIELDS = 100


@dataclass(frozen=True, slots=True)
class FormParameters:
    """The known parameters of one request or answer."""

    values: dict[str, str]
    """Name to decoded value; never an empty value. May hold secrets: not for `repr`."""
    repeated: frozenset[str]
    """Known names that came more than once, with or without a value."""

    def __repr__(self) -> str:
        return f"FormParameters(names={sorted(self.values)}, repeated={sorted(self.repeated)})"


def parse_form_parameters(raw: str, *, known: frozenset[str]) -> FormParameters:
    """Decode `raw` and keep what is in `known`.

    Raises RemoteProtocolError: a bare character beyond ASCII, escapes that are not UTF-8, over 100 fields.
    """
    try:
        raw.encode("ascii")
        fields = parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise RemoteProtocolError("not form-urlencoded text in UTF-8") from None
    values: dict[str, str] = {}
    seen: set[str] = set()
    repeated: set[str] = set()
    for name, text in fields:
        if name not in known:
            continue
        if name in seen:
            repeated.add(name)
        seen.add(name)
        if text:
            values[name] = text
    return FormParameters(values, frozenset(repeated))


def is_visible_ascii(text: str) -> bool:
    """Only characters from `!` to `~`: nothing that ends a header, a line or a terminal's patience."""
    return text.isascii() and text.isprintable() and " " not in text
