"""The head of an answer as bytes, and how its body is framed (RFC 9112 §2.1, §6). Pure.

What an application hands over is checked here once: a name that is no token, or a value with a control character,
never reaches the wire (RFC 9110 §5.5), so no value can end its line and begin a field of its own.
"""

import http
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

__all__ = ["AnswerHead", "build_answer_head"]

Framing = Literal["counted", "chunked", "until close", "none"]

_is_token = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_CONTROLS = bytes((*range(9), *range(10, 32), 127))
"""Every control character but the tab."""
_FRAMING_FIELDS = frozenset({b"content-length: ", b"transfer-encoding: ", b"connection: "})
_BODILESS = frozenset({204, 304})


class AnswerHead(NamedTuple):
    """What is written, and what follows it."""

    text: bytes
    """Status line, fields and the empty line."""
    framing: Framing
    """`none`: whatever the application sends as a body, nothing of it is written (RFC 9112 §6.3)."""
    length: int
    """Bytes of a counted body, else 0."""
    keeps_alive: bool


def build_answer_head(
    status: int,
    fields: Iterable[tuple[bytes, bytes]],
    *,
    method: str,
    is_http_1_0: bool,
    keeps_alive: bool,
) -> AnswerHead:
    """Raises ValueError for a field that must not be written. Names go out in lower case."""
    lines = [_status_line(status)]
    length: int | None = None
    is_chunked = is_close_said = False
    for name, value in fields:
        start = _field_start(name)
        if start in _FRAMING_FIELDS:
            if start == b"content-length: ":
                length = int(value)
            elif start == b"transfer-encoding: ":
                is_chunked = is_chunked or value.lower() == b"chunked"
            elif b"close" in value.lower():
                keeps_alive, is_close_said = False, True
        lines.append(start + value)
    together = b"".join(lines)  # looked through once, before any line has its end
    if len(together.translate(None, _CONTROLS)) != len(together):
        raise ValueError("a header value has a control character")
    framing: Framing = "counted"
    if method == "HEAD" or status in _BODILESS:
        framing = "none"
    elif is_chunked or length is None:
        framing = "until close" if is_http_1_0 else "chunked"
        if not is_http_1_0 and not is_chunked:
            lines.append(b"transfer-encoding: chunked")
    if not keeps_alive and not is_close_said:
        lines.append(b"connection: close")
    lines.append(b"\r\n")
    return AnswerHead(b"\r\n".join(lines), framing, length or 0 if framing == "counted" else 0, keeps_alive)


@lru_cache(maxsize=512)
def _field_start(name: bytes) -> bytes:
    """Few names are ever sent, and each is checked once."""
    if not _is_token(name):
        raise ValueError("a header name is no token")
    return name.lower() + b": "


@lru_cache(maxsize=64)
def _status_line(status: int) -> bytes:
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status:d} {phrase}".encode("ascii")
