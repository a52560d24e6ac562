"""The XML of AWS answers, written only: nothing here parses.

Every text is escaped and every character XML 1.0 forbids is replaced (W3C XML 1.0 §2.2), so no stored
name can break an answer. Shapes: AWS Query Protocol responses (`<OpResponse><OpResult>…`), Query errors
(wrapped in `<ErrorResponse>`, because clients look for `Error` inside a wrapper), S3 errors (bare `<Error>`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias

from daypass.errors import LocalProtocolError
from daypass.protocol.aws.errors import AwsError

__all__ = [
    "IAM_NAMESPACE",
    "STS_NAMESPACE",
    "XmlRepeated",
    "XmlValue",
    "build_error_xml",
    "build_response_xml",
    "build_s3_error_xml",
    "escape_text",
    "format_timestamp",
]

STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
IAM_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"

XmlValue: TypeAlias = "str | int | bool | Mapping[str, XmlValue] | Sequence[XmlValue] | XmlRepeated | None"
"""Mapping: child elements. Sequence: `<member>` elements. None: the element is left out."""


@dataclass(frozen=True, slots=True)
class XmlRepeated:
    """Elements of one name other than `member`: the `<entry>` of a map."""

    name: str
    items: "tuple[XmlValue, ...]"


_illegal = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_needs_escape = re.compile("[<>&\"'\r\n\t]")
_is_plain = re.compile(r"[A-Za-z0-9 _.:/+=,@\-]*").fullmatch
_is_element_name = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*").fullmatch
_ESCAPES = {
    "<": "&lt;",
    ">": "&gt;",
    "&": "&amp;",
    '"': "&quot;",
    "'": "&#39;",
    "\r": "&#13;",
    "\n": "&#10;",
    "\t": "&#9;",
}


def escape_text(text: str) -> str:
    """The text as element or attribute content; forbidden characters become U+FFFD."""
    if _is_plain(text):
        return text
    return _needs_escape.sub(lambda found: _ESCAPES[found[0]], _illegal.sub("\ufffd", text))


def format_timestamp(moment: int) -> str:
    """ISO 8601 in UTC, as the Query protocol writes times: `2024-01-31T23:59:00Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def build_response_xml(
    action: str, namespace: str, result: Mapping[str, XmlValue] | None, request_id: str
) -> bytes:
    """A successful Query answer. `result` None is an operation without output: no `<OpResult>` at all."""
    parts = [f'<{_name(action)}Response xmlns="{escape_text(namespace)}">']
    if result is not None:
        _write(parts, f"{action}Result", result)
    _write(parts, "ResponseMetadata", {"RequestId": request_id})
    parts.append(f"</{action}Response>")
    return "".join(parts).encode()


def build_error_xml(error: AwsError, request_id: str, *, namespace: str = STS_NAMESPACE) -> bytes:
    """A Query refusal, in the wrapper clients require."""
    parts = [f'<ErrorResponse xmlns="{escape_text(namespace)}">']
    _write(parts, "Error", {"Type": error.fault, "Code": error.code, "Message": error.message})
    _write(parts, "RequestId", request_id)
    parts.append("</ErrorResponse>")
    return "".join(parts).encode()


def build_s3_error_xml(
    error: AwsError, *, resource: str, request_id: str, extra: Mapping[str, str] | None = None
) -> bytes:
    """An S3 refusal: no namespace, no wrapper. `extra` are the further elements of some codes."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n']
    fields = {
        "Code": error.code,
        "Message": error.message,
        **(extra or {}),
        "Resource": resource,
        "RequestId": request_id,
    }
    _write(parts, "Error", fields)
    return "".join(parts).encode()


def _write(parts: list[str], name: str, value: XmlValue) -> None:
    if value is None:
        return
    parts.append(f"<{_name(name)}>")
    if isinstance(value, bool):
        parts.append("true" if value else "false")
    elif isinstance(value, str | int):
        parts.append(escape_text(str(value)))
    elif isinstance(value, Mapping):
        for child_name, child in value.items():
            _write(parts, child_name, child)
    elif isinstance(value, XmlRepeated):
        for item in value.items:
            _write(parts, value.name, item)
    else:
        for member in value:
            _write(parts, "member", member)
    parts.append(f"</{name}>")


@lru_cache(maxsize=1024)
def _name(name: str) -> str:
    if not _is_element_name(name):
        raise LocalProtocolError("an element name is not one of ours")
    return name
