"""`daypass audit [--json] [--folder DIR] [--ask-account] [--no-input]`: which long-lived keys lie where on this machine.

Reads files and asks nobody, until the person agrees that a key's own account is asked with that key; a secret goes
into the signature of those calls and nowhere else, and is never printed. Findings are data on standard output; the
exit code tells a CI job: 0 none, 10 some (docs/reference/exit-codes.md).
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from daypass.cli.arguments import CommandParser
from daypass.cli.output import ask, data, say
from daypass.client.aws_config import load_config
from daypass.client.aws_query import iam_service, sts_service
from daypass.client.key_account import AccountView, Asker, ask_about_itself
from daypass.client.key_places import KIND_NAMES
from daypass.client.key_risk import Finding, group_by_key, next_command, weigh
from daypass.client.key_scan import Place, Scan, scan_keys
from daypass.client.key_text import masked
from daypass.client.session_cache import format_time
from daypass.client.transport import send
from daypass.errors import DaypassError, UsageError
from daypass.protocol.aws.sigv4 import Credentials

__all__ = ["FOUND", "run"]

FOUND = 10
"""Exit code: long-lived keys were found."""


def run(argv: list[str]) -> int:
    """Look, ask if agreed, tell."""
    arguments = _parse(argv)
    folders = [_checked_folder(name) for name in arguments.folder]
    scan = scan_keys(os.environ, Path.home(), folders)
    findings = group_by_key(scan.sightings)
    now = int(time.time())
    if _may_ask(arguments, findings):
        findings = [_asked(finding, os.environ, now) for finding in findings]
    if arguments.json:
        data(json.dumps(_document(findings, scan, now), indent=2))
    else:
        for finding in findings:
            data("\n".join(_lines(finding, now)) + "\n")
    for note in scan.notes:
        say(_printable(note))
    places = sum(len(finding.places) for finding in findings)
    say(
        f"{_counted(len(findings), 'long-lived key')} in {_counted(places, 'place')}"
        if findings
        else f"no long-lived keys in {_counted(scan.files_read, 'file')} and the environment"
    )
    return FOUND if findings else 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = CommandParser(
        "audit", "Find long-lived AWS keys on this machine, and say what to do about each."
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--folder",
        metavar="DIR",
        action="append",
        default=[],
        help="look into this folder too; may be repeated",
    )
    parser.add_argument(
        "--ask-account",
        action="store_true",
        help="ask each key's account, signed with that key, for its owner, age and last use",
    )
    parser.add_argument("--no-input", action="store_true", help="never ask the person")
    return parser.parse_args(argv)


def _checked_folder(name: str) -> Path:
    folder = Path(name).expanduser().absolute()
    if not folder.is_dir():
        raise UsageError(f"{_printable(name)} is not a folder", hint="daypass audit --folder .")
    return folder


def _may_ask(arguments: argparse.Namespace, findings: list[Finding]) -> bool:
    askable = sum(finding.secret_access_key is not None for finding in findings)
    if arguments.ask_account or not askable:
        return bool(arguments.ask_account)
    if arguments.no_input or arguments.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    answer = ask(
        f"ask the account about {_counted(askable, 'key')}, signed with the key itself, for age and last use? [y/N]"
    )
    return (answer or "").lower() in ("y", "yes")


def _asked(finding: Finding, environ: Mapping[str, str], now: int) -> Finding:
    """The finding with the account's view; a key that cannot be asked about stays as it is, and that is said."""
    secret = finding.secret_access_key
    if secret is None:
        say(f"{finding.access_key_id}: no secret beside it, so its account was not asked")
        return finding
    profile = load_config(environ).profile(finding.profiles[0] if finding.profiles else "default")
    named_region = profile.text("region") or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    region = named_region or "us-east-1"
    try:
        asker = Asker(
            Credentials(finding.access_key_id, secret, None),
            sts_service(region, profile.endpoint("sts", environ)),
            iam_service(region, profile.endpoint("iam", environ)),
            now,
            send,
        )
        view = ask_about_itself(asker)
    except DaypassError as problem:
        say(f"{finding.access_key_id}: its account could not be asked: {problem.message} [{problem.code}]")
        return finding
    if view.status == "Refused" and not named_region:
        say(f"{finding.access_key_id}: not accepted in the aws partition; set AWS_REGION if it is of another")
        return finding
    return replace(finding, view=view)


def _lines(finding: Finding, now: int) -> list[str]:
    level, reasons = weigh(finding, now)
    account = f"account {finding.account_id}" if finding.account_id else "account not known"
    lines = [f"{finding.access_key_id}  {account}  risk {level}"]
    lines += [f"  in {_told_place(place)}" for place in finding.places]
    if finding.view is not None:
        lines += [f"  {line}" for line in _told_view(finding.view)]
    lines += [f"  because {_printable(reason.text)}" for reason in reasons]
    return [*lines, f"  next: {_printable(next_command(finding))}"]


def _told_place(place: Place) -> str:
    where = f"${place.path}" if place.kind == "environment" else f"{place.path}:{place.line}"
    owner = f' (profile "{_name(place)}")' if place.profile is not None else f" ({KIND_NAMES[place.kind]})"
    return _printable(where + owner)


def _told_view(view: AccountView) -> list[str]:
    told = [f"owner {view.identity.arn}"] if view.identity else []
    if view.created_at is not None:
        told.append(f"made {format_time(view.created_at)}")
    if view.use is not None and view.use.used_at is not None:
        told.append(f"last used {format_time(view.use.used_at)} for {view.use.service} in {view.use.region}")
    if view.silent_about:
        told.append(f"may not ask for its {' and '.join(view.silent_about)}")
    return [_printable(line) for line in told]


def _document(findings: list[Finding], scan: Scan, now: int) -> dict[str, object]:
    return {
        "keys": [_member(finding, now) for finding in findings],
        "files_read": scan.files_read,
        "notes": [_printable(note) for note in scan.notes],
    }


def _member(finding: Finding, now: int) -> dict[str, object]:
    level, reasons = weigh(finding, now)
    return {
        "access_key_id": finding.access_key_id,
        "account_id": finding.account_id,
        "risk": level,
        "reasons": [{"code": reason.code, "text": _printable(reason.text)} for reason in reasons],
        "places": [
            {
                "kind": place.kind,
                "path": _printable(place.path),
                "line": place.line,
                "profile": _name(place),
                "is_readable_by_others": place.is_readable_by_others,
                "is_tracked_by_git": place.is_tracked_by_git,
            }
            for place in finding.places
        ],
        "account": None if finding.view is None else _view_members(finding.view),
        "next": _printable(next_command(finding)),
    }


def _view_members(view: AccountView) -> dict[str, object]:
    use = view.use
    return {
        "arn": view.identity.arn if view.identity else None,
        "status": view.status or None,
        "created_at": None if view.created_at is None else format_time(view.created_at),
        "last_used_at": None if use is None or use.used_at is None else format_time(use.used_at),
        "last_used_service": use.service if use else None,
        "last_used_region": use.region if use else None,
    }


def _name(place: Place) -> str | None:
    """A profile's name comes out of a file, where anything may stand."""
    return None if place.profile is None else masked(_printable(place.profile))


def _printable(text: str) -> str:
    """One line that cannot steer a terminal, whatever a file is called."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
