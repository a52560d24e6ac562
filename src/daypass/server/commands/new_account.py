"""Making an account with its root user: what `server init` and `server account create` share.

The root password comes from standard input or is made and shown once; it is stored only hashed. Everything is
checked before the database is opened.
"""

import argparse
import re
import sys

from daypass.errors import ConfigError, UsageError
from daypass.protocol.aws.errors import AwsError
from daypass.secret import Secret
from daypass.server.adapters.argon2 import Argon2Hasher
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.system import SystemRandomness, system_clock
from daypass.server.commands.sample_account import new_account_id, new_password
from daypass.server.commands.terminal import say, write_value
from daypass.server.domain.account import Account
from daypass.server.domain.operator_events import account_created
from daypass.server.domain.password_policy import check_new_password, check_password_text

__all__ = ["add_account_flags", "check_account_flags", "create_account", "read_root_password", "show_account"]

_is_account_id = re.compile(r"[0-9]{12}").fullmatch
_is_alias = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]").fullmatch
_is_email = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}").fullmatch


def add_account_flags(parser: argparse.ArgumentParser, *, alias_flag: str) -> None:
    """The flags that describe an account."""
    parser.add_argument("--root-email", required=True, metavar="EMAIL", help="the account's root user")
    parser.add_argument(
        "--root-password-stdin",
        action="store_true",
        help="read the root password from standard input; else one is made and shown",
    )
    parser.add_argument("--account-id", default="", metavar="DIGITS", help="twelve digits (default: random)")
    parser.add_argument(
        alias_flag,
        dest="alias",
        default="",
        metavar="ALIAS",
        help="a name to sign in with instead of the digits",
    )


def check_account_flags(words: argparse.Namespace, *, alias_flag: str) -> None:
    """Raises UsageError."""
    if words.account_id and not _is_account_id(words.account_id):
        raise UsageError("--account-id must be twelve digits")
    if words.alias and not _is_alias(words.alias):
        raise UsageError(f"{alias_flag} must be 3 to 63 of a-z, 0-9 and single hyphens")
    if not _is_email(words.root_email):
        raise UsageError("--root-email must be an e-mail address")


def read_root_password(words: argparse.Namespace) -> Secret:
    """One line of standard input, or a new one. Raises UsageError for one that no account accepts."""
    if not words.root_password_stdin:
        return new_password()
    try:
        password = check_password_text("password", sys.stdin.readline().rstrip("\r\n"))
        check_new_password(password, user_name="root")
    except AwsError as refusal:
        raise UsageError(f"the root password is not acceptable: {refusal.message}") from None
    return password


async def create_account(database_url: str, words: argparse.Namespace, password: Secret) -> Account:
    """Bring the schema up to date and write the account. Raises ConfigError, StorageError."""
    storage = await open_storage(database_url)
    hasher = Argon2Hasher(threads=1, queue=1)
    try:
        await storage.migrate()
        account = Account(
            account_id=words.account_id or new_account_id(),
            alias=words.alias or None,
            root_email=words.root_email.lower(),
            root_password_hash=await hasher.hash(password),
            root_credentials_epoch=0,
            created_at=system_clock(),
        )
        await storage.accounts.create_account(account)
        await storage.audit.append(
            account_created(account, command="server account create", event_id=SystemRandomness().uuid())
        )
    except AwsError as refusal:
        raise ConfigError(f"the account was not made: {refusal.message}") from refusal
    finally:
        hasher.close()
        await storage.close()
    return account


def show_account(account: Account, words: argparse.Namespace, password: Secret) -> None:
    """The machine-readable lines; the password only when it was made here."""
    write_value("DAYPASS_ACCOUNT_ID", account.account_id)
    write_value("DAYPASS_ROOT_EMAIL", account.root_email)
    if not words.root_password_stdin:
        say("the root password is shown this once")
        write_value("DAYPASS_ROOT_PASSWORD", password.reveal())
