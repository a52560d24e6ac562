"""Blocks: the hash chain over the audit log, made after the events, as CloudTrail's digest files are.

A block holds SHA-256 over the canonical text of its events, the digest of the block before it, and an HMAC under the
server's key ring. So who changes an event must change every block since, and who makes blocks must have the key.
The canonical text is also what the database computes (`adapters/sql/audit_blocks.py`); a test holds them together.
Cite: RFC 2104 (HMAC); CloudTrail user guide, "CloudTrail digest file structure", for the idea.
"""

import hashlib
import hmac
from dataclasses import dataclass

import msgspec

from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.key_ring import KeyRing

__all__ = ["BLOCK_EVENTS", "FIRST_PREVIOUS", "AuditBlock", "EventsText", "canonical_event", "seal_block"]

BLOCK_EVENTS = 10_000
"""Events one block covers at most."""
FIRST_PREVIOUS = bytes(32)
"""What stands for the previous block's digest in the first one."""

_LABEL = "audit-block"
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class EventsText:
    """The canonical texts of some events in a row, one behind the other."""

    first_number: int
    last_number: int
    event_count: int
    text: str


@dataclass(frozen=True, slots=True)
class AuditBlock:
    """One link of the chain. It covers every event after the previous block's `last_number`, up to its own."""

    block_number: int
    """1, 2, 3 …, without a gap."""
    first_number: int
    last_number: int
    event_count: int
    events_digest: bytes
    """SHA-256 over the events' canonical texts, in order of their numbers."""
    previous_digest: bytes
    sealed_at: int
    """Epoch seconds."""
    key_id: str
    """The key of the ring that made `mac`."""
    mac: bytes

    def header(self) -> bytes:
        """What `mac` is over: everything but `mac`. Numbers in decimal, digests in hex, one to a line."""
        lines = (
            "daypass audit block 1",
            str(self.block_number),
            str(self.first_number),
            str(self.last_number),
            str(self.event_count),
            self.events_digest.hex(),
            self.previous_digest.hex(),
            str(self.sealed_at),
            self.key_id,
        )
        return "\n".join(lines).encode()

    def digest(self) -> bytes:
        """SHA-256 of the header and the MAC: what the next block holds of this one."""
        return hashlib.sha256(self.header() + b"\n" + self.mac.hex().encode()).digest()

    def is_made_with(self, ring: KeyRing) -> bool:
        """Whether the MAC is the ring's. Raises SealBroken when the ring has no such key."""
        return hmac.compare_digest(ring.derive(_LABEL, self.header(), key_id=self.key_id), self.mac)


def seal_block(
    ring: KeyRing,
    previous: AuditBlock | None,
    *,
    events_digest: bytes,
    numbers: tuple[int, int],
    event_count: int,
    now: int,
) -> AuditBlock:
    """The block behind `previous`, under the current key. `numbers` are the first and the last event's."""
    unsealed = AuditBlock(
        1 if previous is None else previous.block_number + 1,
        *numbers,
        event_count,
        events_digest,
        FIRST_PREVIOUS if previous is None else previous.digest(),
        now,
        ring.current.key_id,
        b"",
    )
    mac = ring.derive(_LABEL, unsealed.header(), key_id=unsealed.key_id)
    return AuditBlock(
        unsealed.block_number,
        *numbers,
        event_count,
        events_digest,
        unsealed.previous_digest,
        now,
        unsealed.key_id,
        mac,
    )


def canonical_event(audit_number: int, event: AuditEvent) -> str:
    """Number, time and `is_secure`, a comma behind each; then each text with its length in UTF-8 bytes in front."""
    caller = event.caller
    detail = _encode(event.detail).decode() if event.detail else "{}"
    texts = (
        event.event_id,
        event.event_source,
        event.event_name,
        event.account_id,
        event.principal_arn,
        caller.request_id,
        caller.source_ip,
        caller.user_agent,
        event.error_code,
        detail,
    )
    measured = "".join(f"{len(text.encode())}:{text}" for text in texts)
    return f"{audit_number},{event.event_time},{int(caller.is_secure)},{measured}"
