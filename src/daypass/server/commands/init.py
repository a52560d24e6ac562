"""`daypass server init`: a commented settings file, a key ring, the database, and the first account with its root user.

Nothing that exists is overwritten, and everything is checked before anything is written. The root password comes from
standard input or is made and shown once; it is stored only hashed. The settings file holds no secret.
"""

import argparse
import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path

from daypass.errors import ConfigError
from daypass.server.adapters.key_ring_file import new_master_key, write_key_ring_file
from daypass.server.adapters.private_file import make_private_folder
from daypass.server.adapters.system import system_clock
from daypass.server.commands.new_account import (
    add_account_flags,
    check_account_flags,
    create_account,
    read_root_password,
    show_account,
)
from daypass.server.commands.terminal import say
from daypass.server.domain.key_ring import KeyRing
from daypass.server.settings import Settings, load_settings
from daypass.server.settings.reference import build_settings_file

__all__ = ["run"]

_ALIAS_FLAG = "--account-alias"


def run(argv: Sequence[str]) -> int:
    """Prepare a server. Returns the exit code; raises ConfigError, UsageError, StorageError."""
    words = _parse(argv)
    config: Path = words.config.absolute()
    flags = {
        name: value
        for name, value in (
            ("external_url", words.external_url),
            ("listen", words.listen),
            ("database_url", words.database_url),
            ("trusted_proxies", words.trusted_proxies),
        )
        if value
    }
    settings = load_settings(None, environment=os.environ, flags=flags, base_dir=config.parent)
    password = read_root_password(words)
    if config.exists():
        raise ConfigError(
            f"{config} exists already; nothing was changed", hint=f"daypass serve --config {config}"
        )
    if not config.parent.exists():
        make_private_folder(config.parent)
    _ensure_key_ring(settings)
    account = asyncio.run(create_account(settings.database_url, words, password))
    _write_settings(config, flags)
    say(f"wrote {config}; start with: daypass serve --config {config}")
    show_account(account, words, password)
    return 0


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "daypass server init", description="prepare a server", allow_abbrev=False
    )
    parser.add_argument(
        "--config",
        type=Path,
        default=Path("daypass.toml"),
        metavar="FILE",
        help="the settings file to write (default: %(default)s)",
    )
    add_account_flags(parser, alias_flag=_ALIAS_FLAG)
    for name, described in (
        ("--external-url", "how people reach the server: https://host[:port]"),
        ("--listen", "where it listens: host:port"),
        ("--database-url", "sqlite:///absolute/file.db or postgresql://…"),
        ("--trusted-proxies", "networks of the proxies that end TLS, comma-separated"),
    ):
        parser.add_argument(name, default="", metavar="VALUE", help=described)
    words = parser.parse_args(argv)
    check_account_flags(words, alias_flag=_ALIAS_FLAG)
    return words


def _ensure_key_ring(settings: Settings) -> None:
    if (
        settings.key_ring
        or settings.key_ring_command
        or settings.key_ring_file is None
        or settings.key_ring_file.exists()
    ):
        return
    write_key_ring_file(settings.key_ring_file, KeyRing([new_master_key(now=system_clock())]))


def _write_settings(config: Path, flags: dict[str, str]) -> None:
    """For its owner only: `database_url` may carry a password, whatever we advise."""
    values = {name: json.dumps(value) for name, value in flags.items()}
    if "trusted_proxies" in flags:
        values["trusted_proxies"] = json.dumps([part.strip() for part in flags["trusted_proxies"].split(",")])
    try:
        descriptor = os.open(config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as opened:
            opened.write(build_settings_file(values))
    except OSError as failure:
        raise ConfigError(f"cannot write {config}: {failure.strerror or failure}") from failure
