"""From the access key id and session token of a request to the claims and the secret to verify it with.

No database is asked: the session token carries who, the key ring derives the secret. What a genuine
token holds never changes, so it is remembered (bounded); whether it has expired is asked every time.
"""

import hmac
from functools import lru_cache

from daypass.protocol.aws.errors import ExpiredToken, InvalidClientTokenId
from daypass.secret import Secret
from daypass.server.domain.key_ring import KeyRing, SealBroken
from daypass.server.domain.tokens import SessionClaims, open_session_token, temporary_secret_key

__all__ = ["open_caller_credentials"]

_INVALID = "The security token included in the request is invalid"
_REMEMBERED_TOKENS = 4096


def open_caller_credentials(
    ring: KeyRing, *, access_key_id: str, session_token: str | None, now: int
) -> tuple[SessionClaims, Secret]:
    """The claims behind a request's credentials, still to be proven by its signature.

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


@lru_cache(maxsize=_REMEMBERED_TOKENS)
def _open(ring: KeyRing, session_token: str) -> tuple[SessionClaims, Secret]:
    """Raises SealBroken; only genuine tokens are remembered, so a stranger cannot fill the memory."""
    claims, key_id = open_session_token(ring, session_token)
    return claims, Secret(temporary_secret_key(ring, claims, key_id=key_id))
