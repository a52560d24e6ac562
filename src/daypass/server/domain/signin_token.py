"""The custom broker's sign-in token: temporary credentials, proven once, become the right to one browser session.

`read_broker_session` reads what console-link scripts send, `SigninToken` is what they get back, sealed: it says who,
until when the browser's session would last, and until when it may be used. Nothing here knows HTTP; use-once is the
storage's (IAM user guide, "Enable custom identity broker access to the AWS console").
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from daypass.protocol.aws.errors import ValidationError
from daypass.secret import Secret
from daypass.server.domain.key_ring import KeyRing, SealBroken
from daypass.server.domain.role_session import RoleSession
from daypass.server.domain.session import PrincipalKind
from daypass.server.domain.use_once import use_once_key

__all__ = [
    "MAX_SESSION_DURATION",
    "MIN_SESSION_DURATION",
    "SIGNIN_TOKEN_LIFETIME",
    "BrokerSession",
    "SigninToken",
    "SigninTokenInvalid",
    "link_back",
    "open_signin_token",
    "own_destination",
    "read_broker_session",
    "read_session_duration",
    "seal_signin_token",
    "token_use_key",
]

SIGNIN_TOKEN_LIFETIME = 900
"""Seconds, as at AWS."""
MIN_SESSION_DURATION = 900
"""Seconds."""
MAX_SESSION_DURATION = 43_200
"""Seconds."""

_DESTINATIONS = frozenset({"/", "/signin", "/v1/authorize"})
"""The pages a link may lead to. All of them ask before anything happens."""
_LONGEST_URL = 2048
_is_visible = re.compile(r"[\x21-\x7e]+").fullmatch
_is_number = re.compile(r"[0-9]{1,9}").fullmatch


class SigninTokenInvalid(Exception):
    """The token is not ours, its time is over, or it was used. `reason` is a word for log and audit."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class BrokerSession:
    """The three values of temporary credentials, as sent. Not proven yet."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret


class SigninToken(msgspec.Struct, frozen=True, array_like=True, tag="signin-token"):
    """Inside the sealed text."""

    token_id: str
    """Random: what is used once."""
    expires_at: int
    """When the token may be used no longer."""
    session_ends_at: int
    """When the browser's session will end."""
    account_id: str
    principal_kind: PrincipalKind
    principal_arn: str
    principal_id: str
    credentials_epoch: int
    role_session: RoleSession | None
    mfa_at: int = 0


class _Document(msgspec.Struct):
    """The `Session` parameter. Other members are ignored, as AWS does."""

    session_id: str = msgspec.field(name="sessionId")
    session_key: str = msgspec.field(name="sessionKey")
    session_token: str = msgspec.field(name="sessionToken")


_decode_document = msgspec.json.Decoder(_Document).decode
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SigninToken).decode


def read_broker_session(text: str) -> BrokerSession:
    """The JSON of the `Session` parameter. Raises ValidationError, without repeating anything of it."""
    try:
        document = _decode_document(text)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors, bad Unicode too
        raise ValidationError("Session must be JSON with sessionId, sessionKey and sessionToken") from None
    return BrokerSession(document.session_id, Secret(document.session_key), Secret(document.session_token))


def read_session_duration(text: str) -> int | None:
    """Seconds, or None for an empty text. Raises ValidationError."""
    if not text:
        return None
    if not _is_number(text) or not MIN_SESSION_DURATION <= int(text) <= MAX_SESSION_DURATION:
        raise ValidationError(
            f"SessionDuration must be {MIN_SESSION_DURATION} to {MAX_SESSION_DURATION} seconds"
        )
    return int(text)


def seal_signin_token(ring: KeyRing, token: SigninToken) -> Secret:
    """The text for the `SigninToken` parameter."""
    return Secret(ring.seal("federation", _encode(token)))


def open_signin_token(ring: KeyRing, text: str, *, now: int) -> SigninToken:
    """Raises SigninTokenInvalid: `unknown` or `expired`."""
    try:
        token = _decode(ring.open("federation", text)[0])
    except (SealBroken, msgspec.MsgspecError, UnicodeDecodeError):
        raise SigninTokenInvalid("unknown") from None
    if now >= min(token.expires_at, token.session_ends_at):
        raise SigninTokenInvalid("expired")
    return token


def token_use_key(token: SigninToken) -> bytes:
    """What storage remembers of a used token."""
    return use_once_key("signin", token.token_id)


def own_destination(destination: str, own_urls: Collection[str]) -> str:
    """Where a finished sign-in leads: one of a few pages of ours, `/` for anything else. Never another origin."""
    for origin in own_urls:
        if destination.startswith((f"{origin}/", f"{origin}?")):
            destination = "/" + destination[len(origin) :].removeprefix("/")
            break
    path, question_mark, query = destination.partition("?")
    is_plain = not query or (_is_visible(query) and not set(query) & set("\\#"))
    if path not in _DESTINATIONS or not is_plain or len(destination) > _LONGEST_URL:
        return "/"
    return path + question_mark + query


def link_back(issuer: str) -> str:
    """The broker's address when it is a plain https URL, else empty: it is a stranger's text."""
    if not issuer.startswith("https://") or len(issuer) > _LONGEST_URL or not _is_visible(issuer):
        return ""
    try:
        parts = urlsplit(issuer)
        is_plain = bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return ""
    return issuer if is_plain and "\\" not in issuer else ""
