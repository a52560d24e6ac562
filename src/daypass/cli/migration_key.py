"""Which key locks a migration's backup, and which opens it again: a file, or a passphrase typed at the terminal.

A passphrase is never an argument, never echoed, and without a terminal nobody is asked.
"""

import argparse
import base64
import getpass
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from daypass.client.migration_receipt import Receipt, ReceiptFolder
from daypass.client.sealed_backup import load_key_file, make_or_load_key_file, passphrase_key
from daypass.errors import UsageError
from daypass.secret import Secret

__all__ = ["key_for_backup", "key_for_undo"]

_SALT_BYTES = 16


def key_for_backup(arguments: argparse.Namespace, folder: ReceiptFolder) -> tuple[Secret, Mapping[str, str]]:
    """The key for a new backup, and how the receipt names it."""
    if arguments.backup_key_file:
        path = Path(arguments.backup_key_file).expanduser().absolute()
        return make_or_load_key_file(path, apart_from=folder.path), {"kind": "file", "path": str(path)}
    _check_terminal(arguments)
    passphrase = _typed("passphrase for the backup of the old key:")
    if passphrase != _typed("the same passphrase again:"):
        raise UsageError("the passphrases differ; nothing was changed")
    salt = os.urandom(_SALT_BYTES)
    description = {"kind": "passphrase", "salt": base64.b64encode(salt).decode()}
    return passphrase_key(passphrase, salt), description


def key_for_undo(arguments: argparse.Namespace, receipt: Receipt) -> Secret:
    """The key that opens the receipt's backup."""
    path = arguments.backup_key_file or receipt.backup_key.get("path")
    if path:
        return load_key_file(Path(path).expanduser().absolute())
    _check_terminal(arguments)
    salt = base64.b64decode(receipt.backup_key.get("salt", ""))
    return passphrase_key(_typed("passphrase of the backup:"), salt)


def _check_terminal(arguments: argparse.Namespace) -> None:
    if arguments.no_input or not sys.stdin.isatty():
        raise UsageError(
            "the backup of the old key needs a passphrase and nobody can be asked; nothing was changed",
            hint="--backup-key-file ~/.config/daypass/backup.key",
        )


def _typed(question: str) -> Secret:
    return Secret(getpass.getpass(f"daypass: {question} ", stream=sys.stderr))
