"""Redeeming one authorization code, statement by statement (RFC 6749 §4.1.2, RFC 9700 §4.5).

Table `code_uses` decides who was first: inserting the code's row is the use. Success is four statements:
record the proof, use the code, begin the login session, the audit row. A second use by another request
revokes the session the first one began (`revoke.py`); that refusal is returned, so it is committed.
"""

import hmac
from collections.abc import Sequence

from daypass.server.adapters.sql.audit_events import append_event
from daypass.server.adapters.sql.dpop_proofs import record_proof
from daypass.server.adapters.sql.engine import Engine, Row, Transaction, Value
from daypass.server.adapters.sql.federation import lock_provider
from daypass.server.adapters.sql.json_text import (
    IDENTITY_COLUMNS,
    identity_values,
    role_session_text,
    scope_text,
)
from daypass.server.adapters.sql.revoke import revoke_one
from daypass.server.adapters.sql.rotate import SESSION_COLUMNS, read_session
from daypass.server.domain.role_session import FederatedIdentity
from daypass.server.domain.session import LoginSession
from daypass.server.ports.storage import CodeRedemption, Redemption

__all__ = ["begin_session", "identity_of", "redeem_in_turn", "redeem_one", "session_values"]

# A code that is burnt without a session is burnt under any revision: the condition is for grants only.
_USE_CODE = """
INSERT INTO code_uses (code_id, proof_key, request_hash, session_id, expires_at)
SELECT CAST($1 AS TEXT), $2, $3, CAST($4 AS TEXT), $5
WHERE $4 IS NULL OR (SELECT revision FROM accounts WHERE account_id = $6) = $7
ON CONFLICT (code_id) DO NOTHING
RETURNING code_id
"""

_FIRST_USE = "SELECT proof_key, request_hash, session_id FROM code_uses WHERE code_id = $1"

_BEGIN = f"""
INSERT INTO login_sessions ({SESSION_COLUMNS}, {IDENTITY_COLUMNS})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
"""

_LOAD = f"SELECT {SESSION_COLUMNS} FROM login_sessions WHERE session_id = $1"


async def redeem_in_turn(engine: Engine, redemptions: Sequence[CodeRedemption]) -> Sequence[Redemption]:
    """A batch in one transaction, one redemption after the other."""

    async def work(transaction: Transaction) -> list[Redemption]:
        return [await redeem_one(transaction, redemption) for redemption in redemptions]

    return await engine.run(work)


async def redeem_one(transaction: Transaction, redemption: CodeRedemption) -> Redemption:
    """`ports.storage.LoginSessionStore.redeem` inside an open transaction."""
    identity = identity_of(redemption.session)
    if identity is not None:
        await lock_provider(transaction, identity.provider_arn)
    if not await record_proof(transaction, redemption.proof):
        return Redemption("proof_replayed")
    session = redemption.session
    used = await transaction.fetch_one(
        _USE_CODE,
        redemption.code_id,
        redemption.proof.proof_key,
        redemption.proof.request_hash,
        session.session_id if session is not None else None,
        redemption.code_expires_at,
        session.account_id if session is not None else "",
        redemption.expected_revision,
    )
    if used is None:
        first_use = await transaction.fetch_one(_FIRST_USE, redemption.code_id)
        if first_use is None:
            return Redemption("stale")
        return await _answer_second_use(transaction, redemption, first_use)
    if session is not None:
        await begin_session(transaction, session)
    await append_event(transaction, redemption.audit)
    return Redemption("burnt") if session is None else Redemption("redeemed", session)


async def begin_session(transaction: Transaction, session: LoginSession) -> None:
    """One row. A person an identity provider vouched for begins under its lock (`federation.py`)."""
    await transaction.execute(_BEGIN, *session_values(session), *identity_values(session.role_session))


async def _answer_second_use(
    transaction: Transaction, redemption: CodeRedemption, first_use: Row
) -> Redemption:
    proof_key, request_hash, session_id = first_use
    proof = redemption.proof
    is_repeat = hmac.compare_digest(proof_key, proof.proof_key) and hmac.compare_digest(
        request_hash, proof.request_hash
    )
    if is_repeat and session_id is None:
        return Redemption("burnt")
    if is_repeat:
        row = await transaction.fetch_one(_LOAD, session_id)
        session = None if row is None else read_session(row)
        if session is not None and session.revoked_at is None:
            return Redemption("repeated", session)
    elif session_id is not None:
        await revoke_one(transaction, session_id, now=redemption.now)
    return Redemption("replayed")


def identity_of(session: LoginSession | None) -> FederatedIdentity | None:
    """Who the person is at a provider; such a session begins under the provider's lock (`federation.py`)."""
    role_session = None if session is None else session.role_session
    return None if role_session is None else role_session.identity


def session_values(session: LoginSession) -> tuple[Value, ...]:
    """The row of a session, in the order of `SESSION_COLUMNS`."""
    return (
        session.session_id,
        session.account_id,
        session.principal_kind,
        session.principal_arn,
        session.principal_id,
        session.credentials_epoch,
        session.client_id,
        session.dpop_jkt,
        session.generation,
        session.rotated_at,
        session.sealed_by,
        session.created_at,
        session.ends_at,
        session.revoked_at,
        role_session_text(session.role_session),
        session.mfa_at,
        scope_text(session.scope),
    )
