"""`GET /v1/authorize`: the question a client asks through the browser, built and parsed (RFC 6749 §4.1.1).

The order of the checks is the law. Until the client *and* its redirect URI are proven a failure is
displayed; after that it is redirected, and there is no third way (RFC 6749 §4.1.2.1, RFC 9700 §4.11).
Texts are fixed: nothing of the request is repeated in a message.
Source of names, order and limits: AWS Sign-In API, AuthorizeOAuth2Access.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

from daypass.errors import RemoteProtocolError
from daypass.protocol.oauth.errors import DisplayedError, RedirectedError
from daypass.protocol.oauth.form_parameters import FormParameters, is_visible_ascii, parse_form_parameters
from daypass.protocol.oauth.pkce import CHALLENGE_METHODS, is_code_challenge
from daypass.protocol.oauth.registered_client import PUBLIC_CLIENTS, SAME_DEVICE

__all__ = ["AuthorizationRequest", "build_authorization_url", "parse_authorization_request"]

_LONGEST_QUERY = 16_384  # characters
_LONGEST_STATE = 512
_LONGEST_URI = 2048
_KNOWN = frozenset(
    {
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "redirect_uri",
        "resource",
        "response_type",
        "scope",
        "state",
    }
)
_match_loopback_uri = re.compile(r"http://127\.0\.0\.1:([1-9][0-9]{0,4})/oauth/callback", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """One question. From `parse_authorization_request` every field is checked."""

    client_id: str
    redirect_uri: str
    state: str
    """1..512 visible ASCII characters, returned unchanged."""
    code_challenge: str
    """Without padding."""
    code_challenge_method: str = "SHA-256"
    scope: str = "openid"
    resource: str | None = None


def build_authorization_url(base_url: str, request: AuthorizationRequest) -> str:
    """The URL to open in the browser, parameters in the AWS CLI's order, only unreserved characters bare."""
    parameters = [
        ("response_type", "code"),
        ("client_id", request.client_id),
        ("state", request.state),
        ("code_challenge_method", request.code_challenge_method),
        ("scope", request.scope),
        ("redirect_uri", request.redirect_uri),
        ("code_challenge", request.code_challenge),
    ]
    if request.resource is not None:
        parameters.append(("resource", request.resource))
    query = "&".join(f"{name}={quote(text, safe='')}" for name, text in parameters)
    return f"{base_url.rstrip('/')}/v1/authorize?{query}"


def parse_authorization_request(raw_query: str, *, confirmation_uris: frozenset[str]) -> AuthorizationRequest:
    """Check a query string (without `?`), rule by rule. Raises DisplayedError, then RedirectedError.

    `confirmation_uris`: the absolute URIs of our own confirmation page, the only places a cross-device
    client may be sent to.
    """
    parameters = _read_parameters(raw_query)
    client_id = _check_client(parameters)
    redirect_uri = _check_redirect_uri(parameters, client_id, confirmation_uris)
    # From here on the browser may be sent back.
    back = _WayBack(redirect_uri, _presentable_state(parameters))
    _check_repetition(parameters, back)
    _check_response_type(parameters, back)
    state = _check_state(back)
    _check_scope(parameters, back)
    method = _check_challenge_method(parameters, back)
    code_challenge = _check_challenge(parameters, back)
    resource = _check_resource(parameters, back)
    return AuthorizationRequest(
        client_id=client_id,
        redirect_uri=redirect_uri,
        state=state,
        code_challenge=code_challenge,
        code_challenge_method=method,
        resource=resource,
    )


@dataclass(frozen=True, slots=True)
class _WayBack:
    """A proven redirect URI, and the state to return with (None: none, or none that is safe to echo)."""

    redirect_uri: str
    state: str | None

    def refuse(self, error: str, message: str) -> RedirectedError:
        return RedirectedError(error, message, redirect_uri=self.redirect_uri, state=self.state)


def _read_parameters(raw_query: str) -> FormParameters:
    if len(raw_query) > _LONGEST_QUERY:
        raise DisplayedError("the sign-in link is too long")
    try:
        return parse_form_parameters(raw_query, known=_KNOWN)
    except RemoteProtocolError:
        raise DisplayedError("the sign-in link is damaged") from None


def _check_client(parameters: FormParameters) -> str:
    client_id = parameters.values.get("client_id", "")
    if "client_id" in parameters.repeated or client_id not in PUBLIC_CLIENTS:
        raise DisplayedError("the program that sent you here is not known (client_id)")
    return client_id


def _check_redirect_uri(parameters: FormParameters, client_id: str, confirmation_uris: frozenset[str]) -> str:
    """Same device: the literal loopback address, any port, one path. Cross device: our own page, exactly."""
    redirect_uri = parameters.values.get("redirect_uri", "")
    if client_id == SAME_DEVICE:
        loopback = _match_loopback_uri(redirect_uri)
        is_allowed = loopback is not None and int(loopback[1]) <= 65_535
    else:
        is_allowed = redirect_uri in confirmation_uris
    if "redirect_uri" in parameters.repeated or not is_allowed:
        raise DisplayedError("the sign-in link would lead to an address that is not allowed (redirect_uri)")
    return redirect_uri


def _presentable_state(parameters: FormParameters) -> str | None:
    state = parameters.values.get("state", "")
    is_presentable = "state" not in parameters.repeated and 1 <= len(state) <= _LONGEST_STATE
    return state if is_presentable and is_visible_ascii(state) else None


def _check_repetition(parameters: FormParameters, back: _WayBack) -> None:
    if parameters.repeated:
        raise back.refuse("invalid_request", "a parameter is repeated")


def _check_response_type(parameters: FormParameters, back: _WayBack) -> None:
    response_type = parameters.values.get("response_type")
    if response_type is None:
        raise back.refuse("invalid_request", "response_type is missing")
    if response_type != "code":
        raise back.refuse("unsupported_response_type", "response_type must be code")


def _check_state(back: _WayBack) -> str:
    if back.state is None:
        raise back.refuse("invalid_request", "state must be 1 to 512 visible ASCII characters")
    return back.state


def _check_scope(parameters: FormParameters, back: _WayBack) -> None:
    if parameters.values.get("scope") != "openid":
        raise back.refuse("invalid_scope", "scope must be openid")


def _check_challenge_method(parameters: FormParameters, back: _WayBack) -> str:
    """An absent method would mean `plain` (RFC 7636 §4.3), which is not offered."""
    method = parameters.values.get("code_challenge_method", "")
    if method not in CHALLENGE_METHODS:
        raise back.refuse("invalid_request", "code_challenge_method must be SHA-256 or S256")
    return method


def _check_challenge(parameters: FormParameters, back: _WayBack) -> str:
    code_challenge = parameters.values.get("code_challenge", "").rstrip("=")
    if not is_code_challenge(code_challenge):
        raise back.refuse("invalid_request", "code_challenge must be 43 to 128 unreserved characters")
    return code_challenge


def _check_resource(parameters: FormParameters, back: _WayBack) -> str | None:
    resource = parameters.values.get("resource")
    if resource is not None and (len(resource) > _LONGEST_URI or not resource.isprintable()):
        raise back.refuse("invalid_request", "resource must be 1 to 2048 printable characters")
    return resource
