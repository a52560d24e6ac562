"""JSON from a stranger: one object in UTF-8, each member name once (RFC 7515 §4, RFC 8259 §4 and §8.1).

Two members of the same name mean different things to different readers, so they are refused at any
depth. Nesting that exhausts the interpreter, integers of thousands of digits, `NaN` and other encodings
are refused with the same error; nothing else ever leaves this function. Callers cap the length.
"""

import json
from typing import NoReturn

from daypass.errors import RemoteProtocolError

__all__ = ["parse_json_object"]


def _unique(members: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member name is repeated")
    return found


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("not a JSON number")


_WHITE_SPACE = " \t\n\r"
_read = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant).raw_decode
"""Without `decode`'s search for white space, which costs as much as a small object."""


def parse_json_object(raw: bytes) -> dict[str, object]:
    """The object in these bytes. Raises RemoteProtocolError.

    Strings may hold lone surrogates (`"\\ud800"`), which cannot be encoded again: check a text's
    alphabet before it is used.
    """
    try:
        text = raw.decode("utf-8").strip(_WHITE_SPACE)
        found, end = _read(text)
        if end != len(text):
            raise ValueError("more than one value")
    except (ValueError, RecursionError):
        # The cause would quote the text, and the text may hold a secret.
        raise RemoteProtocolError("not a JSON object with unique member names") from None
    if not isinstance(found, dict):
        raise RemoteProtocolError("not a JSON object")
    return found
