"""The hot calls on PostgreSQL: a whole batch as one statement, which is one transaction and one round trip.

The rules are those of `rotate.py` and `redeem.py`; here each step is a set. Rows are locked in the order
of their ids, proofs before codes before sessions, so two workers' batches cannot wait for one another in
a circle. Of operations in one batch that want the same thing, the first whose proof is good goes in; what
did not go in is classified afterwards, or done alone.
"""

from collections.abc import Sequence
from typing import Any

from daypass.server.adapters.sql.audit_events import EVENT_COLUMNS, event_values
from daypass.server.adapters.sql.dpop_proofs import is_same_request
from daypass.server.adapters.sql.json_text import identity_values
from daypass.server.adapters.sql.postgres_engine import PostgresEngine
from daypass.server.adapters.sql.redeem import redeem_one, session_values
from daypass.server.adapters.sql.rotate import (
    SELECT_STATE,
    SESSION_COLUMNS,
    classify,
    read_session,
    rotate_one,
)
from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.session import LoginSession
from daypass.server.ports.storage import CodeRedemption, Redemption, RefreshRotation, Rotation

__all__ = ["append_as_set", "redeem_as_set", "rotate_as_set"]

_EVENT_TYPES = ("text", "bigint", *("text",) * 7, "boolean", "text", "text")
_SESSION_TYPES = (
    *("text",) * 5,
    "bigint",
    "text",
    "text",
    "bigint",
    "bigint",
    "text",
    *("bigint",) * 3,
    "text",
    "bigint",
    "text",
)


def _columns_from(number: int, types: Sequence[str]) -> str:
    """`$3::text[], $4::bigint[], …`: one array per column."""
    return ", ".join(f"${number + index}::{kind}[]" for index, kind in enumerate(types))


def _prefixed(prefix: str, columns: str) -> str:
    return ", ".join(f"{prefix}{column.strip()}" for column in columns.split(","))


_EVENT_REQUEST = _prefixed("event_", EVENT_COLUMNS)
_SESSION_REQUEST = _prefixed("session_", SESSION_COLUMNS)

_RECORD_PROOFS = """
    INSERT INTO dpop_proofs (proof_key, request_hash, expires_at)
    SELECT DISTINCT ON (proof_key) proof_key, request_hash, proof_expires_at
    FROM requests ORDER BY proof_key, number
    ON CONFLICT (proof_key) DO UPDATE SET request_hash = dpop_proofs.request_hash
    RETURNING proof_key, request_hash
"""

_ROTATE = f"""
WITH requests AS (
    SELECT * FROM unnest(
        $1::bytea[], $2::bytea[], $3::bigint[],
        $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[],
        {_columns_from(9, _EVENT_TYPES)}
    ) WITH ORDINALITY AS request (
        proof_key, request_hash, proof_expires_at,
        session_id, generation, now, sealer, expected_revision,
        {_EVENT_REQUEST}, number
    )
), proofs AS ({_RECORD_PROOFS}
), wanted AS (
    SELECT DISTINCT ON (session_id, generation) number, session_id, generation, now, sealer, expected_revision
    FROM requests JOIN proofs USING (proof_key, request_hash)
    ORDER BY session_id, generation, number
), held AS (
    SELECT wanted.* FROM wanted JOIN login_sessions AS session USING (session_id, generation)
    WHERE session.ends_at > wanted.now
    ORDER BY session.session_id FOR UPDATE OF session
), rotated AS (
    UPDATE login_sessions AS session
    SET generation = session.generation + 1, rotated_at = held.now, sealed_by = held.sealer
    FROM held
    WHERE session.session_id = held.session_id AND session.generation = held.generation
      AND session.revoked_at IS NULL AND session.ends_at > held.now
      AND (SELECT revision FROM accounts WHERE accounts.account_id = session.account_id)
          = held.expected_revision
    RETURNING held.number, {_prefixed("session.", SESSION_COLUMNS)}
), logged AS (
    INSERT INTO audit_events ({EVENT_COLUMNS})
    SELECT {_EVENT_REQUEST} FROM requests JOIN rotated USING (number) ORDER BY number
)
SELECT proofs.request_hash, rotated.number, {_prefixed("rotated.", SESSION_COLUMNS)}
FROM requests JOIN proofs USING (proof_key) LEFT JOIN rotated USING (number)
ORDER BY requests.number
"""

_STATES = f"{SELECT_STATE} WHERE session_id = ANY($1::text[])"


async def rotate_as_set(engine: PostgresEngine, rotations: Sequence[RefreshRotation]) -> Sequence[Rotation]:
    """One statement when all succeed, a second one to say why some did not."""
    rows = await engine.fetch_arrays(_ROTATE, *_transpose(map(_rotation_values, rotations)))
    results: list[Rotation | None] = []
    states: dict[str, tuple[LoginSession, int]] = {}
    for rotation, (first_request_hash, number, *columns) in zip(rotations, rows, strict=True):
        result = None
        if not is_same_request(rotation.proof, first_request_hash):
            result = Rotation("proof_replayed")
        elif number is not None:
            session = read_session(columns)
            states[session.session_id] = (session, rotation.expected_revision)
            result = Rotation("rotated", session)
        results.append(result)
    return await _explain(engine, rotations, results, states)


async def _explain(
    engine: PostgresEngine,
    rotations: Sequence[RefreshRotation],
    results: Sequence[Rotation | None],
    states: dict[str, tuple[LoginSession, int]],
) -> Sequence[Rotation]:
    """Fill the gaps. `states`: sessions this batch rotated, as they stand now, with the account's revision."""
    paired = list(zip(rotations, results, strict=True))
    gaps = {rotation.session_id for rotation, result in paired if result is None}
    unread = gaps.difference(states)
    if unread:
        for *columns, revision in await engine.fetch_arrays(_STATES, list(unread)):
            states[columns[0]] = (read_session(columns), revision)
    return [
        await _explain_one(engine, rotation, states.get(rotation.session_id)) if result is None else result
        for rotation, result in paired
    ]


async def _explain_one(
    engine: PostgresEngine, rotation: RefreshRotation, state: tuple[LoginSession, int] | None
) -> Rotation:
    if state is None:
        return Rotation("ended")
    session, revision = state
    reason = classify(rotation, session, revision=revision)
    if reason is not None:
        return reason
    # A neighbour stood in for it and failed on a condition of its own: this one goes alone.
    return await engine.run(lambda transaction: rotate_one(transaction, rotation))


def _rotation_values(rotation: RefreshRotation) -> tuple[Any, ...]:
    proof = rotation.proof
    return (
        proof.proof_key,
        proof.request_hash,
        proof.expires_at,
        rotation.session_id,
        rotation.generation,
        rotation.now,
        rotation.sealed_by,
        rotation.expected_revision,
        *event_values(rotation.audit),
    )


_REDEEM = f"""
WITH requests AS (
    SELECT * FROM unnest(
        $1::bytea[], $2::bytea[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[],
        {_columns_from(7, _SESSION_TYPES)},
        {_columns_from(7 + len(_SESSION_TYPES), _EVENT_TYPES)}
    ) WITH ORDINALITY AS request (
        proof_key, request_hash, proof_expires_at, code_id, code_expires_at, expected_revision,
        {_SESSION_REQUEST}, {_EVENT_REQUEST}, number
    )
), proofs AS ({_RECORD_PROOFS}
), used AS (
    INSERT INTO code_uses (code_id, proof_key, request_hash, session_id, expires_at)
    SELECT DISTINCT ON (code_id) code_id, proof_key, request_hash, session_session_id, code_expires_at
    FROM requests JOIN proofs USING (proof_key, request_hash)
    WHERE session_session_id IS NULL
       OR (SELECT revision FROM accounts WHERE account_id = session_account_id) = expected_revision
    ORDER BY code_id, number
    ON CONFLICT (code_id) DO NOTHING
    RETURNING code_id, proof_key, request_hash, session_id
), first AS (
    SELECT DISTINCT ON (code_id) requests.*
    FROM requests JOIN used USING (code_id, proof_key, request_hash)
    WHERE session_session_id IS NOT DISTINCT FROM used.session_id
    ORDER BY code_id, number
), begun AS (
    INSERT INTO login_sessions ({SESSION_COLUMNS})
    SELECT {_SESSION_REQUEST} FROM first WHERE session_session_id IS NOT NULL
    ORDER BY session_session_id
), logged AS (
    INSERT INTO audit_events ({EVENT_COLUMNS}) SELECT {_EVENT_REQUEST} FROM first ORDER BY number
)
SELECT number FROM first
"""


async def redeem_as_set(
    engine: PostgresEngine, redemptions: Sequence[CodeRedemption]
) -> Sequence[Redemption]:
    """One statement for all that go through; the refused ones are decided one by one afterwards.

    So are those of persons an identity provider vouched for, because they begin under its lock, and those of roles that
    users took, which have a column more.
    """
    together = [redemption for redemption in redemptions if _is_plain(redemption.session)]
    first: set[int] = set()
    if together:
        rows = await engine.fetch_arrays(_REDEEM, *_transpose(map(_redemption_values, together)))
        first = {id(together[row[0] - 1]) for row in rows}
    results = []
    for redemption in redemptions:
        if id(redemption) not in first:
            results.append(await _redeem_alone(engine, redemption))
        elif redemption.session is None:
            results.append(Redemption("burnt"))
        else:
            results.append(Redemption("redeemed", redemption.session))
    return results


def _is_plain(session: LoginSession | None) -> bool:
    return session is None or not any(identity_values(session.role_session))


async def _redeem_alone(engine: PostgresEngine, redemption: CodeRedemption) -> Redemption:
    return await engine.run(lambda transaction: redeem_one(transaction, redemption))


def _redemption_values(redemption: CodeRedemption) -> tuple[Any, ...]:
    proof, session = redemption.proof, redemption.session
    return (
        proof.proof_key,
        proof.request_hash,
        proof.expires_at,
        redemption.code_id,
        redemption.code_expires_at,
        redemption.expected_revision,
        *(session_values(session) if session is not None else (None,) * len(_SESSION_TYPES)),
        *event_values(redemption.audit),
    )


_APPEND = f"""
INSERT INTO audit_events ({EVENT_COLUMNS}) SELECT * FROM unnest({_columns_from(1, _EVENT_TYPES)})
"""


async def append_as_set(engine: PostgresEngine, events: Sequence[AuditEvent]) -> Sequence[None]:
    """One statement."""
    await engine.fetch_arrays(_APPEND, *_transpose(map(event_values, events)))
    return [None] * len(events)


def _transpose(rows: Any) -> list[tuple[Any, ...]]:
    """Rows to columns, as `unnest` takes them."""
    return list(zip(*rows, strict=True))
