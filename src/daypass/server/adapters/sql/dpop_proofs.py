"""Table `dpop_proofs`: which DPoP proofs were seen, and with which request (RFC 9449 §11.1).

A proof seen again with the same request is a retry after a lost answer; with another request it is a
replay. The insert itself says who was first, so two workers cannot both be; only who was not looks the
first one up.
"""

import hmac

from daypass.server.adapters.sql.engine import Transaction
from daypass.server.ports.storage import DpopProof

__all__ = ["is_same_request", "record_proof"]

_RECORD = """
INSERT INTO dpop_proofs (proof_key, request_hash, expires_at) VALUES ($1, $2, $3)
ON CONFLICT (proof_key) DO NOTHING
"""
_FIRST_USE = "SELECT request_hash FROM dpop_proofs WHERE proof_key = $1"


async def record_proof(transaction: Transaction, proof: DpopProof) -> bool:
    """True when the proof is new or came with this same request before; False when it is a replay."""
    if await transaction.execute(_RECORD, proof.proof_key, proof.request_hash, proof.expires_at):
        return True
    row = await transaction.fetch_one(_FIRST_USE, proof.proof_key)
    return row is not None and is_same_request(proof, row[0])


def is_same_request(proof: DpopProof, first_request_hash: bytes) -> bool:
    """Whether the proof's first use came with the request it comes with now."""
    return hmac.compare_digest(proof.request_hash, first_request_hash)
