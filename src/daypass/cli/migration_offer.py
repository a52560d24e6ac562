"""The last step of a migration: switch the old key off at its account, or say how.

Only off, never away: an inactive key can be switched on again, a deleted one cannot. The session that replaces the key
asks; where it may not, or nobody can be asked, the exact `aws` command is printed.
"""

import argparse
import shlex
import sys
from dataclasses import replace

from daypass.cli.output import ask, say
from daypass.client.key_account import Asker, user_of_arn
from daypass.client.migration_receipt import Receipt, ReceiptFolder
from daypass.client.session_cache import format_time
from daypass.errors import DaypassError, NetworkError, RemoteProtocolError
from daypass.protocol.aws.errors import AwsError

__all__ = ["offer_deactivation", "say_how_to_switch_off", "status_command"]


def offer_deactivation(
    arguments: argparse.Namespace, receipt: Receipt, asker: Asker, folder: ReceiptFolder
) -> None:
    """Ask the person, then the account; whatever goes wrong, the migration stands."""
    if not arguments.no_input and sys.stdin.isatty() and sys.stderr.isatty():
        answer = ask(f"switch {receipt.access_key_id} off now? it can be switched on again [y/N]")
        if (answer or "").lower() in ("y", "yes"):
            try:
                asker.deactivate(receipt.access_key_id, user_of_arn(receipt.old_identity))
            except (AwsError, NetworkError, RemoteProtocolError) as problem:
                say(_told(problem))
            else:
                folder.save(replace(receipt, deactivated_at=format_time(asker.now)))
                say(f"{receipt.access_key_id} is switched off; if nothing misses it for a week, look at")
                say(f"  {_command('get-access-key-last-used', receipt)}")
                return
    say_how_to_switch_off(receipt)


def say_how_to_switch_off(receipt: Receipt) -> None:
    """For a person who does it later, or who may and this login may not."""
    say(f"{receipt.access_key_id} still works wherever it lies; switch it off when you are ready:")
    say(f"  {status_command(receipt, 'Inactive')}")


def status_command(receipt: Receipt, status: str) -> str:
    """The `aws` command that switches the key off or on."""
    return _command("update-access-key", receipt, "--status", status)


def _command(operation: str, receipt: Receipt, *rest: str) -> str:
    words = ["aws", "iam", operation, "--access-key-id", receipt.access_key_id, *rest]
    user = user_of_arn(receipt.old_identity)
    if user and operation == "update-access-key":
        words += ["--user-name", user]
    return shlex.join([*words, "--profile", receipt.login_profile])


def _told(problem: DaypassError) -> str:
    return f"it was not switched off: {problem.message} [{problem.code}]"
