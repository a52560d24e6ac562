"""The AWS Query protocol: flat form parameters in, XML out.

Parsing refuses what two parsers could read differently: repeated names, bad percent-encoding, bytes
that are not UTF-8 (AWS Query Protocol; STS and IAM API references, "Common Parameters"). The answers'
XML is built in `xml.py` and re-exported here, so a Query API imports one module.
"""

import re
from urllib.parse import unquote_to_bytes

from daypass.protocol.aws.errors import MalformedQueryString, RequestEntityTooLarge, ValidationError
from daypass.protocol.aws.xml import (
    IAM_NAMESPACE,
    STS_NAMESPACE,
    XmlValue,
    build_error_xml,
    build_response_xml,
    build_s3_error_xml,
)

__all__ = [
    "IAM_NAMESPACE",
    "MAX_PARAMETERS_BYTES",
    "STS_NAMESPACE",
    "XmlValue",
    "build_error_xml",
    "build_response_xml",
    "build_s3_error_xml",
    "member_list",
    "member_values",
    "parse_query_parameters",
]

MAX_PARAMETERS_BYTES = 262_144
"""Room for the longest legitimate request: a SAML assertion of 100 000 characters, form-encoded."""
MAX_PARAMETERS = 2_000
MAX_MEMBER_INDEX = 1_000

_has_bad_escape = re.compile(rb"%(?![0-9A-Fa-f]{2})").search
_match_member = re.compile(r"([1-9][0-9]{0,3})(?:\.(.+))?").fullmatch


def parse_query_parameters(encoded: bytes | str) -> dict[str, str]:
    """Names and values of a form body, or of a raw query string, in the order sent.

    Raises MalformedQueryString for bad encoding, ValidationError for a repeated name,
    RequestEntityTooLarge beyond 256 KiB or 2000 parameters.
    """
    raw = encoded if isinstance(encoded, bytes) else encoded.encode("utf-8", "surrogateescape")
    if len(raw) > MAX_PARAMETERS_BYTES or raw.count(b"&") >= MAX_PARAMETERS:
        raise RequestEntityTooLarge("The request is too large")
    parameters: dict[str, str] = {}
    for piece in raw.strip(b"\r\n").split(b"&"):
        if not piece:
            continue
        name, _, value = piece.partition(b"=")
        decoded_name = _decode(name)
        if decoded_name in parameters:
            raise ValidationError("A parameter is given more than once")
        parameters[decoded_name] = _decode(value)
    return parameters


def _decode(text: bytes) -> str:
    if b"%" not in text and b"+" not in text and text.isascii():
        return text.decode("ascii")
    if _has_bad_escape(text):
        raise MalformedQueryString("The query string contains a syntax error")
    try:
        return unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedQueryString("The query string is not valid UTF-8") from None


def member_list(parameters: dict[str, str], name: str) -> list[dict[str, str]]:
    """The structures of a list: `Tags.member.1.Key=a` gives `[{"Key": "a"}]`, ordered by index.

    Deeper names stay flat (`A.member.1.B.member.1` gives the key `B.member.1`). A missing list and an
    empty one (`Tags=`) are both empty. Raises ValidationError for bad indexes or mixed shapes.
    """
    members: dict[int, dict[str, str]] = {}
    for index, rest, value in _members(parameters, name):
        if rest is None:
            raise ValidationError(f"The members of {name} must be structures")
        members.setdefault(index, {})[rest] = value
    return [members[index] for index in sorted(members)]


def member_values(parameters: dict[str, str], name: str) -> list[str]:
    """The texts of a list: `TransitiveTagKeys.member.1=a` gives `["a"]`, ordered by index."""
    values: dict[int, str] = {}
    for index, rest, value in _members(parameters, name):
        if rest is not None:
            raise ValidationError(f"The members of {name} must be texts")
        values[index] = value
    return [values[index] for index in sorted(values)]


def _members(parameters: dict[str, str], name: str) -> list[tuple[int, str | None, str]]:
    if parameters.get(name):
        raise ValidationError(f"{name} must be a list")
    prefix = f"{name}.member."
    found = []
    for key, value in parameters.items():
        if key.startswith(prefix):
            member = _match_member(key[len(prefix) :])
            if member is None or int(member[1]) > MAX_MEMBER_INDEX:
                raise ValidationError(f"The members of {name} must be numbered from 1 to {MAX_MEMBER_INDEX}")
            found.append((int(member[1]), member[2], value))
    return found
