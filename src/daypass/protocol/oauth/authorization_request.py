"""The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3) as `aws login` sends it: build it, parse it.

Order of checks: client, redirect URI (until here failures are *displayed*), then state and the rest
(failures are *redirected*). Unknown parameters are ignored, known ones may appear once (RFC 6749 §3.1).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from daypass.protocol.oauth.errors import DisplayedError, RedirectedError
from daypass.protocol.oauth.pkce import CHALLENGE_METHODS, is_code_challenge
from daypass.protocol.oauth.registered_client import CROSS_DEVICE, PUBLIC_CLIENTS, SAME_DEVICE

__all__ = ["AuthorizationRequest", "build_authorization_url", "parse_authorization_request"]

_KNOWN = frozenset(
    {
        "response_type",
        "client_id",
        "state",
        "code_challenge_method",
        "scope",
        "redirect_uri",
        "code_challenge",
        "resource",
    }
)
_LOOPBACK = re.compile(r"http://127\.0\.0\.1:([1-9][0-9]{0,4})/oauth/callback", re.ASCII)
_VISIBLE = re.compile(r"[!-~]{1,512}", re.ASCII)
_LONGEST_QUERY = 16_384  # bytes
_LONGEST_URI = 2048


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request whose every field has been checked."""

    client_id: str
    redirect_uri: str
    state: str
    """1..512 visible ASCII characters, returned unchanged."""
    code_challenge: str
    """43 characters, no padding."""
    code_challenge_method: str = "SHA-256"
    scope: str = "openid"
    resource: str | None = None


def build_authorization_url(base_url: str, request: AuthorizationRequest) -> str:
    """The URL for the browser, parameters in the AWS CLI's order, only unreserved characters bare."""
    fields = [
        ("response_type", "code"),
        ("client_id", request.client_id),
        ("state", request.state),
        ("code_challenge_method", request.code_challenge_method),
        ("scope", request.scope),
        ("redirect_uri", request.redirect_uri),
        ("code_challenge", request.code_challenge),
    ]
    if request.resource is not None:
        fields.append(("resource", request.resource))
    query = "&".join(f"{name}={quote(value, safe='-._~')}" for name, value in fields)
    return f"{base_url.rstrip('/')}/v1/authorize?{query}"


def parse_authorization_request(raw_query: str, *, confirmation_uris: frozenset[str]) -> AuthorizationRequest:
    """Check a request. `confirmation_uris` are the cross-device pages of this server's own origins.

    Raises DisplayedError until client and redirect URI are proven, RedirectedError afterwards.
    """
    fields, duplicated = _fields(raw_query)
    client_id = _check_client(fields, duplicated)
    redirect_uri = _check_redirect_uri(fields, duplicated, client_id, confirmation_uris)
    state = _check_state(fields, duplicated, redirect_uri)

    def refuse(error: str, message: str) -> RedirectedError:
        return RedirectedError(error, message, redirect_uri=redirect_uri, state=state)

    if duplicated:
        raise refuse("invalid_request", "a parameter appears more than once")
    if fields.get("response_type") != "code":
        raise refuse("unsupported_response_type", "response_type must be code")
    if fields.get("scope") != "openid":
        raise refuse("invalid_scope", "scope must be openid")
    method = fields.get("code_challenge_method", "")
    if method not in CHALLENGE_METHODS:
        raise refuse("invalid_request", "code_challenge_method must be SHA-256")
    challenge = fields.get("code_challenge", "").rstrip("=")
    if not is_code_challenge(challenge):
        raise refuse("invalid_request", "code_challenge is not the base64url form of a SHA-256")
    resource = fields.get("resource")
    if resource is not None and not 1 <= len(resource) <= _LONGEST_URI:
        raise refuse("invalid_request", "resource has a wrong length")
    return AuthorizationRequest(client_id, redirect_uri, state, challenge, method, "openid", resource)


def _fields(raw_query: str) -> tuple[Mapping[str, str], frozenset[str]]:
    if len(raw_query) > _LONGEST_QUERY:
        raise DisplayedError("the sign-in link is too long")
    try:
        pairs = parse_qsl(raw_query, keep_blank_values=True, max_num_fields=100, errors="strict")
    except ValueError:
        raise DisplayedError("the sign-in link is malformed") from None
    fields: dict[str, str] = {}
    duplicated = set()
    for name, value in pairs:
        if name in _KNOWN:
            if name in fields:
                duplicated.add(name)
            fields[name] = value
    return fields, frozenset(duplicated)


def _check_client(fields: Mapping[str, str], duplicated: frozenset[str]) -> str:
    client_id = fields.get("client_id", "")
    if "client_id" in duplicated or client_id not in PUBLIC_CLIENTS:
        raise DisplayedError("the sign-in link names a client this server does not know")
    return client_id


def _check_redirect_uri(
    fields: Mapping[str, str], duplicated: frozenset[str], client_id: str, confirmation_uris: frozenset[str]
) -> str:
    """Exact match, loopback port excepted (RFC 8252 §7.3, RFC 9700 §4.1.3)."""
    redirect_uri = fields.get("redirect_uri", "")
    if "redirect_uri" not in duplicated:
        if client_id == SAME_DEVICE:
            match = _LOOPBACK.fullmatch(redirect_uri)
            if match and int(match.group(1)) <= 65_535:
                return redirect_uri
        elif client_id == CROSS_DEVICE and redirect_uri in confirmation_uris:
            return redirect_uri
    raise DisplayedError("the sign-in link would return to an address that is not allowed")


def _check_state(fields: Mapping[str, str], duplicated: frozenset[str], redirect_uri: str) -> str:
    state = fields.get("state", "")
    if "state" in duplicated or not _VISIBLE.fullmatch(state):
        raise RedirectedError(
            "invalid_request", "state is missing or malformed", redirect_uri=redirect_uri, state=None
        )
    return state
