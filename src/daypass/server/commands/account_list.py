"""`daypass server account list`: the accounts of the server's database, one line each, or as JSON.

Reads only; nothing of a password is shown, not even whether there is one.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence

from daypass.server.adapters.sql import open_storage
from daypass.server.commands.account_create import add_database_flags, chosen_database
from daypass.server.commands.terminal import say
from daypass.server.domain.account import Account

__all__ = ["run"]


def run(argv: Sequence[str]) -> int:
    """Print the accounts in order of id. Raises ConfigError, StorageError."""
    parser = argparse.ArgumentParser(
        "daypass server account list", description="list the accounts", allow_abbrev=False
    )
    add_database_flags(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    words = parser.parse_args(argv)
    accounts = asyncio.run(_list_accounts(chosen_database(words)))
    if words.json:
        rows = [
            {"account_id": each.account_id, "alias": each.alias, "root_email": each.root_email}
            for each in accounts
        ]
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return 0
    for each in accounts:
        sys.stdout.write(f"{each.account_id}  {each.alias or '-'}  {each.root_email}\n")
    if not accounts:
        say("there is no account yet; make one: daypass server account create")
    return 0


async def _list_accounts(database_url: str) -> list[Account]:
    storage = await open_storage(database_url)
    try:
        await storage.migrate()
        return sorted(await storage.accounts.list_accounts(), key=lambda each: each.account_id)
    finally:
        await storage.close()
