"""`daypass server upgrade`: bring the database's schema up to date, before new workers do it themselves.

Migrations are numbered, checksummed and safe to run from several hosts at once; running it again changes nothing.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from daypass.server.adapters.sql import open_storage
from daypass.server.commands.terminal import say
from daypass.server.settings import load_settings

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
    return 0


async def _upgrade(database_url: str) -> list[str]:
    storage = await open_storage(database_url)
    try:
        return await storage.migrate()
    finally:
        await storage.close()
