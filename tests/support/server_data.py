"""What tests do with a running server's data folder, by its own keys: read a one-time seed, seal the audit log now.

A phone would read the seed from the picture that `aws iam create-virtual-mfa-device` writes; nothing here reads pictures.
The server itself seals the audit log twice a minute.
"""

import asyncio
import time
from pathlib import Path

import apsw

from daypass.server.adapters.key_ring_file import read_key_ring_file
from daypass.server.adapters.sql import open_storage
from daypass.server.flows.seal_audit_log import seal_audit_log

__all__ = ["seal_audit_log_of", "seed_of"]


def seed_of(data_dir: Path, serial_number: str) -> str:
    """In base32, of a device in the SQLite database of a data folder."""
    ring = read_key_ring_file(data_dir / "key-ring.json")
    database = apsw.Connection(str(data_dir / "daypass.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        [(sealed,)] = database.execute(
            "SELECT sealed_seed FROM mfa_devices WHERE serial_number = ?", (serial_number,)
        ).fetchall()
    finally:
        database.close()
    return ring.open("mfa-seed", str(sealed))[0].decode("ascii")


def seal_audit_log_of(data_dir: Path) -> None:
    """All events until now, as a server that ends does."""

    async def seal() -> None:
        storage = await open_storage(f"sqlite://{data_dir / 'daypass.db'}")
        ring = read_key_ring_file(data_dir / "key-ring.json")
        await seal_audit_log(storage.audit_blocks, ring, now=int(time.time()), pause=0)
        await storage.close()

    asyncio.run(seal())
