"""The background work on the audit log: sealing settled events, and keeping the chain's head outside the database.

A failure is logged and tried again at the next turn; requests never wait for any of it.
"""

import asyncio
import logging

from daypass.errors import ConfigError
from daypass.server.adapters.audit_head_file import AuditHeadFile
from daypass.server.domain.key_ring import KeyRing
from daypass.server.flows.keep_audit_head import AuditLogCut, next_head
from daypass.server.flows.seal_audit_log import seal_audit_log
from daypass.server.ports.audit_storage import AuditBlockStore
from daypass.server.ports.clock import Clock

__all__ = ["AuditSealing"]


class AuditSealing:
    """One process's. For one event loop."""

    def __init__(
        self,
        store: AuditBlockStore,
        ring: KeyRing,
        *,
        clock: Clock,
        log: logging.Logger,
        head_file: AuditHeadFile | None,
    ) -> None:
        self._store = store
        self._ring = ring
        self._clock = clock
        self._log = log
        self._head_file = head_file
        self._has_complained = False

    async def seal(self, *, pause: int) -> None:
        """One turn. Nothing is sealed when the last block is younger than `pause` seconds. Never raises."""
        try:
            blocks = await seal_audit_log(self._store, self._ring, now=self._clock(), pause=pause)
            for block in blocks:
                self._log.info(
                    "audit block sealed", extra={"block": block.block_number, "digest": block.digest().hex()}
                )
            if self._head_file is not None:
                await self._keep_head(self._head_file)
        except Exception:  # noqa: BLE001 - the task must outlive a database that is away
            self._log.exception("could not seal the audit log")

    async def _keep_head(self, head_file: AuditHeadFile) -> None:
        """Several workers keep one file: each reads it anew, and a newer head of a neighbour is as good as one's own."""
        try:
            head = await next_head(self._store, await asyncio.to_thread(head_file.load))
            if head is not None:
                await asyncio.to_thread(head_file.save, head)
        except AuditLogCut as cut:
            self._complain("the audit log was cut or replaced: %s; daypass server audit --verify", cut)
        except ConfigError as failure:
            self._complain("the head of the audit log is not kept outside the database: %s", failure)

    def _complain(self, text: str, problem: Exception) -> None:
        """Once in a process: it stays so until somebody looks."""
        if not self._has_complained:
            self._has_complained = True
            self._log.error(text, problem)
