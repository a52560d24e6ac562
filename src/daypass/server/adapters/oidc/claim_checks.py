"""One check per claim that ID tokens and logout tokens share (OpenID Connect Core §2, §3.1.3.7). Pure.

A check raises and says in the detail which claim failed, never what it held. Times are epoch seconds; the provider's
clock and ours may differ by CLOCK_SKEW.
"""

from collections.abc import Collection, Mapping

from daypass.protocol.aws.errors import ExpiredIdentityToken
from daypass.server.adapters.oidc.json_object import read_text, read_texts
from daypass.server.adapters.oidc.refusals import refuse

__all__ = [
    "CLOCK_SKEW",
    "LOGOUT_EVENT",
    "check_audience",
    "check_expiry",
    "check_issued",
    "check_issuer",
    "check_not_before",
    "check_type",
    "read_subject",
    "read_time",
]

CLOCK_SKEW = 60
"""Seconds."""
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
"""The member of `events` that makes a token a logout token (Back-Channel Logout 1.0 §2.4)."""
_MAX_TIME = 1 << 53
_MAX_SUBJECT = 255


def check_type(token_type: str, accepted: Collection[str]) -> None:
    """A token made for another purpose does not become one of ours (RFC 8725 §3.11)."""
    if token_type not in accepted:
        raise refuse("typ: a token for something else")


def check_issuer(claims: Mapping[str, object], issuer: str) -> None:
    """Byte for byte."""
    if claims.get("iss") != issuer:
        raise refuse("iss: another issuer")


def check_audience(claims: Mapping[str, object], client_ids: Collection[str]) -> str:
    """The audience that is ours: `azp` where `aud` has several and `azp` is given, else the first of `aud` we know."""
    audience = claims.get("aud")
    named = (audience,) if isinstance(audience, str) else read_texts(claims, "aud")
    ours = [client_id for client_id in named if client_id in client_ids]
    if not ours:
        raise refuse("aud: not for a client id of the provider")
    if "azp" not in claims or len(named) == 1:
        return ours[0]
    authorized = read_text(claims, "azp")
    if authorized not in client_ids:
        raise refuse("azp: made for another party")
    return authorized


def check_expiry(claims: Mapping[str, object], now: int) -> int:
    """Returns `exp`. Raises ExpiredIdentityToken at and after it (skew added), InvalidIdentityToken without it."""
    expires_at = read_time(claims, "exp")
    if now >= expires_at + CLOCK_SKEW:
        raise ExpiredIdentityToken("the identity token has expired", detail="exp")
    return expires_at


def check_issued(claims: Mapping[str, object], now: int) -> int:
    """Returns `iat`, which must be given and not be in the future."""
    issued_at = read_time(claims, "iat")
    if issued_at > now + CLOCK_SKEW:
        raise refuse("iat: in the future")
    return issued_at


def check_not_before(claims: Mapping[str, object], now: int) -> None:
    """`nbf` may be absent."""
    if "nbf" in claims and read_time(claims, "nbf") > now + CLOCK_SKEW:
        raise refuse("nbf: not yet")


def read_subject(claims: Mapping[str, object]) -> str:
    """`sub`: 1 to 255 printable characters."""
    subject = read_text(claims, "sub")
    if not 1 <= len(subject) <= _MAX_SUBJECT or not subject.isprintable():
        raise refuse("sub: absent or no subject")
    return subject


def read_time(claims: Mapping[str, object], name: str) -> int:
    """A NumericDate, cut to whole seconds."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MAX_TIME:
        raise refuse(f"{name}: absent or no time")
    return int(value)
