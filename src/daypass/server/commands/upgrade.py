"""`daypass server upgrade`: bring the database's schema up to date, before new workers do it themselves, and the key ring.

Migrations are numbered, checksummed and safe to run from several hosts at once; running it again changes nothing. A key
ring file from before RS256 gets an RSA key; a ring from the environment or a command belongs to whoever keeps it.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from daypass.server.adapters.key_ring_file import read_key_ring_file, with_rsa_key, write_key_ring_file
from daypass.server.adapters.sql import open_storage
from daypass.server.commands.terminal import say
from daypass.server.settings import Settings, load_settings

__all__ = ["run"]


def run(argv: Sequence[str]) -> int:
    """Apply what is missing and say what was applied. Raises ConfigError, StorageError."""
    parser = argparse.ArgumentParser(
        "daypass server upgrade", description="upgrade the database", allow_abbrev=False
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    words = parser.parse_args(argv)
    settings = load_settings(words.config, environment=os.environ, flags={})
    applied = asyncio.run(_upgrade(settings.database_url))
    for name in applied:
        say(f"applied {name}")
    if not applied:
        say("the schema is up to date")
    _add_rsa_key(settings)
    return 0


def _add_rsa_key(settings: Settings) -> None:
    path = settings.key_ring_file
    if settings.key_ring or settings.key_ring_command or path is None or not path.exists():
        return
    before = read_key_ring_file(path)
    after = with_rsa_key(before)
    if after is not before:
        write_key_ring_file(path, after)
        say("added an RSA key to the key ring; it signs after a reload: kill -HUP the server's process")


async def _upgrade(database_url: str) -> list[str]:
    storage = await open_storage(database_url)
    try:
        return await storage.migrate()
    finally:
        await storage.close()
