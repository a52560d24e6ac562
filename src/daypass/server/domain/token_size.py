"""How long a session token is, and how long somebody wants it to be (STS reference, "AssumeRole", MinimumSessionTokenSize).

Ours are short; who must know that proxies, headers and databases on the way carry the longest one asks for a long one. The
padding lies inside the seal, so such a token is as good and as safe as any; the secret key is the same without it.
"""

from dataclasses import replace
from typing import TypeVar

import msgspec

from daypass.secret import Secret
from daypass.server.domain.assumed_role import AssumedRole
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.session_credentials import SessionCredentials
from daypass.server.domain.tokens import seal_session_token

__all__ = ["MAX_SESSION_TOKEN_SIZE", "enlarge"]

MAX_SESSION_TOKEN_SIZE = 4096
"""Characters: what every client must be able to carry."""

_LENGTH_BYTES = 4
"""More than the padding's own length takes (MessagePack, "str format family")."""

Made = TypeVar("Made", AssumedRole, SessionCredentials)


def enlarge(ring: KeyRing, made: Made, *, minimum: int) -> Made:
    """The same credentials with a token of at least `minimum` characters, MAX_SESSION_TOKEN_SIZE at most."""
    missing = minimum - len(made.session_token.reveal())
    if missing <= 0:
        return made
    padding = max(
        0, missing * 3 // 4 - _LENGTH_BYTES
    )  # base64: a little less than enough, whatever is to come
    while True:
        claims = msgspec.structs.replace(made.claims, padding="0" * padding)
        token = seal_session_token(ring, claims, key_id=ring.current.key_id)
        if len(token) >= minimum:
            return replace(made, claims=claims, session_token=Secret(token))
        padding += 1
