"""Which head of the audit log to keep outside the database now: the last block, if the one kept before still stands.

Each replica keeps its own and needs nobody else's: whoever sealed a block, all of them find it. One that is gone is never
replaced by a newer one, so a cut stays visible until the operator says that it was meant.
"""

import hmac

from daypass.server.domain.audit_head import Head
from daypass.server.ports.audit_storage import AuditBlockStore

__all__ = ["AuditLogCut", "next_head"]


class AuditLogCut(Exception):
    """The block that was kept is not in the log any more, or is another one."""


async def next_head(store: AuditBlockStore, kept: Head | None) -> Head | None:
    """The head to keep instead of `kept`; None when there is no newer one. Raises AuditLogCut, StorageError."""
    last = await store.load_last_block()
    if kept is None:
        return None if last is None else Head(last.block_number, last.digest(), "this server")
    if last is not None and last.block_number == kept.block_number:
        found = last
    else:
        blocks = await store.list_blocks(after_block=kept.block_number - 1, limit=1)
        if not blocks or last is None:
            raise AuditLogCut(f"block {kept.block_number} is missing")
        found = blocks[0]
    if found.block_number != kept.block_number or not hmac.compare_digest(found.digest(), kept.digest):
        raise AuditLogCut(f"block {kept.block_number} is another one")
    return None if last is found else Head(last.block_number, last.digest(), "this server")
