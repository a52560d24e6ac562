"""`daypass server rotate-keys`: add a key to the key ring file and drop those nothing alive was sealed with.

The new key seals from the next reload on (SIGHUP); older ones keep opening. A key may go when its successor has been
sealing for longer than anything lives, unless a SAML provider's private keys are still under it: those a server moves
along when it starts. A ring that comes from the environment or a command belongs to whoever keeps it.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from daypass.errors import ConfigError
from daypass.server.adapters.key_ring_file import (
    new_master_key,
    read_key_ring_file,
    rotate,
    write_key_ring_file,
)
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.system import SystemRandomness, system_clock
from daypass.server.commands.terminal import say
from daypass.server.domain.operator_events import operator_event
from daypass.server.flows.reseal_held_secrets import find_held_sealing_keys
from daypass.server.flows.reseal_saml_keys import find_sealing_keys
from daypass.server.settings import Settings, load_settings

__all__ = ["longest_life", "run"]

_RELOAD_MARGIN = 7 * 86_400
"""Seconds in which every worker is expected to have been reloaded after a rotation."""


def run(argv: Sequence[str]) -> int:
    """Rotate and say what to do next. Raises ConfigError, StorageError."""
    parser = argparse.ArgumentParser(
        "daypass server rotate-keys", description="add a key", allow_abbrev=False
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    words = parser.parse_args(argv)
    settings = load_settings(words.config, environment=os.environ, flags={})
    if settings.key_ring or settings.key_ring_command or settings.key_ring_file is None:
        raise ConfigError("the key ring comes from the environment or a command; rotate it where it is kept")
    now = system_clock()
    before = read_key_ring_file(settings.key_ring_file)
    after = rotate(
        before,
        new_master_key(now=now),
        now=now,
        longest_life=longest_life(settings),
        in_use=asyncio.run(_keys_in_use(settings)),
    )
    write_key_ring_file(settings.key_ring_file, after)
    dropped = [key.key_id for key in before.keys if key not in after.keys]
    asyncio.run(_record(settings, sealing=after.current.key_id, dropped=dropped, now=now))
    say(f"the ring has {len(after.keys)} keys; {after.current.key_id} seals after a reload")
    for key_id in dropped:
        say(f"dropped {key_id}: nothing it sealed is still alive")
    say("reload the server: kill -HUP its process")
    return 0


async def _record(settings: Settings, *, sealing: str, dropped: Sequence[str], now: int) -> None:
    storage = await open_storage(settings.database_url)
    try:
        await storage.audit.append(
            operator_event(
                "RotateKeyRing",
                command="server rotate-keys",
                event_id=SystemRandomness().uuid(),
                now=now,
                detail={"sealing_key": sealing, "dropped_keys": " ".join(dropped)},
            )
        )
    finally:
        await storage.close()


async def _keys_in_use(settings: Settings) -> frozenset[str]:
    """The keys under which providers' private keys, access keys or one-time seeds lie. Raises StorageError."""
    storage = await open_storage(settings.database_url)
    try:
        await storage.migrate()
        return await find_sealing_keys(storage) | await find_held_sealing_keys(storage)
    finally:
        await storage.close()


def longest_life(settings: Settings) -> int:
    """Seconds after which nothing sealed by a replaced key can still be valid."""
    lifetimes = settings.lifetimes
    return max(lifetimes.login_session, lifetimes.sign_in_session) + lifetimes.credentials + _RELOAD_MARGIN
