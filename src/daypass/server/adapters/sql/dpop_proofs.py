"""Table `dpop_proofs`: which DPoP proofs were seen, and with which request (RFC 9449 §11.1).

A proof seen again with the same request is a retry after a lost answer; with another request it is a
replay. Insert and look-up are one statement, so two workers cannot both be first.
"""

import hmac

from daypass.server.adapters.sql.engine import Transaction
from daypass.server.ports.storage import DpopProof

__all__ = ["is_same_request", "record_proof"]

# The update changes nothing; it is there so that RETURNING also answers with the row of the first use.
_RECORD = """
INSERT INTO dpop_proofs (proof_key, request_hash, expires_at) VALUES ($1, $2, $3)
ON CONFLICT (proof_key) DO UPDATE SET request_hash = dpop_proofs.request_hash
RETURNING request_hash
"""


async def record_proof(transaction: Transaction, proof: DpopProof) -> bool:
    """True when the proof is new or came with this same request before; False when it is a replay."""
    row = await transaction.fetch_one(_RECORD, proof.proof_key, proof.request_hash, proof.expires_at)
    return row is not None and is_same_request(proof, row[0])


def is_same_request(proof: DpopProof, first_request_hash: bytes) -> bool:
    """Whether the proof's first use came with the request it comes with now."""
    return hmac.compare_digest(proof.request_hash, first_request_hash)
