"""DecodeAuthorizationMessage: what stood behind a denial (STS reference, "DecodeAuthorizationMessage").

Only messages of the caller's own account are opened, whoever in it was refused.
"""

from dataclasses import dataclass

from daypass.server.domain.authorization_message import decode_refusal
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.verified_call import VerifiedCall

__all__ = ["AuthorizationMessages"]


@dataclass(frozen=True, slots=True)
class AuthorizationMessages:
    """The story, over the ring that sealed the messages."""

    ring: KeyRing

    async def decode(self, call: VerifiedCall, *, encoded_message: str) -> str:
        """The JSON text. Raises AccessDenied, InvalidAuthorizationMessage."""
        call.check_allowed("sts:DecodeAuthorizationMessage", "*")
        return decode_refusal(self.ring, encoded_message, account_id=call.account_id, now=call.now)
