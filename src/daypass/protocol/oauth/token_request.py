"""`POST /v1/token`: the two grants, built and parsed (RFC 6749 §4.1.3, §6; AWS Sign-In API, CreateOAuth2Token).

JSON in camelCase is what AWS clients send; form in snake_case is documented as well, and the answer comes
in the style of the question. A field is a text of the documented length and alphabet, and comes once.
Unknown members are ignored. No input raises anything but InvalidRequest, and no text repeats a value.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from daypass.errors import RemoteProtocolError
from daypass.protocol.jose.json_object import parse_json_object
from daypass.protocol.oauth.errors import InvalidRequest
from daypass.protocol.oauth.form_parameters import parse_form_parameters
from daypass.protocol.oauth.registered_client import PUBLIC_CLIENTS
from daypass.secret import Secret

__all__ = [
    "MAX_TOKEN_REQUEST_BYTES",
    "CodeGrant",
    "RefreshGrant",
    "WireStyle",
    "build_code_grant_body",
    "build_refresh_grant_body",
    "parse_token_request",
]

WireStyle = Literal["json", "form"]

MAX_TOKEN_REQUEST_BYTES = 16_384

_SNAKE_NAMES = {
    "clientId": "client_id",
    "grantType": "grant_type",
    "code": "code",
    "redirectUri": "redirect_uri",
    "codeVerifier": "code_verifier",
    "refreshToken": "refresh_token",
    "resource": "resource",
}
_KNOWN_FORM_NAMES = frozenset(_SNAKE_NAMES.values())
_FIELD_RULES = {
    "code": re.compile(r"[!-~]{1,512}", re.ASCII),
    "redirectUri": re.compile(r"[!-~]{1,2048}", re.ASCII),
    "codeVerifier": re.compile(r"[A-Za-z0-9\-._~]{43,128}", re.ASCII),
    "refreshToken": re.compile(r"[!-~]{1,2048}", re.ASCII),
}
"""Lengths of the Sign-In API model; `!` to `~` because opaque values are visible ASCII (RFC 6749 appendix A)."""


@dataclass(frozen=True, slots=True)
class CodeGrant:
    """`grantType` authorization_code, well-formed; nothing in it is verified yet."""

    client_id: str
    code: Secret
    redirect_uri: str
    code_verifier: Secret
    style: WireStyle


class RefreshGrant(NamedTuple):
    """`grantType` refresh_token, well-formed; nothing in it is verified yet. Quick to make: every refresh does."""

    client_id: str
    refresh_token: Secret
    style: WireStyle


def build_code_grant_body(*, client_id: str, code: Secret, redirect_uri: str, code_verifier: Secret) -> bytes:
    """JSON body that redeems a code. It holds secrets."""
    body = {
        "clientId": client_id,
        "grantType": "authorization_code",
        "code": code.reveal(),
        "codeVerifier": code_verifier.reveal(),
        "redirectUri": redirect_uri,
    }
    return json.dumps(body).encode("ascii")


def build_refresh_grant_body(*, client_id: str, refresh_token: Secret) -> bytes:
    """JSON body that refreshes. It holds a secret."""
    body = {"clientId": client_id, "refreshToken": refresh_token.reveal(), "grantType": "refresh_token"}
    return json.dumps(body).encode("ascii")


def parse_token_request(content_type: str, body: bytes) -> CodeGrant | RefreshGrant:
    """Check the form of a token request. Raises InvalidRequest.

    `content_type` is the header's value, parameters allowed; `body` at most 16384 bytes.
    """
    if len(body) > MAX_TOKEN_REQUEST_BYTES:
        raise InvalidRequest("the request is larger than 16384 bytes")
    fields, style = _read_fields(content_type, body)
    client_id = fields.get("clientId")
    if not isinstance(client_id, str) or client_id not in PUBLIC_CLIENTS:
        raise InvalidRequest("clientId is not a known client")
    grant_type = fields.get("grantType")
    if grant_type == "authorization_code":
        return CodeGrant(
            client_id=client_id,
            code=Secret(_check_field(fields, "code")),
            redirect_uri=_check_field(fields, "redirectUri"),
            code_verifier=Secret(_check_field(fields, "codeVerifier")),
            style=style,
        )
    if grant_type == "refresh_token":
        return RefreshGrant(client_id, Secret(_check_field(fields, "refreshToken")), style)
    raise InvalidRequest("grantType must be authorization_code or refresh_token")


def _read_fields(content_type: str, body: bytes) -> tuple[Mapping[str, object], WireStyle]:
    """Fields under their camelCase names."""
    media_type = content_type.partition(";")[0].strip().lower()
    try:
        if media_type == "application/json":
            return _unwrap(parse_json_object(body)), "json"
        if media_type == "application/x-www-form-urlencoded":
            return _read_form(body), "form"
    except RemoteProtocolError as problem:
        raise InvalidRequest(f"the body cannot be read: {problem.message}") from None
    raise InvalidRequest("Content-Type must be application/json or application/x-www-form-urlencoded")


def _unwrap(members: dict[str, object]) -> Mapping[str, object]:
    """Some clients send the API model's member name around the payload it names."""
    wrapped = members.get("tokenInput")
    if isinstance(wrapped, dict) and "grantType" not in members:
        return wrapped
    return members


def _read_form(body: bytes) -> Mapping[str, object]:
    parameters = parse_form_parameters(body.decode("latin-1"), known=_KNOWN_FORM_NAMES)
    if parameters.repeated:
        raise RemoteProtocolError("a parameter is repeated")
    return {camel: parameters.values.get(snake) for camel, snake in _SNAKE_NAMES.items()}


def _check_field(fields: Mapping[str, object], name: str) -> str:
    text = fields.get(name)
    if not isinstance(text, str) or not _FIELD_RULES[name].fullmatch(text):
        raise InvalidRequest(f"{name} is missing or not well-formed")
    return text
