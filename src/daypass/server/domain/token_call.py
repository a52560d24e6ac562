"""One call of the token endpoint whose DPoP proof is good: what both grants need to know about it.

Only `prove_call` makes a `TokenCall`, from a proof that `protocol.oauth.dpop` verified. The two hashes are
what storage keeps of a proof (RFC 9449 §11.1): the same proof with the same body is a client's retry, with
another body it is a replay.
"""

import hashlib

import msgspec

from daypass.protocol.oauth.dpop import VerifiedProof
from daypass.server.domain.audit import Caller

__all__ = ["TokenCall", "prove_call"]


class TokenCall(msgspec.Struct, frozen=True):
    """Who calls, with which key, when."""

    dpop_jkt: str
    """RFC 7638 thumbprint of the proof's key."""
    proof_key: bytes
    """16 bytes: of (jkt, htu, jti)."""
    request_hash: bytes
    """16 bytes: of the body."""
    proof_expires_at: int
    """When this proof could no longer be accepted anyway: `iat` plus the widest skew on both sides."""
    event_id: str
    """UUID text for the audit row of the outcome."""
    caller: Caller
    now: int


def prove_call(
    proof: VerifiedProof, *, body: bytes, window: int, event_id: str, caller: Caller, now: int
) -> TokenCall:
    """`window` is `dpop_max_age + dpop_max_future` in seconds."""
    identity = f"{proof.jkt}|{proof.htu}|{proof.jti}".encode()
    return TokenCall(
        proof.jkt,
        hashlib.sha256(identity).digest()[:16],
        hashlib.sha256(body).digest()[:16],
        proof.issued_at + window,
        event_id,
        caller,
        now,
    )
