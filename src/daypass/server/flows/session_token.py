"""GetSessionToken: a user's long-term key becomes temporary credentials, with a second factor where one is given.

(STS reference, "GetSessionToken".) Needs no permission, and no policy can deny it; a service control policy may.
"""

from dataclasses import dataclass

from daypass.server.domain.assumed_role import KEY_SEED_BYTES
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.session_credentials import (
    SessionCredentials,
    check_long_term_caller,
    check_session_duration,
    seal_credentials,
    session_token_claims,
)
from daypass.server.domain.totp import check_code_parameters
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.clock import Randomness
from daypass.server.ports.second_factor import SecondFactor

__all__ = ["SessionTokens"]


@dataclass(frozen=True, slots=True)
class SessionTokens:
    """The story, over the ports it needs."""

    ring: KeyRing
    randomness: Randomness
    second_factor: SecondFactor

    async def get_session_token(
        self,
        call: VerifiedCall,
        *,
        duration_seconds: int | None = None,
        serial_number: str | None = None,
        token_code: str | None = None,
    ) -> SessionCredentials:
        """Raises AccessDenied, ValidationError, Throttling."""
        check_long_term_caller(call.claims, "GetSessionToken")
        duration = check_session_duration(duration_seconds)
        device = check_code_parameters(serial_number, token_code)
        if device is not None:
            serial, code = device
            await self.second_factor.prove(
                call.account_id, call.principal.principal_id, serial_number=serial, code=code, now=call.now
            )
        claims = session_token_claims(
            call.principal,
            key_seed=self.randomness.token_bytes(KEY_SEED_BYTES),
            now=call.now,
            expires_at=call.now + duration,
            mfa_at=0 if device is None else call.now,
        )
        return seal_credentials(self.ring, claims)
