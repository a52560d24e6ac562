"""The head of the audit log in a file beside the key ring. Written behind, in a thread; nothing waits for it.

Where the folder cannot be written, and where the ring is no file, there is no such file and nothing else changes.
"""

from contextlib import suppress
from pathlib import Path

from daypass.errors import ConfigError
from daypass.server.adapters.private_file import read_private_file, write_private_file
from daypass.server.domain.audit_head import Head, open_head, seal_head
from daypass.server.domain.key_ring import KeyRing, SealBroken

__all__ = ["AuditHeadFile", "audit_head_path"]


def audit_head_path(key_ring_file: Path) -> Path:
    """Beside the ring, under its name."""
    return key_ring_file.with_name(f"{key_ring_file.name}.audit-head")


class AuditHeadFile:
    """One server's head."""

    def __init__(self, path: Path, ring: KeyRing) -> None:
        self.path = path
        self._ring = ring

    def load(self) -> Head | None:
        """None when there is none, or none that this ring made: a dropped key must not raise an alarm for ever."""
        with suppress(ConfigError, SealBroken):
            return open_head(self._ring, read_private_file(self.path))
        return None

    def save(self, head: Head) -> None:
        """Raises ConfigError."""
        write_private_file(self.path, seal_head(self._ring, head))
