"""`daypass server account reset-password ACCOUNT`: a new password for an account's root user, when the old one is lost.

Only who can write the database can do it. Every session and login of root ends; with `--remove-mfa` its second factors
and recovery codes go too, for the day the telephone is gone with the password. It is in the audit log.
"""

import argparse
import asyncio
import re
import sys
import time
from collections.abc import Sequence

from daypass.errors import UsageError
from daypass.secret import Secret
from daypass.server.adapters.argon2 import Argon2Hasher
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.system import SystemRandomness
from daypass.server.commands.account_create import add_database_flags, chosen_database
from daypass.server.commands.terminal import say, write_value
from daypass.server.domain.audit import Caller
from daypass.server.domain.password_policy import check_new_password
from daypass.server.domain.sign_in_events import sign_in_event
from daypass.server.ports.storage import Storage

__all__ = ["run"]

_is_account_id = re.compile(r"[0-9]{12}", re.ASCII).fullmatch


def run(argv: Sequence[str]) -> int:
    """Set it and, when it was made here, print it once. Raises ConfigError, UsageError, StorageError, AwsError."""
    parser = argparse.ArgumentParser(
        "daypass server account reset-password",
        description="give an account's root user a new password",
        allow_abbrev=False,
    )
    parser.add_argument("account", metavar="ACCOUNT", help="twelve digits")
    parser.add_argument(
        "--root-password-stdin", action="store_true", help="read the new password from standard input"
    )
    parser.add_argument("--remove-mfa", action="store_true", help="remove root's second factors too")
    add_database_flags(parser)
    words = parser.parse_args(argv)
    if not _is_account_id(words.account):
        raise UsageError("the account is not twelve digits")
    randomness = SystemRandomness()
    if words.root_password_stdin:
        password = Secret(sys.stdin.readline().rstrip("\n"))
        check_new_password(password, user_name="root")
    else:
        password = Secret(randomness.token_bytes(18).hex())
    asyncio.run(_reset(chosen_database(words), words.account, password, remove_mfa=words.remove_mfa))
    if not words.root_password_stdin:
        write_value("DAYPASS_ROOT_PASSWORD", password.reveal())
    say(f"root of account {words.account} has a new password; its sessions and logins have ended")
    return 0


async def _reset(database_url: str, account_id: str, password: Secret, *, remove_mfa: bool) -> None:
    hasher = Argon2Hasher(threads=1, queue=1)
    storage = await open_storage(database_url)
    try:
        await storage.migrate()
        if await storage.accounts.load_account(account_id) is None:
            raise UsageError(f"there is no account {account_id}", hint="daypass server account list")
        await storage.accounts.set_root_password(account_id, await hasher.hash(password), changed=True)
        if remove_mfa:
            await _remove_devices(storage, account_id)
        await _record(storage, account_id, remove_mfa=remove_mfa)
    finally:
        hasher.close()
        await storage.close()


async def _remove_devices(storage: Storage, account_id: str) -> None:
    for device in await storage.mfa_devices.list_mfa_devices(account_id, account_id):
        await storage.mfa_devices.deactivate_mfa_device(device.serial_number, account_id)
        if device.kind == "totp":
            await storage.mfa_devices.delete_virtual_mfa_device(device.serial_number)
    await storage.mfa_devices.replace_recovery_codes(account_id, account_id, [])


async def _record(storage: Storage, account_id: str, *, remove_mfa: bool) -> None:
    randomness = SystemRandomness()
    caller = Caller(randomness.uuid(), "", "daypass server account reset-password", is_secure=True)
    await storage.audit.append(
        sign_in_event(
            "PasswordRecoveryCompleted",
            event_id=randomness.uuid(),
            caller=caller,
            now=int(time.time()),
            principal=(account_id, f"arn:aws:iam::{account_id}:root"),
            detail={"by": "operator", "mfaRemoved": remove_mfa},
        )
    )
