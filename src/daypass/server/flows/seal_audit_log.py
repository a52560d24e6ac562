"""Sealing the audit log: settled events become blocks of the chain, a bounded number per call.

Several workers may call it at once: each computes, one writes, and the others' work is dropped. Nothing here is on the
way of a request; what is written stands in `domain/audit_block.py`.
"""

import hashlib

from daypass.server.domain.audit_block import BLOCK_EVENTS, AuditBlock, seal_block
from daypass.server.domain.key_ring import KeyRing
from daypass.server.ports.audit_storage import AuditBlockStore

__all__ = ["LEAST_NUMBER", "SLICE_EVENTS", "seal_audit_log"]

LEAST_NUMBER = -(2**63)
"""Below every event's number: whatever was put in front of the first event is in the first block's range."""
SLICE_EVENTS = 250
"""Events read at a time: the loop is held for less than a millisecond."""
_MOST_BLOCKS = 20


async def seal_audit_log(
    store: AuditBlockStore, ring: KeyRing, *, now: int, pause: int = 0
) -> list[AuditBlock]:
    """The blocks this call wrote. Nothing is done when the last one is younger than `pause` seconds. Raises StorageError."""
    sealed: list[AuditBlock] = []
    last = await store.load_last_block()
    if last is not None and 0 <= now - last.sealed_at < pause:
        return sealed
    settled = await store.load_settled_number()
    while len(sealed) < _MOST_BLOCKS:
        block = await _next_block(store, ring, last, settled=settled, now=now)
        if block is None or not await store.append_block(block):
            break
        sealed.append(block)
        last = block
    return sealed


async def _next_block(
    store: AuditBlockStore, ring: KeyRing, last: AuditBlock | None, *, settled: int, now: int
) -> AuditBlock | None:
    """None when nothing is left to be sealed."""
    after = LEAST_NUMBER if last is None else last.last_number
    digest = hashlib.sha256()
    first_number, count = 0, 0
    while count < BLOCK_EVENTS:
        found = await store.read_events_text(
            after=after, up_to=settled, limit=min(SLICE_EVENTS, BLOCK_EVENTS - count)
        )
        if found is None:
            break
        digest.update(found.text.encode())
        if not count:
            first_number = found.first_number
        after, count = found.last_number, count + found.event_count
    if not count:
        return None
    return seal_block(
        ring, last, events_digest=digest.digest(), numbers=(first_number, after), event_count=count, now=now
    )
