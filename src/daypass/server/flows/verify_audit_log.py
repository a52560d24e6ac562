"""Verifying the audit log: does every event still stand as it was sealed, and every block as it was made?

Found: an event altered, removed or put in, a block altered, removed or replaced, blocks by a key that is not the
server's. At the end of the log: SQLite remembers the highest numbers it gave, so a cut leaves a trace there; elsewhere
only who kept the head (block number and digest) sees that blocks are missing: the server keeps one beside its key ring. What happened to an event before it was
sealed cannot be seen, nor what somebody does who has the key ring and the database both.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from daypass.server.domain.audit_block import FIRST_PREVIOUS, AuditBlock
from daypass.server.domain.audit_head import Head
from daypass.server.domain.key_ring import KeyRing, SealBroken
from daypass.server.ports.audit_storage import AuditBlockStore

__all__ = ["ChainBreak", "ChainReport", "verify_audit_log"]

_SLICE_EVENTS = 1000
_SLICE_BLOCKS = 200
_MOST_BREAKS = 20
_LEAST_NUMBER = -(2**63)


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """One thing that does not hold."""

    block_number: int
    """The block where it shows; for what is missing at the end, the last one there is, 0 without one."""
    numbers: tuple[int, int]
    """The numbers of the events concerned, first and last."""
    reason: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What was verified."""

    block_count: int
    event_count: int
    """Events the blocks vouch for."""
    unsealed_count: int
    """Events behind the last block, which nothing vouches for yet."""
    head: Head | None
    """The last block; None when there is none."""
    breaks: tuple[ChainBreak, ...]
    """At most twenty; empty when everything holds."""


async def verify_audit_log(
    store: AuditBlockStore, ring: KeyRing, *, kept: Sequence[Head] = ()
) -> ChainReport:
    """Reads the whole log. `kept` are heads noted earlier, to be found again. Raises StorageError."""
    return await _Verification(store, ring, kept).run()


class _Verification:
    """One walk along the chain."""

    def __init__(self, store: AuditBlockStore, ring: KeyRing, kept: Sequence[Head]) -> None:
        self._store = store
        self._ring = ring
        self._kept = kept
        self._last: AuditBlock | None = None
        self._breaks: list[ChainBreak] = []
        self._unvouched: AuditBlock | None = None
        """The first of the blocks whose key is gone and which no later block has vouched for yet."""
        self._blocks = self._events = 0

    async def run(self) -> ChainReport:
        while len(self._breaks) < _MOST_BREAKS:
            after_block = _LEAST_NUMBER if self._last is None else self._last.block_number
            blocks = await self._store.list_blocks(after_block=after_block, limit=_SLICE_BLOCKS)
            if not blocks:
                break
            for block in blocks:
                self._check_link(block)
                await self._check_events(block)
                self._last = block
        await self._check_end()
        return await self._report()

    def _check_link(self, block: AuditBlock) -> None:
        last = self._last
        expected = 1 if last is None else last.block_number + 1
        if block.block_number != expected:
            missing = (
                f"{expected}"
                if block.block_number == expected + 1
                else f"{expected}–{block.block_number - 1}"
            )
            self._note(block, f"block {missing} is missing before it")
        elif not hmac.compare_digest(
            block.previous_digest, FIRST_PREVIOUS if last is None else last.digest()
        ):
            self._note(block, "the block before it is not the one it was sealed behind")
        try:
            is_ours = block.is_made_with(self._ring)
        except SealBroken:
            self._unvouched = self._unvouched or block
            return
        if is_ours:
            self._unvouched = None
        else:
            self._note(block, "it was altered, or not made by this server")

    async def _check_events(self, block: AuditBlock) -> None:
        after = _LEAST_NUMBER if self._last is None else self._last.last_number
        digest = hashlib.sha256()
        count = 0
        while True:
            found = await self._store.read_events_text(
                after=after, up_to=block.last_number, limit=_SLICE_EVENTS
            )
            if found is None:
                break
            digest.update(found.text.encode())
            after, count = found.last_number, count + found.event_count
        self._blocks += 1
        self._events += count
        if count < block.event_count:
            self._note(block, f"{block.event_count - count} of its {block.event_count} events are missing")
        elif count > block.event_count:
            self._note(block, f"{count - block.event_count} events were put among its {block.event_count}")
        elif not hmac.compare_digest(digest.digest(), block.events_digest):
            self._note(block, "an event was altered")

    async def _check_end(self) -> None:
        if self._unvouched is not None:
            self._note(
                self._unvouched,
                f"it was made with key {self._unvouched.key_id}, which is not in the key ring",
            )
        issued = await self._store.load_issued_numbers()
        if issued is not None:
            await self._check_issued(*issued)
        for head in self._kept:
            await self._check_kept(head)

    async def _check_issued(self, event_number: int, block_number: int) -> None:
        last = self._last
        last_block = 0 if last is None else last.block_number
        if last_block < block_number:
            self._note_end(f"the last {block_number - last_block} blocks were removed")
        newest = await self._store.load_settled_number()
        if newest < event_number:
            self._note_end(f"events {newest + 1}–{event_number} at the end of the log were removed")

    async def _check_kept(self, kept: Head) -> None:
        found = await self._store.list_blocks(after_block=kept.block_number - 1, limit=1)
        if not found or found[0].block_number != kept.block_number:
            self._note_end(f"block {kept.block_number}, whose digest {kept.keeper} kept, was removed")
        elif not hmac.compare_digest(found[0].digest(), kept.digest):
            self._note(found[0], f"it is not the block whose digest {kept.keeper} kept")

    async def _report(self) -> ChainReport:
        last = self._last
        unsealed = await self._store.count_events(after=_LEAST_NUMBER if last is None else last.last_number)
        return ChainReport(
            self._blocks,
            self._events,
            unsealed,
            None if last is None else Head(last.block_number, last.digest()),
            tuple(self._breaks[:_MOST_BREAKS]),
        )

    def _note(self, block: AuditBlock, reason: str) -> None:
        self._breaks.append(ChainBreak(block.block_number, (block.first_number, block.last_number), reason))

    def _note_end(self, reason: str) -> None:
        last = self._last
        numbers = (0, 0) if last is None else (last.first_number, last.last_number)
        self._breaks.append(ChainBreak(0 if last is None else last.block_number, numbers, reason))
