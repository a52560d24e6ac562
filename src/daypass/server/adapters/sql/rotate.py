"""Rotating one login session, statement by statement: the heart of every refresh.

Success is three statements: record the proof, one conditional UPDATE, the audit row (a batch writes all of
its at the end). The UPDATE's condition *is* the check; nothing is read before it, so of any number of
parallel callers one wins. When the UPDATE hits nothing, one read says why. The reasons only ever grow (a
generation, a revision, an end), so that read cannot be too late.
"""

from collections.abc import Sequence

from daypass.errors import StorageError
from daypass.server.adapters.sql.audit_events import append_event, append_events
from daypass.server.adapters.sql.dpop_proofs import record_proof
from daypass.server.adapters.sql.engine import Engine, Row, Transaction
from daypass.server.adapters.sql.json_text import read_role_session, read_scope
from daypass.server.domain.session import LoginSession
from daypass.server.ports.storage import RefreshRotation, Rotation

__all__ = ["SELECT_STATE", "SESSION_COLUMNS", "classify", "read_session", "rotate_in_turn", "rotate_one"]

SESSION_COLUMNS = (
    "session_id, account_id, principal_kind, principal_arn, principal_id, credentials_epoch, client_id,"
    " dpop_jkt, generation, rotated_at, sealed_by, created_at, ends_at, revoked_at, role_session, mfa_at, scope"
)

_ROTATE = f"""
UPDATE login_sessions SET generation = generation + 1, rotated_at = $3, sealed_by = $4
WHERE session_id = $1 AND generation = $2 AND revoked_at IS NULL AND ends_at > $3
  AND (SELECT revision FROM accounts WHERE accounts.account_id = login_sessions.account_id) = $5
RETURNING {SESSION_COLUMNS}
"""

# The row as it stands, and last its account's revision.
SELECT_STATE = f"""
SELECT {SESSION_COLUMNS},
       (SELECT revision FROM accounts WHERE accounts.account_id = login_sessions.account_id)
FROM login_sessions"""


async def rotate_in_turn(engine: Engine, rotations: Sequence[RefreshRotation]) -> Sequence[Rotation]:
    """A batch in one transaction, one rotation after the other."""

    async def work(transaction: Transaction) -> list[Rotation]:
        results = [await _rotate(transaction, rotation) for rotation in rotations]
        done = zip(rotations, results, strict=True)
        await append_events(
            transaction, [rotation.audit for rotation, result in done if result.outcome == "rotated"]
        )
        return results

    return await engine.run(work)


async def rotate_one(transaction: Transaction, rotation: RefreshRotation) -> Rotation:
    """`ports.storage.LoginSessionStore.rotate` inside an open transaction."""
    result = await _rotate(transaction, rotation)
    if result.outcome == "rotated":
        await append_event(transaction, rotation.audit)
    return result


async def _rotate(transaction: Transaction, rotation: RefreshRotation) -> Rotation:
    """Everything but the audit row."""
    if not await record_proof(transaction, rotation.proof):
        return Rotation("proof_replayed")
    row = await transaction.fetch_one(
        _ROTATE,
        rotation.session_id,
        rotation.generation,
        rotation.now,
        rotation.sealed_by,
        rotation.expected_revision,
    )
    if row is not None:
        return Rotation("rotated", read_session(row))
    row = await transaction.fetch_one(f"{SELECT_STATE} WHERE session_id = $1", rotation.session_id)
    if row is None:
        return Rotation("ended")
    reason = classify(rotation, read_session(row[:-1]), revision=row[-1])
    if reason is None:
        raise StorageError("a login session could be rotated and was not")
    return reason


def read_session(row: Row) -> LoginSession:
    """A row of `SESSION_COLUMNS`. Most have no role session and no scope: empty texts, which are not looked into."""
    columns = list(row)
    columns[-3] = read_role_session(columns[-3])
    columns[-1] = read_scope(columns[-1])
    return LoginSession(*columns)


def classify(rotation: RefreshRotation, session: LoginSession, *, revision: int) -> Rotation | None:
    """Why this rotation cannot happen in this state, or None when it can.

    An ended session is named before anything else, so that it can never pass for an idempotent repeat;
    a moved revision before a moved generation, so that a repeat, too, is decided under current policy.
    """
    if session.revoked_at is not None or session.ends_at <= rotation.now:
        return Rotation("ended", session)
    if revision != rotation.expected_revision:
        return Rotation("stale")
    if session.generation != rotation.generation:
        return Rotation("superseded", session)
    return None
