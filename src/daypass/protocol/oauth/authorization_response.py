"""The authorization response (RFC 6749 §4.1.2): build the redirect, parse what comes back.

The client compares `state` before it looks at anything else, `error` included: a forged error must not
end someone's login.
"""

import hmac
from urllib.parse import parse_qs, quote

from daypass.errors import LoginDenied, LoginMismatch, RemoteProtocolError

__all__ = ["build_code_redirect", "build_error_redirect", "parse_authorization_response"]

_LONGEST_CODE = 2048


def build_code_redirect(redirect_uri: str, *, code: str, state: str) -> str:
    """Where to send the browser with the code."""
    return f"{redirect_uri}?code={quote(code, safe='-._~')}&state={quote(state, safe='-._~')}"


def build_error_redirect(redirect_uri: str, *, error: str, state: str | None) -> str:
    """Where to send the browser with an error word (RFC 6749 §4.1.2.1)."""
    tail = "" if state is None else f"&state={quote(state, safe='-._~')}"
    return f"{redirect_uri}?error={quote(error, safe='-._~')}{tail}"


def parse_authorization_response(raw_query: str, *, expected_state: str) -> str:
    """The code. Raises LoginMismatch, LoginDenied, RemoteProtocolError, in that order of checks."""
    try:
        fields = parse_qs(raw_query, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise RemoteProtocolError(
            "the sign-in service sent a malformed answer", hint="daypass login"
        ) from None
    states = fields.get("state", [])
    if len(states) != 1 or not hmac.compare_digest(states[0].encode(), expected_state.encode()):
        raise LoginMismatch("the answer belongs to another login", hint="daypass login")
    if "error" in fields:
        word = fields["error"][0]
        shown = word if len(word) <= 40 and word.isascii() and word.replace("_", "a").isalnum() else "refused"
        raise LoginDenied(f"the sign-in service said no ({shown})", hint="daypass login")
    codes = fields.get("code", [])
    if len(codes) != 1 or not 1 <= len(codes[0]) <= _LONGEST_CODE:
        raise RemoteProtocolError("the sign-in service sent no code", hint="daypass login")
    return codes[0]
