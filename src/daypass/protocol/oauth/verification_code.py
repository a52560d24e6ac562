"""The one text a person carries from the confirmation page to the terminal (cross-device login).

It is base64 of `state=…&code=…`: standard alphabet with padding, because the AWS CLI drops `-` and `_`
silently and refuses missing padding. Reading is generous (both alphabets, padding optional, white space
anywhere, a whole redirect address), because a person pasted it; the state check is never generous.
"""

import base64
from urllib.parse import quote, urlsplit

from daypass.errors import RemoteProtocolError
from daypass.protocol.oauth.authorization_response import parse_authorization_response

__all__ = ["build_verification_code", "parse_pasted_code", "read_pasted_query"]

_LONGEST_PASTE = 16_384  # characters
_TO_STANDARD_ALPHABET = str.maketrans("-_", "+/")
_COPY_AGAIN = "copy the whole code from the page and paste it again"


def build_verification_code(*, state: str, code: str) -> str:
    """The text to show. Keep it under 1024 characters: terminals cut longer lines."""
    inner = f"state={quote(state, safe='')}&code={quote(code, safe='')}"
    return base64.b64encode(inner.encode("ascii")).decode("ascii")


def parse_pasted_code(pasted: str, *, expected_state: str) -> str:
    """The authorization code in what was pasted; a secret.

    Raises LoginMismatch, LoginDenied as `parse_authorization_response`; RemoteProtocolError when the
    text is not a verification code at all.
    """
    return parse_authorization_response(read_pasted_query(pasted), expected_state=expected_state)


def read_pasted_query(pasted: str) -> str:
    """The query string in what was pasted, not yet checked. Raises RemoteProtocolError when there is none."""
    if len(pasted) > _LONGEST_PASTE:
        raise RemoteProtocolError("the pasted text is too long for a verification code", hint=_COPY_AGAIN)
    text = "".join(pasted.split())
    return _query_of_address(text) if _is_address(text) else _decode(text)


def _is_address(text: str) -> bool:
    return "://" in text  # neither base64 alphabet has a colon


def _query_of_address(text: str) -> str:
    try:
        return urlsplit(text).query
    except ValueError:
        raise RemoteProtocolError("the pasted address is damaged", hint=_COPY_AGAIN) from None


def _decode(text: str) -> str:
    unpadded = text.rstrip("=").translate(_TO_STANDARD_ALPHABET)
    try:
        raw = base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), validate=True)
        return raw.decode("ascii")
    except ValueError:
        raise RemoteProtocolError("the pasted text is not a verification code", hint=_COPY_AGAIN) from None
