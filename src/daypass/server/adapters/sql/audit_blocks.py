"""Table `audit_blocks`: the chain over `audit_events`. The database joins rows to text, so a row costs about a microsecond.

Until where may be sealed? Numbers must be *settled*: no event with a lower number can still appear.

- SQLite gives numbers inside the one write transaction there is: what can be seen is settled.
- PostgreSQL gives numbers before the commit, so a lower number may appear after a higher one. The law: take the
  highest number that can be seen, then look who holds a writer's lock on the table (`pg_locks`: ROW EXCLUSIVE is
  taken before the number and kept to the end). When all of those have ended, the number is settled: whoever came
  later got a higher one. No clock is asked, and no writer waits. While one of them stays, nothing is sealed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from daypass.server.adapters.sql.engine import Engine, Row, Transaction
from daypass.server.domain.audit_block import AuditBlock, EventsText

__all__ = ["SqlAuditBlockStore", "settled_on_postgres", "settled_on_sqlite"]


_COLUMNS = "block_number, first_number, last_number, event_count, events_digest, previous_digest, sealed_at, key_id, mac"
_TEXTS = (
    "event_id",
    "event_source",
    "event_name",
    "account_id",
    "principal_arn",
    "request_id",
    "source_ip",
    "user_agent",
    "error_code",
    "detail",
)
_PIECES = ", ".join(f"octet_length({column}), ':', {column}" for column in _TEXTS)
_READ = f"""
SELECT min(audit_number), max(audit_number), count(*), string_agg(event_text, '')
FROM (
    SELECT audit_number,
           concat(audit_number, ',', event_time, ',', CAST(is_secure AS INTEGER), ',', {_PIECES}) AS event_text
    FROM audit_events WHERE audit_number > $1 AND audit_number <= $2 ORDER BY audit_number LIMIT $3
) AS slice
"""
"""`domain.audit_block.canonical_event` of each row, in the SQL of both engines. Both hand an ordered subquery with a limit
to the aggregate in its order; a second ORDER BY inside the aggregate would cost a third more.
"""

_WRITERS = """
SELECT DISTINCT virtualtransaction FROM pg_locks
WHERE relation = 'audit_events'::regclass AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_LOOKS = 20
_BETWEEN_LOOKS = 0.05
"""Seconds."""

_NEWEST = "SELECT COALESCE(max(audit_number), 0) FROM audit_events"


async def settled_on_sqlite(engine: Engine) -> int:
    """See the file's law."""
    row = await engine.fetch_one(_NEWEST)
    return 0 if row is None else int(row[0])


async def settled_on_postgres(engine: Engine) -> int:
    """See the file's law. 0 while a writer does not end: the next round looks again."""
    row = await engine.fetch_one(_NEWEST)
    newest = 0 if row is None else int(row[0])
    waiting = {writer[0] for writer in await engine.fetch_all(_WRITERS)}
    for _ in range(_LOOKS):
        if not waiting:
            return newest
        await asyncio.sleep(_BETWEEN_LOOKS)
        waiting &= {writer[0] for writer in await engine.fetch_all(_WRITERS)}
    return 0


class SqlAuditBlockStore:
    """`ports.audit_storage.AuditBlockStore`. `settled` is the engine's."""

    def __init__(self, engine: Engine, settled: Callable[[Engine], Awaitable[int]]) -> None:
        self._engine = engine
        self._settled = settled

    async def load_settled_number(self) -> int:
        return await self._settled(self._engine)

    async def read_events_text(self, *, after: int, up_to: int, limit: int) -> EventsText | None:
        await asyncio.sleep(0)
        row = await self._engine.fetch_one(_READ, after, up_to, limit)
        return None if row is None or not row[2] else EventsText(*row)

    async def load_last_block(self) -> AuditBlock | None:
        row = await self._engine.fetch_one(
            f"SELECT {_COLUMNS} FROM audit_blocks ORDER BY block_number DESC LIMIT 1"
        )
        return None if row is None else _block(row)

    async def list_blocks(self, *, after_block: int, limit: int) -> Sequence[AuditBlock]:
        rows = await self._engine.fetch_all(
            f"SELECT {_COLUMNS} FROM audit_blocks WHERE block_number > $1 ORDER BY block_number LIMIT $2",
            after_block,
            limit,
        )
        return [_block(row) for row in rows]

    async def append_block(self, block: AuditBlock) -> bool:
        async def work(transaction: Transaction) -> bool:
            await transaction.lock("audit-blocks")
            row = await transaction.fetch_one("SELECT COALESCE(max(block_number), 0) FROM audit_blocks")
            if row is None or row[0] != block.block_number - 1:
                return False
            await transaction.execute(
                f"INSERT INTO audit_blocks ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                block.block_number,
                block.first_number,
                block.last_number,
                block.event_count,
                block.events_digest,
                block.previous_digest,
                block.sealed_at,
                block.key_id,
                block.mac,
            )
            return True

        return await self._engine.run(work)

    async def count_events(self, *, after: int) -> int:
        row = await self._engine.fetch_one("SELECT count(*) FROM audit_events WHERE audit_number > $1", after)
        return 0 if row is None else int(row[0])

    async def load_issued_numbers(self) -> tuple[int, int] | None:
        if self._settled is not settled_on_sqlite:
            return None
        rows = await self._engine.fetch_all("SELECT name, seq FROM sqlite_sequence")
        issued: dict[str, int] = {row[0]: row[1] for row in rows}
        return issued.get("audit_events", 0), issued.get("audit_blocks", 0)


def _block(row: Row) -> AuditBlock:
    return AuditBlock(*row)
