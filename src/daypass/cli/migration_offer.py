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
from daypass.client.session_cache import format_time, parse_time
from daypass.errors import DaypassError, NetworkError, RemoteProtocolError
from daypass.protocol.aws.errors import AwsError, NoSuchEntity

__all__ = ["offer_deactivation", "say_how_to_switch_off", "say_whether_to_delete", "status_command"]

_WEEK = 7 * 86_400
"""Seconds a key stays switched off before it is deleted: what runs weekly has run by then."""


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
                say(
                    f"{receipt.access_key_id} is switched off; if nothing misses it for a week, the same command"
                )
                say("looks whether it was used since, and says how to delete it")
                return
    say_how_to_switch_off(receipt)


def say_how_to_switch_off(receipt: Receipt) -> None:
    """For a person who does it later, or who may and this login may not."""
    say(f"{receipt.access_key_id} still works wherever it lies; switch it off when you are ready:")
    say(f"  {status_command(receipt, 'Inactive')}")


def say_whether_to_delete(receipt: Receipt, asker: Asker) -> None:
    """Only a key that was off for a week and not used since gets its deletion command."""
    key, switched_off = receipt.access_key_id, parse_time(receipt.deactivated_at)
    if asker.now - switched_off < _WEEK:
        say(f"{key} is switched off since {receipt.deactivated_at}; ask again when a week has passed")
        return
    try:
        use = asker.key_use(key)
    except NoSuchEntity:
        say(f"{key} is gone from its account")
        return
    except (AwsError, NetworkError, RemoteProtocolError) as problem:
        say(f"the login could not ask when {key} was last used: {problem.message} [{problem.code}]")
        say(f"  {_command('get-access-key-last-used', receipt)}")
        return
    if use.used_at is not None and use.used_at > switched_off:
        say(f"{key} was used at {format_time(use.used_at)} for {use.service}: it has been switched on again")
        return
    say(f"{key} is switched off since {receipt.deactivated_at} and was not used; to delete it for good:")
    say(f"  {_command('delete-access-key', receipt)}")


def status_command(receipt: Receipt, status: str) -> str:
    """The `aws` command that switches the key off or on."""
    return _command("update-access-key", receipt, "--status", status)


def _command(operation: str, receipt: Receipt, *rest: str) -> str:
    words = ["aws", "iam", operation, "--access-key-id", receipt.access_key_id, *rest]
    user = user_of_arn(receipt.old_identity)
    if user and operation != "get-access-key-last-used":
        words += ["--user-name", user]
    return shlex.join([*words, "--profile", receipt.login_profile])


def _told(problem: DaypassError) -> str:
    return f"it was not switched off: {problem.message} [{problem.code}]"
