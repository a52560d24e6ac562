"""`daypass migrate PROFILE [--to NAME] [--apply]`, `daypass migrate --undo RECEIPT`: a profile leaves its access key.

Without `--apply` nothing is changed and nobody is asked: the plan, a diff of every file, goes to standard output. With
it: the key and the login prove the same account, a receipt is written, the old section is parked in a sealed backup,
the files are switched, and the key may be switched off. A key that looks like a workload's is never touched.
"""

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from daypass.cli.arguments import CommandParser
from daypass.cli.migration_key import key_for_backup, key_for_undo
from daypass.cli.migration_offer import (
    offer_deactivation,
    say_how_to_switch_off,
    say_whether_to_delete,
    status_command,
)
from daypass.cli.migration_plan import Planned, make_plan, plan_members, show_plan
from daypass.cli.migration_proof import Proof, login_asker, prove
from daypass.cli.output import data, say
from daypass.client.migration import apply, changed_files, finish, undo
from daypass.client.migration_plan import NoKey
from daypass.client.migration_receipt import Receipt, ReceiptFolder
from daypass.client.session_cache import format_time
from daypass.errors import DaypassError, UsageError

__all__ = ["run"]


def run(argv: list[str]) -> int:
    """Plan, apply, or undo."""
    arguments = _parse(argv)
    folder = ReceiptFolder(Path.home())
    if arguments.undo:
        return _undo(arguments, folder)
    if not arguments.profile:
        raise UsageError("which profile?", hint="daypass migrate PROFILE")
    if _finish_interrupted(arguments, folder):
        return 0
    try:
        planned = make_plan(arguments, os.environ)
    except NoKey:
        moved = folder.in_force(arguments.profile)
        if moved is None:
            raise
        say(f'profile "{moved.profile}" has moved to its login')
        _say_moved(moved)
        if moved.deactivated_at and arguments.apply:
            say_whether_to_delete(moved, login_asker(arguments, moved, os.environ, int(time.time())))
        return 0
    if not arguments.apply:
        if arguments.json:
            data(json.dumps(plan_members(planned), indent=2))
        else:
            show_plan(planned, sys.stdout)
        say("nothing was changed; this was the plan")
        _say_next(arguments, planned)
        return 0
    return _apply(arguments, planned, folder, os.environ)


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = CommandParser("migrate", "Move a profile from its access key to a login; the plan first.")
    parser.add_argument("profile", metavar="PROFILE", nargs="?", help="the profile that holds the key")
    parser.add_argument(
        "--to", metavar="NAME", help="the signed-in profile to move to (default: PROFILE-login)"
    )
    parser.add_argument("--apply", action="store_true", help="do it; without this only the plan is shown")
    parser.add_argument("--undo", metavar="RECEIPT", help="put every file back as it was before a migration")
    parser.add_argument(
        "--bridge",
        action="store_true",
        help="write the form for tools that do not know logins: a process to ask for credentials",
    )
    parser.add_argument(
        "--mine",
        action="store_true",
        help="the key's use of the last day was your own (otherwise it is taken for a workload's)",
    )
    parser.add_argument(
        "--folder",
        metavar="DIR",
        action="append",
        default=[],
        help="look for the key in this folder too; may be repeated",
    )
    parser.add_argument(
        "--backup-key-file",
        metavar="FILE",
        help="key of the encrypted backup, made if missing (default: a passphrase is asked for)",
    )
    parser.add_argument("--endpoint-url", metavar="URL", help="where STS and IAM answer for the old key")
    parser.add_argument(
        "--json", action="store_true", help="print the plan, or what was done, as one JSON object"
    )
    parser.add_argument("--no-input", action="store_true", help="never ask the person")
    return parser.parse_args(argv)


def _finish_interrupted(arguments: argparse.Namespace, folder: ReceiptFolder) -> bool:
    """With --apply, bring runs that were killed to their end. True when this profile needs nothing more now."""
    is_done = False
    for receipt in folder.unfinished():
        is_ours = receipt.profile == arguments.profile
        if receipt.state == "undoing":
            say(f'taking back the migration of "{receipt.profile}" was interrupted; go on with')
            say(f"  daypass migrate --undo {receipt.id}")
            is_done = is_done or is_ours
            continue
        if not arguments.apply:
            say(f'an earlier migration of "{receipt.profile}" was interrupted; --apply brings it to its end')
            continue
        try:
            ended = finish(receipt, folder)
        except DaypassError as problem:
            if is_ours:
                raise
            say(f"{problem.message} [{problem.code}]")
            continue
        if ended.state == "applied":
            say(f'an interrupted migration of "{ended.profile}" was completed')
            _say_moved(ended)
            is_done = is_done or is_ours
        else:
            say(f'an interrupted migration of "{ended.profile}" had changed nothing')
    return is_done


def _apply(
    arguments: argparse.Namespace, planned: Planned, folder: ReceiptFolder, environ: Mapping[str, str]
) -> int:
    now = int(time.time())
    proof = prove(arguments, planned, environ, now)
    show_plan(planned, sys.stderr)
    key, description = key_for_backup(arguments, folder)
    receipt = apply(_receipt(planned, proof, description, now), planned.changes, key, folder)
    say(f'profile "{receipt.profile}" uses the login of "{receipt.login_profile}" now')
    _say_undo(receipt)
    if environ.get("AWS_ACCESS_KEY_ID"):
        say("AWS_ACCESS_KEY_ID is set here and wins over every profile; unset it")
    offer_deactivation(arguments, receipt, proof.asker, folder)
    place = str(folder.receipt_path(receipt.id))
    data(json.dumps(_receipt_members(receipt, place)) if arguments.json else place)
    return 0


def _receipt_members(receipt: Receipt, place: str) -> dict[str, str]:
    return {
        "profile": receipt.profile,
        "login_profile": receipt.login_profile,
        "access_key_id": receipt.access_key_id,
        "receipt": receipt.id,
        "receipt_file": place,
    }


def _receipt(planned: Planned, proof: Proof, backup_key: Mapping[str, str], now: int) -> Receipt:
    name = "".join(each if each.isascii() and each.isalnum() else "-" for each in planned.profile)[:40]
    moment = format_time(now)
    return Receipt(
        id=f"{moment.replace(':', '').replace('-', '')}-{name}-{secrets.token_hex(3)}",
        state="prepared",
        profile=planned.profile,
        login_profile=planned.login_profile,
        account_id=proof.new.account_id,
        old_identity=proof.old.arn,
        new_identity=proof.new.arn,
        access_key_id=planned.key.access_key_id,
        created_at=moment,
        settings=planned.settings,
        files=changed_files(planned.changes),
        backup_key=backup_key,
    )


def _undo(arguments: argparse.Namespace, folder: ReceiptFolder) -> int:
    if arguments.profile or arguments.apply:
        raise UsageError("--undo takes a receipt and nothing else", hint="daypass migrate --undo RECEIPT")
    receipt = folder.load(arguments.undo)
    if receipt.state in ("undone", "abandoned"):
        say(f'the migration of "{receipt.profile}" is not in force; nothing to do')
        return 0
    receipt, merged = undo(receipt, key_for_undo(arguments, receipt), folder)
    for path in merged:
        say(f'{path} changed since; only the settings of "{receipt.profile}" were put back in it')
    say(f'profile "{receipt.profile}" is as it was before {receipt.created_at}')
    if arguments.json:
        data(json.dumps(_receipt_members(receipt, str(folder.receipt_path(receipt.id)))))
    if receipt.deactivated_at:
        say("its key is still switched off at the account; switch it on with")
        say(f"  {status_command(receipt, 'Active')}")
    return 0


def _say_next(arguments: argparse.Namespace, planned: Planned) -> None:
    if not planned.is_signed_in:
        say(f"sign in first: daypass login --profile {quote(planned.login_profile)}")
    to = f" --to {planned.login_profile}" if arguments.to else ""
    say(f"then: daypass migrate {quote(planned.profile)}{to} --apply")


def _say_undo(receipt: Receipt) -> None:
    say(f"to go back: daypass migrate --undo {receipt.id}")


def _say_moved(receipt: Receipt) -> None:
    _say_undo(receipt)
    if not receipt.deactivated_at:
        say_how_to_switch_off(receipt)
