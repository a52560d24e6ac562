"""Is this logout token good for us? OpenID Connect Back-Channel Logout 1.0 §2.6, in one visible order. Pure.

The signature was verified before (`signed_token`). Whether the token was used already is the flow's question: it
gets `token_key`, and the moment after which no check here would accept the token again.
"""

import hashlib
from collections.abc import Collection, Mapping

from daypass.protocol.aws.errors import ExpiredIdentityToken
from daypass.server.adapters.oidc.claim_checks import (
    CLOCK_SKEW,
    LOGOUT_EVENT,
    check_audience,
    check_expiry,
    check_issued,
    check_issuer,
    check_not_before,
    check_type,
    read_subject,
)
from daypass.server.adapters.oidc.json_object import read_text
from daypass.server.adapters.oidc.refusals import refuse
from daypass.server.adapters.oidc.signed_token import SignedToken
from daypass.server.ports.oidc import VerifiedLogoutToken

__all__ = ["MAX_AGE", "check_logout_token"]

MAX_AGE = 300
"""Seconds from `iat`, the skew included: a logout is news, not history."""

_TYPES = ("logout+jwt", "jwt")
_MAX_ID = 255


def check_logout_token(
    token: SignedToken, *, issuer: str, client_ids: Collection[str], now: int
) -> VerifiedLogoutToken:
    """Every check, in this order. Raises InvalidIdentityToken, ExpiredIdentityToken."""
    claims = token.claims
    check_type(token.token_type, _TYPES)
    check_issuer(claims, issuer)
    check_audience(claims, client_ids)
    expires_at = check_expiry(claims, now)
    issued_at = check_issued(claims, now)
    check_not_before(claims, now)
    _check_age(issued_at, now)
    _check_event(claims)
    _check_has_no_nonce(claims)
    subject = read_subject(claims) if "sub" in claims else ""
    idp_session = _read_identifier(claims, "sid") if "sid" in claims else ""
    if not subject and not idp_session:
        raise refuse("sub, sid: neither is given")
    token_id = _read_identifier(claims, "jti")
    return VerifiedLogoutToken(
        issuer=issuer,
        subject=subject,
        idp_session=idp_session,
        token_key=hashlib.sha256(f"logout|{len(issuer)}|{issuer}|{token_id}".encode()).digest(),
        expires_at=min(expires_at + CLOCK_SKEW, issued_at + MAX_AGE + 1),
    )


def _check_age(issued_at: int, now: int) -> None:
    if now - issued_at > MAX_AGE:
        raise ExpiredIdentityToken("the logout token is too old", detail="iat")


def _check_event(claims: Mapping[str, object]) -> None:
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise refuse("events: not a logout")


def _check_has_no_nonce(claims: Mapping[str, object]) -> None:
    """An ID token must never do as a logout token (§2.4)."""
    if "nonce" in claims:
        raise refuse("nonce: an ID token")


def _read_identifier(claims: Mapping[str, object], name: str) -> str:
    value = read_text(claims, name)
    if not 1 <= len(value) <= _MAX_ID:
        raise refuse(f"{name}: absent or no identifier")
    return value
