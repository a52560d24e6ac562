"""The canonical request: one text for every spelling of the same HTTP request.

Here lives how method, path, query, headers and payload hash become the text that is signed, and
nothing else: no keys, no dates, no verdicts (AWS Signature Version 4, "Create a canonical request").

The invariant that makes the verifier safe: two requests with the same canonical text *mean* the same
to our servers. Therefore `+` in a query is a space (as forms read it), `%7e` is `~`, and `a` is `a=`.
Some signers copy path and query as sent instead of re-encoding them, so there are at most two spellings
to try; the as-sent text collides with the re-encoded one only for requests that mean the same.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from daypass.errors import LocalProtocolError

__all__ = [
    "WireRequest",
    "canonical_paths",
    "canonical_queries",
    "canonical_request",
    "collect_headers",
    "query_pairs",
]

_is_unreserved = re.compile(r"[A-Za-z0-9\-._~]*").fullmatch
_is_plain_path = re.compile(r"[A-Za-z0-9\-._~/]*").fullmatch
_is_visible = re.compile(r"[\x21-\x7e]*").fullmatch
_SIGNATURE_PARAMETER = "X-Amz-Signature"
_TOKEN_PARAMETER = "X-Amz-Security-Token"  # noqa: S105  a parameter's name


@dataclass(frozen=True, slots=True)
class WireRequest:
    """An HTTP request as it stood on the wire, every text the latin-1 decoding of its bytes."""

    method: str
    raw_path: str
    """Percent-encoded as sent, without the query; empty means `/`."""
    raw_query: str
    """Without the question mark."""
    headers: tuple[tuple[str, str], ...]
    """Name (any case) and value, in the order sent."""


def query_pairs(raw_query: str) -> Iterator[tuple[str, str]]:
    """The query's names and values re-encoded to their one normal form, in the order sent."""
    for piece in raw_query.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            yield (
                name if _is_unreserved(name) else _reencode_query(name),
                value if _is_unreserved(value) else _reencode_query(value),
            )


def _reencode_query(text: str) -> str:
    return quote(unquote_to_bytes(_wire_bytes(text).replace(b"+", b" ")), safe="~")


def _wire_bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise LocalProtocolError("a wire request holds latin-1 texts only") from None


def canonical_queries(raw_query: str, *, may_omit_token: bool) -> list[str]:
    """The canonical query texts to try, most likely first, without X-Amz-Signature.

    `may_omit_token` adds the spellings of signers that append X-Amz-Security-Token after signing.
    """
    if not raw_query:
        return [""]
    normal = [pair for pair in query_pairs(raw_query) if pair[0] != _SIGNATURE_PARAMETER]
    spellings = [normal]
    if _is_visible(raw_query):  # a line feed as sent would forge the lines of the canonical text
        as_sent = _pairs_as_sent(raw_query)
        if as_sent != normal:
            spellings.append(as_sent)
    if may_omit_token and any(name == _TOKEN_PARAMETER for name, _ in normal):
        spellings += [[pair for pair in pairs if pair[0] != _TOKEN_PARAMETER] for pairs in spellings]
    return ["&".join(f"{name}={value}" for name, value in sorted(pairs)) for pairs in spellings]


def _pairs_as_sent(raw_query: str) -> list[tuple[str, str]]:
    pieces = (piece.partition("=") for piece in raw_query.split("&") if piece)
    return [(name, value) for name, _, value in pieces if _normal_name(name) != _SIGNATURE_PARAMETER]


def _normal_name(name: str) -> str:
    return name if _is_unreserved(name) else _reencode_query(name)


def canonical_paths(raw_path: str, *, is_s3: bool, is_normalised: bool) -> tuple[str, ...]:
    """The canonical path texts to try.

    S3 encodes once and keeps dots and double slashes; every other service encodes what was sent once
    more, after removing dot segments and empty segments unless `is_normalised` is off.
    """
    path = raw_path or "/"
    if is_s3:
        if _is_plain_path(path):
            return (path,)
        reencoded = quote(unquote_to_bytes(_wire_bytes(path)), safe="/~")
        return (reencoded, path) if reencoded != path and _is_visible(path) else (reencoded,)
    if is_normalised and path != "/":
        path = _remove_dot_segments(path)
    return (path if _is_plain_path(path) else quote(_wire_bytes(path), safe="/~"),)


def _remove_dot_segments(path: str) -> str:
    """Dot segments (RFC 3986 §5.2.4) and empty ones removed."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    return "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")


def collect_headers(request: WireRequest) -> dict[str, list[str]]:
    """Every header's values by lower-case name, in the order sent."""
    collected: dict[str, list[str]] = {}
    for name, value in request.headers:
        collected.setdefault(name.lower(), []).append(value)
    return collected


def canonical_request(
    *,
    method: str,
    path: str,
    query: str,
    headers: dict[str, list[str]],
    signed_headers: tuple[str, ...],
    payload_hash: str,
) -> bytes:
    """The text whose SHA-256 is signed. `headers` must hold every name of `signed_headers`."""
    lines = [method, path, query]
    for name in signed_headers:
        values = headers[name]
        lines.append(f"{name}:{_fold(values[0]) if len(values) == 1 else ','.join(map(_fold, values))}")
    lines += ("", ";".join(signed_headers), payload_hash)
    return _wire_bytes("\n".join(lines))


def _fold(value: str) -> str:
    """Trimmed, with every inner run of white space as one space.

    Only ASCII white space: `str.split` would eat bytes 0x85 and 0xA0, which are data in a latin-1 text.
    """
    if value.isascii() and value.isprintable() and "  " not in value:
        return value.strip(" ")
    return b" ".join(_wire_bytes(value).split()).decode("latin-1")
