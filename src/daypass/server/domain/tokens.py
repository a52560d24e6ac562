"""The three sealed tokens and what they carry: session token, refresh token, authorization code.

Each claims record is a msgspec array: small, ordered, and versioned by position (fields are only ever
appended, with defaults). Everything a node needs to verify a request travels inside, so SigV4 checks ask
no database. Secrets of temporary keys are derived, never stored and never carried.

Limits from the Sign-In API model: code ≤ 512, refresh token ≤ 2048 characters; ours stay under 1 KB, and under 2 KB with a role session in them.
"""

import base64
from collections.abc import Callable
from typing import TypeVar

import msgspec

from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.key_ring import KeyRing, SealBroken
from daypass.server.domain.role_owner import ParentLogin, RoleOwner
from daypass.server.domain.role_session import FederatedIdentity, RoleSession
from daypass.server.domain.session import PrincipalKind
from daypass.server.domain.session_scope import SessionScope

__all__ = [
    "CodeClaims",
    "RefreshClaims",
    "SessionClaims",
    "access_key_account",
    "access_key_id",
    "is_long_term",
    "open_code",
    "open_refresh_token",
    "open_session_token",
    "seal_code",
    "seal_refresh_token",
    "seal_session_token",
    "temporary_secret_key",
]

_Claims = TypeVar("_Claims")

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BASE32_PAIRS = [first + second for first in _BASE32 for second in _BASE32]
"""RFC 4648 §6, ten bits at a time: a key id is made on every refresh."""

REFRESH_TOKEN_PREFIX = "ASOR"  # noqa: S105 - a public prefix
"""The prefix the Sign-In API model gives refresh tokens (introspect and revoke patterns)."""


class SessionClaims(msgspec.Struct, frozen=True, array_like=True):
    """Inside `sessionToken`: whose credentials these are and until when."""

    access_key_id: str
    account_id: str
    principal_kind: PrincipalKind
    principal_arn: str
    principal_id: str
    issued_at: int
    expires_at: int
    login_session_id: str = ""
    """Empty for AssumeRole credentials."""
    role_arn: str = ""
    """For role sessions: the role whose policies apply; `principal_arn` is the assumed-role ARN."""
    source_identity: str = ""
    tags: Tags = ()
    """Session tags."""
    transitive_tag_keys: tuple[str, ...] = ()
    federated_provider: str = ""
    """What policies call aws:FederatedProvider: the SAML provider's ARN or the OpenID Connect issuer."""
    is_chained: bool = False
    """Whether a role session assumed this one: then it may not outlive an hour or sign in to the pages for longer."""
    identity: FederatedIdentity | None = None
    """Of AssumeRoleWithSAML and AssumeRoleWithWebIdentity: who it is, should a browser session be made of this one.
    A login's is in its row."""
    mfa_at: int = 0
    """When a second factor was proven, epoch seconds; 0 for never (aws:MultiFactorAuthPresent and …Age)."""
    scope: SessionScope | None = None
    """What narrows these credentials; None when nothing does."""
    userid: str = ""
    """aws:userid where `principal_id` is not it: `{account}:{name}` of GetFederationToken."""
    is_session_token: bool = False
    """Whether GetSessionToken made them: then they may do less at IAM and STS than their user."""
    owner: RoleOwner | None = None
    """Of a role session: whose it is."""
    parent_login: ParentLogin | None = None
    """Of AssumeRole: the login whose credentials asked; None when none did."""
    padding: str = ""
    """Makes the token as long as somebody wants it (`domain.token_size`); says nothing."""


class RefreshClaims(msgspec.Struct, frozen=True, array_like=True):
    """Inside a refresh token: which login session, and which generation of it."""

    login_session_id: str
    generation: int
    dpop_jkt: str
    client_id: str
    account_id: str
    ends_at: int
    principal_kind: PrincipalKind = "user"
    principal_id: str = ""
    credentials_epoch: int = 0
    """With kind and id: all a refresh needs to decide before it writes, so nothing is read first."""
    role_session: RoleSession | None = None
    """For role sessions: what policies ask about them. Bounded by `MAX_PACKED_SESSION_BYTES`."""
    mfa_at: int = 0


class CodeClaims(msgspec.Struct, frozen=True, array_like=True):
    """Inside an authorization code: what it may be redeemed for, and by whom."""

    code_id: str
    client_id: str
    redirect_hash: str
    """Of the redirect URI, which may be longer than a whole code (`domain.authorization_code`)."""
    code_challenge: str
    account_id: str
    principal_kind: PrincipalKind
    principal_id: str
    credentials_epoch: int
    issued_at: int
    session_ends_at: int = 0
    """Absolute end imposed by the browser's session (of a role, or made of credentials); 0 for none."""
    sign_in_session_id: str = ""
    """For role sessions: the browser's session whose tags and identity go along; it must still be there."""
    mfa_at: int = 0


_encode = msgspec.msgpack.Encoder().encode
_decode_session = msgspec.msgpack.Decoder(SessionClaims).decode
_decode_refresh = msgspec.msgpack.Decoder(RefreshClaims).decode
_decode_code = msgspec.msgpack.Decoder(CodeClaims).decode


def seal_session_token(ring: KeyRing, claims: SessionClaims, *, key_id: str) -> str:
    """The `sessionToken` text for these claims; the same claims and key give the same text."""
    return ring.seal("session-token", _encode(claims), key_id=key_id)


def open_session_token(ring: KeyRing, session_token: str) -> tuple[SessionClaims, str]:
    """Claims and sealing key id. Raises SealBroken."""
    plaintext, key_id = ring.open("session-token", session_token)
    return _checked(_decode_session, plaintext), key_id


def seal_refresh_token(ring: KeyRing, claims: RefreshClaims, *, key_id: str) -> str:
    """The refresh token text, `ASOR…`."""
    return REFRESH_TOKEN_PREFIX + ring.seal("refresh-token", _encode(claims), key_id=key_id)


def open_refresh_token(ring: KeyRing, refresh_token: str) -> tuple[RefreshClaims, str]:
    """Claims and sealing key id. Raises SealBroken."""
    if not refresh_token.startswith(REFRESH_TOKEN_PREFIX):
        raise SealBroken("not a refresh token")
    plaintext, key_id = ring.open("refresh-token", refresh_token[len(REFRESH_TOKEN_PREFIX) :])
    return _checked(_decode_refresh, plaintext), key_id


def seal_code(ring: KeyRing, claims: CodeClaims) -> str:
    """The authorization code text: unreserved characters only, so it survives every paste."""
    return ring.seal("code", _encode(claims))


def open_code(ring: KeyRing, code: str) -> tuple[CodeClaims, str]:
    """Claims and sealing key id. Raises SealBroken."""
    plaintext, key_id = ring.open("code", code)
    return _checked(_decode_code, plaintext), key_id


def access_key_id(account_id: str, seed: bytes) -> str:
    """`ASIA` and sixteen characters that hold the account id, in the layout AWS key ids have.

    The first 48 bits of the base32 text are 1 + 40 (account) + 7 bits, so that GetAccessKeyInfo and
    offline tools read the account without asking; the rest comes from `seed` (≥ 6 bytes).
    """
    head = (1 << 47) | (int(account_id) << 7) | (seed[0] & 0x7F)
    bits = (head << 32) | int.from_bytes(seed[1:5], "big")
    pair = _BASE32_PAIRS  # written out: a loop costs as much as the rest
    return (
        f"ASIA{pair[bits >> 70]}{pair[bits >> 60 & 1023]}{pair[bits >> 50 & 1023]}{pair[bits >> 40 & 1023]}"
        f"{pair[bits >> 30 & 1023]}{pair[bits >> 20 & 1023]}{pair[bits >> 10 & 1023]}{pair[bits & 1023]}"
    )


def is_long_term(key_id: str) -> bool:
    """Whether the key lives until somebody deletes it (IAM reference, "Unique identifiers": AKIA)."""
    return key_id.startswith("AKIA")


def access_key_account(key_id: str) -> str | None:
    """The account inside an access key id of this layout, or None if it is not one."""
    try:
        head = int.from_bytes(base64.b32decode(key_id[4:20])[:6], "big")
    except ValueError:
        return None
    account = (head & 0x7FFFFFFFFF80) >> 7
    return f"{account:012d}" if account < 10**12 else None


def temporary_secret_key(ring: KeyRing, claims: SessionClaims, *, key_id: str) -> str:
    """The 40-character secret of temporary keys: derived from the ring, kept nowhere."""
    message = f"{claims.access_key_id}|{claims.account_id}|{claims.expires_at}".encode()
    return base64.b64encode(ring.derive("secret-access-key", message, key_id=key_id)[:30]).decode("ascii")


def _checked(decode: Callable[[bytes], _Claims], plaintext: bytes) -> _Claims:
    try:
        return decode(plaintext)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise SealBroken("sealed by an incompatible version") from None
