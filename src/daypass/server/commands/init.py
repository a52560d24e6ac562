"""`daypass server init`: a commented settings file, a key ring, the database, and the first account with its root user.

Nothing that exists is overwritten, and everything is checked before anything is written. The root password comes from
standard input or is made and shown once; it is stored only hashed. The settings file holds no secret.
"""

import argparse
import asyncio
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from daypass.errors import ConfigError, UsageError
from daypass.protocol.aws.errors import AwsError
from daypass.secret import Secret
from daypass.server.adapters.argon2 import Argon2Hasher
from daypass.server.adapters.key_ring_file import new_master_key, write_key_ring_file
from daypass.server.adapters.private_file import make_private_folder
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.system import system_clock
from daypass.server.commands.sample_account import new_account_id, new_password
from daypass.server.commands.terminal import say, write_value
from daypass.server.domain.account import Account
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.password_policy import check_new_password, check_password_text
from daypass.server.settings import Settings, load_settings
from daypass.server.settings.reference import build_settings_file

__all__ = ["run"]


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
    password = _read_password() if words.root_password_stdin else new_password()
    if config.exists():
        raise ConfigError(
            f"{config} exists already; nothing was changed", hint=f"daypass serve --config {config}"
        )
    if not config.parent.exists():
        make_private_folder(config.parent)
    _ensure_key_ring(settings)
    account = asyncio.run(_create_account(settings, words, password))
    _write_settings(config, flags)
    say(f"wrote {config}; start with: daypass serve --config {config}")
    write_value("DAYPASS_ACCOUNT_ID", account.account_id)
    write_value("DAYPASS_ROOT_EMAIL", account.root_email)
    if not words.root_password_stdin:
        say("the root password is shown this once")
        write_value("DAYPASS_ROOT_PASSWORD", password.reveal())
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
    parser.add_argument("--root-email", required=True, metavar="EMAIL", help="the first account's root user")
    parser.add_argument(
        "--root-password-stdin",
        action="store_true",
        help="read the root password from standard input; else one is made and shown",
    )
    parser.add_argument("--account-id", default="", metavar="DIGITS", help="twelve digits (default: random)")
    parser.add_argument(
        "--account-alias", default="", metavar="ALIAS", help="a name to sign in with instead of the digits"
    )
    for name, described in (
        ("--external-url", "how people reach the server: https://host[:port]"),
        ("--listen", "where it listens: host:port"),
        ("--database-url", "sqlite:///absolute/file.db or postgresql://…"),
        ("--trusted-proxies", "networks of the proxies that end TLS, comma-separated"),
    ):
        parser.add_argument(name, default="", metavar="VALUE", help=described)
    words = parser.parse_args(argv)
    if words.account_id and not re.fullmatch(r"[0-9]{12}", words.account_id):
        raise UsageError("--account-id must be twelve digits")
    if words.account_alias and not re.fullmatch(
        r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]", words.account_alias
    ):
        raise UsageError("--account-alias must be 3 to 63 of a-z, 0-9 and single hyphens")
    if not re.fullmatch(r"[^@\s]{1,64}@[^@\s]{1,255}", words.root_email):
        raise UsageError("--root-email must be an e-mail address")
    return words


def _read_password() -> Secret:
    """One line of standard input. Raises UsageError for one that no account accepts."""
    try:
        password = check_password_text("password", sys.stdin.readline().rstrip("\r\n"))
        check_new_password(password, user_name="root")
    except AwsError as refusal:
        raise UsageError(f"the root password is not acceptable: {refusal.message}") from None
    return password


def _ensure_key_ring(settings: Settings) -> None:
    if (
        settings.key_ring
        or settings.key_ring_command
        or settings.key_ring_file is None
        or settings.key_ring_file.exists()
    ):
        return
    write_key_ring_file(settings.key_ring_file, KeyRing([new_master_key(now=system_clock())]))


async def _create_account(settings: Settings, words: argparse.Namespace, password: Secret) -> Account:
    storage = await open_storage(settings.database_url)
    hasher = Argon2Hasher(threads=1, queue=1)
    try:
        await storage.migrate()
        account = Account(
            account_id=words.account_id or new_account_id(),
            alias=words.account_alias or None,
            root_email=words.root_email.lower(),
            root_password_hash=await hasher.hash(password),
            root_credentials_epoch=0,
            created_at=system_clock(),
        )
        await storage.accounts.create_account(account)
    except AwsError as refusal:
        raise ConfigError(f"the account was not made: {refusal.message}") from refusal
    finally:
        hasher.close()
        await storage.close()
    return account


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
