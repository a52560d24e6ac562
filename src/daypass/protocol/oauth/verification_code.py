"""The code a person carries from the confirmation page to a terminal without a browser.

    base64("state=" + percent-encoded state + "&code=" + percent-encoded code)

Standard alphabet with padding, because the AWS CLI drops `-` and `_` silently and needs the padding.
Our own terminal is kinder: any white space, either alphabet, missing padding, or the page's whole address.
"""

import base64
import binascii
from urllib.parse import quote, urlsplit

from daypass.errors import RemoteProtocolError
from daypass.protocol.oauth.authorization_response import parse_authorization_response

__all__ = ["build_verification_code", "parse_pasted_code"]

_LONGEST_PASTE = 8192


def build_verification_code(*, state: str, code: str) -> str:
    """The text the page shows: one line."""
    inner = f"state={quote(state, safe='-._~')}&code={quote(code, safe='-._~')}"
    return base64.b64encode(inner.encode("ascii")).decode("ascii")


def parse_pasted_code(pasted: str, *, expected_state: str) -> str:
    """The code inside a pasted text. Raises RemoteProtocolError, LoginMismatch or LoginDenied."""
    text = "".join(pasted.split())
    if not text or len(text) > _LONGEST_PASTE:
        raise RemoteProtocolError(
            "that is not the code from the page", hint="copy the whole code and paste it again"
        )
    if text.startswith(("http://", "https://")):
        return parse_authorization_response(urlsplit(text).query, expected_state=expected_state)
    return parse_authorization_response(_decode(text), expected_state=expected_state)


def _decode(text: str) -> str:
    standard = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise RemoteProtocolError(
            "that is not the code from the page", hint="copy the whole code and paste it again"
        ) from None
