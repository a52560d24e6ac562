"""The token endpoint's answers, both ways (RFC 6749 §5; AWS Sign-In API, CreateOAuth2Token).

Success is an object in the style of the question. A refusal is a class in the `x-amzn-ErrorType` header
and a word in the body: whoever reads one looks at those and hardly at the status. Reading is as tolerant
as the SDKs' shared test cases require, and not more; what a peer says is cleaned before a person sees it.
"""

import json
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quote
from typing import NamedTuple

from daypass.errors import NetworkError, RemoteProtocolError
from daypass.protocol.jose.json_object import parse_json_object
from daypass.protocol.oauth.errors import (
    AuthcodeExpired,
    InsufficientPermissions,
    InvalidRequest,
    SignInError,
    TokenExpired,
    TooManyRequests,
    UserCredentialsChanged,
)
from daypass.protocol.oauth.token_request import WireStyle
from daypass.secret import Secret

__all__ = ["TOKEN_TYPE", "TokenSet", "build_error_body", "build_token_response", "parse_token_response"]

TOKEN_TYPE = "urn:aws:params:oauth:token-type:access_token_sigv4"  # noqa: S105 - a public name
"""What the real service answers; its API model says `aws_sigv4`, and no client compares."""

_LONGEST_BODY = 262_144  # bytes
_LONGEST_MESSAGE = 300  # characters
_LONGEST_LIFE = 86_400  # seconds; AWS answers 1..900, clients take more
_ERRORS_BY_WORD: Mapping[str, type[SignInError]] = {
    cls.error: cls
    for cls in (
        AuthcodeExpired,
        InsufficientPermissions,
        InvalidRequest,
        TokenExpired,
        UserCredentialsChanged,
    )
} | {"invalid_grant": InvalidRequest, "invalid_request": InvalidRequest, "rate_exceeded": TooManyRequests}
_ERRORS_BY_TYPE: dict[str, type[SignInError]] = {
    "AccessDeniedException": SignInError,
    "TooManyRequestsError": TooManyRequests,
    "ValidationException": InvalidRequest,
}

_CAMEL_NAMES = (
    *("accessToken", "accessKeyId", "secretAccessKey", "sessionToken"),
    *("tokenType", "expiresIn", "refreshToken", "idToken"),
)
_SNAKE_NAMES = (
    *("access_token", "access_key_id", "secret_access_key", "session_token"),
    *("token_type", "expires_in", "refresh_token", "id_token"),
)


class TokenSet(NamedTuple):
    """Temporary credentials and what renews them. Quick to make: every refresh does."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret
    expires_in: int
    """Seconds, from the answer on."""
    refresh_token: Secret
    id_token: str | None = None
    """Only in the answer to a code."""
    token_type: str = TOKEN_TYPE

    def __repr__(self) -> str:
        return f"TokenSet(access_key_id={self.access_key_id!r}, expires_in={self.expires_in})"


def build_token_response(token_set: TokenSet, style: WireStyle) -> bytes:
    """The body of a 200 answer: camelCase for JSON requests, snake_case for form requests. Holds secrets."""
    names = _CAMEL_NAMES if style == "json" else _SNAKE_NAMES
    access_token, key_id, secret, session_token, token_type, expires_in, refresh_token, id_token = names
    # Written out: the encoder would look at every value again, on the hottest answer there is.
    text = (
        f'{{"{access_token}": {{"{key_id}": {quote(token_set.access_key_id)},'
        f' "{secret}": {quote(token_set.secret_access_key.reveal())},'
        f' "{session_token}": {quote(token_set.session_token.reveal())}}},'
        f' "{token_type}": {quote(token_set.token_type)}, "{expires_in}": {token_set.expires_in:d},'
        f' "{refresh_token}": {quote(token_set.refresh_token.reveal())}'
    )
    if token_set.id_token is not None:
        text += f', "{id_token}": {quote(token_set.id_token)}'
    return (text + "}").encode("ascii")


def build_error_body(error: SignInError) -> bytes:
    """The body of a refusal: the word clients branch on, and the message people read."""
    return json.dumps({"error": error.error, "message": error.message}).encode("ascii")


def parse_token_response(status: int, headers: Mapping[str, str], body: bytes) -> TokenSet:
    """The tokens of an answer; `headers` has lower-case names.

    Raises the SignInError class the server meant (SignInError itself when it is a denial with a word we do
    not know), NetworkError for a fault of the server (5xx), RemoteProtocolError for anything else.
    """
    if status >= 500:
        raise NetworkError(f"the sign-in service failed (HTTP {status})", hint="try again in a moment")
    if len(body) > _LONGEST_BODY:
        raise RemoteProtocolError("the token answer is too large")
    if 400 <= status < 500:
        raise _read_refusal(status, headers, body)
    if status != 200:
        raise RemoteProtocolError(
            f"the token endpoint answered HTTP {status}, which is not part of the protocol"
        )
    return _read_tokens(parse_json_object(body))


def _read_tokens(members: Mapping[str, object]) -> TokenSet:
    credentials = members.get("accessToken")
    if not isinstance(credentials, dict):
        raise RemoteProtocolError("the token answer has no credentials (accessToken)")
    return TokenSet(
        access_key_id=_text(credentials, "accessKeyId"),
        secret_access_key=Secret(_text(credentials, "secretAccessKey")),
        session_token=Secret(_text(credentials, "sessionToken")),
        expires_in=_life(members.get("expiresIn")),
        refresh_token=Secret(_text(members, "refreshToken")),
        id_token=None if members.get("idToken") is None else _text(members, "idToken"),
        token_type=TOKEN_TYPE if members.get("tokenType") is None else _text(members, "tokenType"),
    )


def _text(members: Mapping[str, object], name: str) -> str:
    """Non-empty printable ASCII: it will be written into files and headers."""
    text = members.get(name)
    if not isinstance(text, str) or not text or not (text.isascii() and text.isprintable()):
        raise RemoteProtocolError(f"the token answer has no usable {name}")
    return text


def _life(expires_in: object) -> int:
    if (
        not isinstance(expires_in, int)
        or isinstance(expires_in, bool)
        or not 1 <= expires_in <= _LONGEST_LIFE
    ):
        raise RemoteProtocolError("the token answer has no usable expiresIn")
    return expires_in


def _read_refusal(status: int, headers: Mapping[str, str], body: bytes) -> SignInError | RemoteProtocolError:
    """By word first, then by class: the word is the finer of the two."""
    try:
        members = parse_json_object(body)
    except RemoteProtocolError:
        members = {}
    error_type = _error_type(headers, members)
    word = members.get("error")
    by_type = TooManyRequests if status == 429 else _ERRORS_BY_TYPE.get(error_type)
    cls = _ERRORS_BY_WORD.get(word) if isinstance(word, str) else None
    if cls is None or cls is InvalidRequest:
        cls = by_type or cls
    if cls is None:
        return RemoteProtocolError(f"the token endpoint answered HTTP {status} without a reason we know")
    return cls(
        _presentable(members.get("message")) or f"refused with HTTP {status}", detail=f"type={error_type}"
    )


def _error_type(headers: Mapping[str, str], members: Mapping[str, object]) -> str:
    """Where AWS clients look for the class: header, `__type`, `code`; suffix `:…` and prefix `…#` removed."""
    for found in (headers.get("x-amzn-errortype"), members.get("__type"), members.get("code")):
        if isinstance(found, str) and found:
            word = found.partition(":")[0].rpartition("#")[2].strip()
            return word if word.isascii() and word.isalnum() else ""
    return ""


def _presentable(message: object) -> str:
    """A stranger's sentence, without anything that could move a terminal's cursor."""
    if not isinstance(message, str):
        return ""
    return "".join(character for character in message if character.isprintable())[:_LONGEST_MESSAGE]
