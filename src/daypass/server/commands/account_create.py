"""`daypass server account create`: one more account, with its root user, in the server's database.

The server may be running: it finds the account at the next sign-in. Accounts see nothing of one another.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from daypass.server.commands.new_account import (
    add_account_flags,
    check_account_flags,
    create_account,
    read_root_password,
    show_account,
)
from daypass.server.settings import Settings, load_settings

__all__ = ["add_database_flags", "chosen_database", "chosen_settings", "run"]

_ALIAS_FLAG = "--alias"


def run(argv: Sequence[str]) -> int:
    """Make the account. Returns the exit code; raises ConfigError, UsageError, StorageError."""
    parser = argparse.ArgumentParser(
        "daypass server account create", description="make one more account", allow_abbrev=False
    )
    add_database_flags(parser)
    add_account_flags(parser, alias_flag=_ALIAS_FLAG)
    words = parser.parse_args(argv)
    check_account_flags(words, alias_flag=_ALIAS_FLAG)
    database_url = chosen_database(words)
    password = read_root_password(words)
    show_account(asyncio.run(create_account(database_url, words, password)), words, password)
    return 0


def add_database_flags(parser: argparse.ArgumentParser) -> None:
    """How a command that only needs the database is told which."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    parser.add_argument(
        "--database-url",
        default="",
        metavar="VALUE",
        help="sqlite:///absolute/file.db or postgresql://…, instead of the settings file's",
    )


def chosen_database(words: argparse.Namespace) -> str:
    """The database's URL. Raises ConfigError."""
    return chosen_settings(words).database_url


def chosen_settings(words: argparse.Namespace) -> Settings:
    """The settings, with the database that was named. Raises ConfigError."""
    flags: dict[str, str | bool] = {"database_url": words.database_url} if words.database_url else {}
    return load_settings(words.config, environment=os.environ, flags=flags)
