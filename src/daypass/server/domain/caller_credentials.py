"""From the access key id and session token of a request to the claims and the secret to verify it with.

For temporary credentials no database is asked: the session token carries who, the key ring derives the secret. What a
genuine token holds never changes, so it is remembered (bounded); whether it has expired is asked every time. A
long-term key's secret stands sealed in its row, which the caller of `open_long_term_key` has read.
"""

import hmac
from functools import lru_cache

from daypass.protocol.aws.errors import ExpiredToken, InvalidClientTokenId
from daypass.secret import Secret
from daypass.server.domain.access_key import AccessKey
from daypass.server.domain.key_ring import KeyRing, SealBroken
from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.session import PrincipalKind
from daypass.server.domain.tokens import SessionClaims, open_session_token, temporary_secret_key

__all__ = [
    "ancestors_of",
    "check_ancestor_lives",
    "check_login_lives",
    "open_caller_credentials",
    "open_long_term_key",
]

_INVALID = "The security token included in the request is invalid"
_REMEMBERED_TOKENS = 4096
_NEVER = 2**53
"""When a long-term key expires."""


def open_caller_credentials(
    ring: KeyRing, *, access_key_id: str, session_token: str | None, now: int
) -> tuple[SessionClaims, Secret]:
    """The claims behind temporary credentials, still to be proven by the request's signature.

    Raises InvalidClientTokenId when the token is not ours or belongs to another key id, ExpiredToken when
    its life is over. The order matters: only a genuine token may learn that it expired.
    """
    if not session_token:
        raise InvalidClientTokenId(_INVALID, detail="no session token")
    try:
        claims, secret_access_key = _open(ring, session_token)
    except SealBroken as broken:
        raise InvalidClientTokenId(_INVALID, detail=str(broken)) from None
    if not hmac.compare_digest(claims.access_key_id.encode(), access_key_id.encode()):
        raise InvalidClientTokenId(_INVALID, detail="key id and token differ")
    if now >= claims.expires_at:
        raise ExpiredToken("The security token included in the request is expired")
    return claims, secret_access_key


def open_long_term_key(
    ring: KeyRing, key: AccessKey | None, owner: PrincipalSnapshot | None
) -> tuple[SessionClaims, Secret]:
    """The claims a user's own key stands for, still to be proven by the request's signature.

    Raises InvalidClientTokenId for a key that is unknown, inactive, or nobody's any more: one answer.
    """
    if key is None or owner is None or key.status != "Active":
        raise InvalidClientTokenId(_INVALID, detail="no such key, or not active")
    try:
        secret_access_key, _ = ring.open("access-key", key.sealed_secret)
    except SealBroken as broken:
        raise InvalidClientTokenId(_INVALID, detail=str(broken)) from None
    claims = SessionClaims(
        access_key_id=key.access_key_id,
        account_id=key.account_id,
        principal_kind="user",
        principal_arn=owner.arn,
        principal_id=owner.principal_id,
        issued_at=0,
        expires_at=_NEVER,
    )
    return claims, Secret(secret_access_key.decode("ascii"))


def check_login_lives(principal: PrincipalSnapshot, claims: SessionClaims) -> None:
    """Credentials end with the login they came from. Raises ExpiredToken, which makes SDKs ask for new ones."""
    if claims.login_session_id in principal.ended_login_ids:
        raise ExpiredToken(
            "The security token included in the request is expired", detail="the login was revoked"
        )


def ancestors_of(claims: SessionClaims) -> tuple[tuple[str, PrincipalKind, str], ...]:
    """Account, kind and id of the principals on whom credentials of a role depend beside the role itself: the one whose
    login assumed it, and the user who took it in the pages. For all others nothing.
    """
    if claims.parent_login is None and (claims.owner is None or not claims.owner.is_bound):
        return ()
    found: dict[tuple[str, PrincipalKind, str], None] = {}
    if claims.parent_login is not None:
        parent = claims.parent_login
        found[parent.account_id, parent.kind, parent.principal_id] = None
    if claims.owner is not None and claims.owner.is_bound:
        found[claims.owner.account_id, "user", claims.owner.principal_id] = None
    return tuple(found)


def check_ancestor_lives(ancestor: PrincipalSnapshot | None, claims: SessionClaims) -> None:
    """`ancestor` is one of `ancestors_of`, None when it is no more. Raises ExpiredToken.

    As with a person's own credentials, a changed password ends none that were handed out; the next ones are refused.
    """
    parent = claims.parent_login
    if ancestor is None or (parent is not None and parent.login_id in ancestor.ended_login_ids):
        raise ExpiredToken(
            "The security token included in the request is expired",
            detail="the login or the person these credentials came from is no more",
        )


@lru_cache(maxsize=_REMEMBERED_TOKENS)
def _open(ring: KeyRing, session_token: str) -> tuple[SessionClaims, Secret]:
    """Raises SealBroken; only genuine tokens are remembered, so a stranger cannot fill the memory."""
    claims, key_id = open_session_token(ring, session_token)
    return claims, Secret(temporary_secret_key(ring, claims, key_id=key_id))
