"""The answer that travels back through the browser: a code or an error, and the state (RFC 6749 §4.1.2).

The client compares `state` before it looks at anything else: an answer to somebody else's question is a
mismatch even if it says "error", so a forged error ends nobody's login (RFC 9700 §4.7). Comparison is
constant time and inside.
"""

import hmac
import re
from urllib.parse import quote

from daypass.errors import LocalProtocolError, LoginDenied, LoginMismatch, RemoteProtocolError
from daypass.protocol.oauth.form_parameters import is_visible_ascii, parse_form_parameters

__all__ = ["build_code_redirect", "build_error_redirect", "parse_authorization_response"]

_LONGEST_CODE = 512
"""Characters; Sign-In API model, `code`."""
_LONGEST_QUERY = 16_384  # characters
_KNOWN = frozenset({"code", "error", "error_description", "state"})
_START_AGAIN = "daypass login"
_is_error_word = re.compile(r"[A-Za-z0-9_]{1,300}", re.ASCII).fullmatch
"""What AWS Tools for PowerShell accepts as a value of `error`."""
_DENIED_TEXTS = {
    "access_denied": "the sign-in was refused",
    "invalid_request": "the sign-in service did not understand the request",
    "server_error": "the sign-in service failed",
    "temporarily_unavailable": "the sign-in service is not available now",
}


def build_code_redirect(redirect_uri: str, *, code: str, state: str) -> str:
    """Where to send the browser with a code. Every value is percent-encoded in full."""
    return _with_query(redirect_uri, f"code={quote(code, safe='')}&state={quote(state, safe='')}")


def build_error_redirect(redirect_uri: str, *, error: str, state: str | None) -> str:
    """Where to send the browser with a refusal. Raises LocalProtocolError unless `error` is a plain word."""
    if not _is_error_word(error):
        raise LocalProtocolError("an error word has letters, digits and underscores only")
    suffix = "" if state is None else f"&state={quote(state, safe='')}"
    return _with_query(redirect_uri, f"error={error}{suffix}")


def parse_authorization_response(raw_query: str, *, expected_state: str) -> str:
    """The code of an answer to our question; a secret.

    Raises LoginMismatch when the state is missing, repeated or another one, whatever else is there; then
    LoginDenied on `error`; RemoteProtocolError when there is no usable code.
    """
    if len(raw_query) > _LONGEST_QUERY:
        raise RemoteProtocolError("the sign-in answer is too long", hint=_START_AGAIN)
    parameters = parse_form_parameters(raw_query, known=_KNOWN)
    state = parameters.values.get("state", "")
    is_ours = hmac.compare_digest(state.encode(), expected_state.encode())
    if not state or "state" in parameters.repeated or not is_ours:
        raise LoginMismatch("the answer belongs to another sign-in (state differs)", hint=_START_AGAIN)
    if parameters.repeated:
        raise RemoteProtocolError("the sign-in answer repeats a parameter", hint=_START_AGAIN)
    error = parameters.values.get("error")
    if error is not None:
        raise _denied(error)
    code = parameters.values.get("code", "")
    if not 1 <= len(code) <= _LONGEST_CODE or not is_visible_ascii(code):
        raise RemoteProtocolError("the sign-in answer has no usable code", hint=_START_AGAIN)
    return code


def _denied(error: str) -> LoginDenied:
    """The word may be shown only if it is one: it came through the address bar."""
    word = error if _is_error_word(error) else "unreadable"
    message = _DENIED_TEXTS.get(word, f"the sign-in was not completed ({word})")
    return LoginDenied(message, hint=_START_AGAIN, detail=f"error={word}")


def _with_query(redirect_uri: str, query: str) -> str:
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}"
