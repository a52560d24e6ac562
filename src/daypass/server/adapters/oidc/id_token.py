"""Is this ID token good for us? OpenID Connect Core §3.1.3.7, in one visible order. Pure.

The signature was verified before (`signed_token`). A token that somebody else obtained and one that answers our own
sign-in differ in what is expected: see `Expected`. Logout and access tokens of the same provider are refused.
"""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from daypass.protocol.jose import base64url
from daypass.secret import Secret
from daypass.server.adapters.oidc.claim_checks import (
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
from daypass.server.domain.verified_identity import VerifiedIdToken

__all__ = ["Expected", "check_id_token"]

_HASHES = {"256": "sha256", "384": "sha384", "512": "sha512", "EdDSA": "sha512", "Ed25519": "sha512"}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token must fit."""

    issuer: str
    client_ids: Collection[str]
    nonce: str | None = None
    """None: the token does not answer a sign-in of ours."""
    access_token: Secret | None = None
    """What came with it, for `at_hash`."""
    sole_client: bool = False
    """The client id is exactly ours, so `azp` (if given) must be it too (Core §3.1.3.7, 5)."""


def check_id_token(token: SignedToken, expected: Expected, *, now: int) -> VerifiedIdToken:
    """Every check, in this order. Raises InvalidIdentityToken, ExpiredIdentityToken."""
    claims = token.claims
    check_type(token.token_type, ("jwt",))
    _check_is_no_logout_token(claims)
    check_issuer(claims, expected.issuer)
    audience = check_audience(claims, expected.client_ids)
    _check_authorized_party(claims, expected)
    expires_at = check_expiry(claims, now)
    check_issued(claims, now)
    check_not_before(claims, now)
    _check_nonce(claims, expected)
    _check_access_token_hash(token, expected)
    return VerifiedIdToken(
        issuer=expected.issuer,
        subject=read_subject(claims),
        audience=audience,
        claims=claims,
        expires_at=expires_at,
        idp_session=read_text(claims, "sid"),
    )


def _check_is_no_logout_token(claims: Mapping[str, object]) -> None:
    """Older providers give it no `typ` (Back-Channel Logout §2.4)."""
    events = claims.get("events")
    if isinstance(events, dict) and LOGOUT_EVENT in events:
        raise refuse("events: a logout token")


def _check_authorized_party(claims: Mapping[str, object], expected: Expected) -> None:
    if expected.sole_client and "azp" in claims and read_text(claims, "azp") not in expected.client_ids:
        raise refuse("azp: made for another party")


def _check_nonce(claims: Mapping[str, object], expected: Expected) -> None:
    if expected.nonce is None:
        return
    if not expected.nonce or not hmac.compare_digest(
        read_text(claims, "nonce").encode(), expected.nonce.encode()
    ):
        raise refuse("nonce: not the sign-in that was begun")


def _check_access_token_hash(token: SignedToken, expected: Expected) -> None:
    """§3.1.3.6: the left half of the access token's hash, by the signature's own hash function."""
    if "at_hash" not in token.claims or expected.access_token is None:
        return
    name = _HASHES.get(token.algorithm) or _HASHES[token.algorithm[-3:]]
    digest = hashlib.new(name, expected.access_token.reveal().encode()).digest()
    left_half = base64url.encode(digest[: len(digest) // 2])
    if not hmac.compare_digest(read_text(token.claims, "at_hash").encode(), left_half.encode()):
        raise refuse("at_hash: another access token")
