"""What turns a login session into credentials. Implemented in `issuers/`; flows know only this."""

from typing import Protocol

from daypass.protocol.oauth.token_response import TokenSet
from daypass.server.domain.session import LoginSession

__all__ = ["Issuer"]


class Issuer(Protocol):
    """An issuer is a function of the session's state: the same state gives the same tokens."""

    def expires_at(self, session: LoginSession) -> int:
        """When the credentials of the session's current generation end, epoch seconds."""
        ...

    def issue(self, session: LoginSession, *, now: int, with_id_token: bool) -> TokenSet:
        """The tokens of the current generation. Raises `domain.key_ring.SealBroken` when the key that
        sealed it is no longer kept, and ValueError when `now` is not before `expires_at`.
        """
        ...
