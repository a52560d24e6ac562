"""`daypass server rotate-keys`: add a key to the key ring file and drop those nothing alive was sealed with.

The new key seals from the next reload on (SIGHUP); older ones keep opening. A key may go when its successor has been
sealing for longer than anything lives, unless a SAML provider's private keys are still under it: those a server moves
along when it starts, or here with `--drop-old-keys`: then nothing waits, because somebody may have read the old keys.
A ring that comes from the environment or a command belongs to whoever keeps it.
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
from daypass.server.adapters.sql.sqlite_backup import database_path, is_in_use
from daypass.server.adapters.system import SystemRandomness, system_clock
from daypass.server.commands.terminal import say
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.operator_events import operator_event
from daypass.server.flows.reseal_held_secrets import find_held_sealing_keys, reseal_held_secrets
from daypass.server.flows.reseal_saml_keys import find_sealing_keys, reseal_saml_keys
from daypass.server.settings import Settings, load_settings

__all__ = ["longest_life", "run"]

_RELOAD_MARGIN = 7 * 86_400
"""Seconds in which every worker is expected to have been reloaded after a rotation."""


def run(argv: Sequence[str]) -> int:
    """Rotate and say what to do next. Raises ConfigError, StorageError."""
    words = _parser().parse_args(argv)
    settings = load_settings(words.config, environment=os.environ, flags={})
    if settings.key_ring or settings.key_ring_command or settings.key_ring_file is None:
        raise ConfigError("the key ring comes from the environment or a command; rotate it where it is kept")
    now = system_clock()
    before = read_key_ring_file(settings.key_ring_file)
    new_key = new_master_key(now=max(now, before.current.created_at + 1))  # the newest, within a second too
    if words.drop_old_keys:
        after = _only_the_new_key(settings, before, new_key, path=settings.key_ring_file)
    else:
        in_use = asyncio.run(_keys_in_use(settings))
        after = rotate(before, new_key, now=now, longest_life=longest_life(settings), in_use=in_use)
    write_key_ring_file(settings.key_ring_file, after)
    dropped = [key.key_id for key in before.keys if key not in after.keys]
    asyncio.run(_record(settings, sealing=after.current.key_id, dropped=dropped, now=now))
    if words.drop_old_keys:
        say(f"the ring has one key, {new_key.key_id}: what the dropped keys sealed for a while is refused")
        say("start the server")
        return 0
    say(f"the ring has {len(after.keys)} keys; {after.current.key_id} seals after a reload")
    for key_id in dropped:
        say(f"dropped {key_id}: nothing it sealed is still alive")
    say("reload the server: kill -HUP its process")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "daypass server rotate-keys", description="add a key", allow_abbrev=False
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    parser.add_argument(
        "--drop-old-keys",
        action="store_true",
        help="for leaked keys, while no server runs: seal what lasts anew and keep the new key alone",
    )
    return parser


def _only_the_new_key(settings: Settings, before: KeyRing, new_key: MasterKey, *, path: Path) -> KeyRing:
    """Seal what does not expire under the new key; the ring on disk opens all of it at every moment. Raises ConfigError."""
    database = database_path(settings.database_url)
    if database is not None and database.exists() and is_in_use(database):
        raise ConfigError("a server has the database open", hint="stop it first")
    both = KeyRing([*before.keys, new_key])
    write_key_ring_file(path, both)
    left = asyncio.run(_reseal(settings, both)) & {key.key_id for key in before.keys}
    if left:
        raise ConfigError(
            "access keys, seeds or providers are under an old key still; the ring has old and new",
            hint="stop every server, then run it again",
        )
    return KeyRing([new_key])


async def _reseal(settings: Settings, ring: KeyRing) -> frozenset[str]:
    """Seal under the ring's newest key what has no end of life. Returns the keys in use afterwards. Raises StorageError."""
    storage = await open_storage(settings.database_url)
    try:
        await storage.migrate()
        await reseal_saml_keys(storage, ring)
        await reseal_held_secrets(storage, ring)
        return await find_sealing_keys(storage) | await find_held_sealing_keys(storage)
    finally:
        await storage.close()


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
