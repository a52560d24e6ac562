"""The authorization code: what goes into it and the rules it is redeemed by (RFC 6749 §4.1.2).

The Sign-In API model allows 512 characters and terminals cut long pasted lines, so a code carries the hash
of its redirect URI instead of the URI, and no ARN: the directory tells it. Of a role session it carries the
id only: tags and identity are read where it is redeemed.
"""

import base64
import hashlib
import hmac

from daypass.protocol.oauth.errors import AuthcodeExpired, InvalidRequest
from daypass.server.domain.pending_authorization import PendingAuthorization
from daypass.server.domain.session import SignInSession
from daypass.server.domain.tokens import CodeClaims

__all__ = ["build_code_claims", "check_code_life", "check_redirect_uri", "is_for_confirmation"]


def build_code_claims(
    pending: PendingAuthorization, session: SignInSession, *, code_id: str, now: int
) -> CodeClaims:
    """The request and the person who chose to answer it, joined. `code_id` is random.

    What came from credentials (a broker's link) must not become a login that outlives them.
    """
    is_role = session.principal_kind == "role"
    return CodeClaims(
        code_id=code_id,
        client_id=pending.client_id,
        redirect_hash=_hash(pending.redirect_uri),
        code_challenge=pending.code_challenge,
        account_id=session.account_id,
        principal_kind=session.principal_kind,
        principal_id=session.principal_id,
        credentials_epoch=session.credentials_epoch,
        issued_at=now,
        session_ends_at=session.expires_at if is_role or session.authenticated_at == 0 else 0,
        sign_in_session_id=session.session_id if is_role else "",
        mfa_at=session.mfa_at,
    )


def check_code_life(claims: CodeClaims, *, now: int, lifetime: int) -> None:
    """Raises AuthcodeExpired. `lifetime` in seconds."""
    if now >= claims.issued_at + lifetime or 0 < claims.session_ends_at <= now:
        raise AuthcodeExpired("the authorization code expired, log in again")


def check_redirect_uri(claims: CodeClaims, redirect_uri: str) -> None:
    """Byte for byte the URI of the authorization request (RFC 6749 §4.1.3). Raises InvalidRequest."""
    if not hmac.compare_digest(claims.redirect_hash, _hash(redirect_uri)):
        raise InvalidRequest("the redirect URI is not the one of the authorization request")


def is_for_confirmation(claims: CodeClaims, confirmation_uris: frozenset[str]) -> bool:
    """Whether the code was made for one of our own confirmation pages."""
    return claims.redirect_hash in {_hash(uri) for uri in confirmation_uris}


def _hash(redirect_uri: str) -> str:
    """22 characters: 128 bits of SHA-256."""
    return base64.urlsafe_b64encode(hashlib.sha256(redirect_uri.encode()).digest()[:16]).rstrip(b"=").decode()
