"""`daypass status [--profile P] [--json|--prompt] [--min-ttl TIME]`: who is signed in, and for how long.

Reads files only; asks no server. Exit code 0 when the chosen profile (or any, without `--profile`) has a session,
4 when a sign-in is needed, 9 when the session ends sooner than `--min-ttl` asks, 2 when there is no such profile.
The members of `--json`: docs/reference/json-output.md. `--prompt` is answered by `cli/status_prompt.py`; this file
does it where the files are not plain.
"""

import argparse
import json
import os
import time
from collections.abc import Mapping

from daypass.cli.arguments import CommandParser, add_profile, chosen_profile
from daypass.cli.output import data, say
from daypass.cli.renewing import find_profile, store_for
from daypass.cli.time_left import (
    add_min_ttl,
    check_summary_time_left,
    duration_text,
    seconds_of,
)
from daypass.client.aws_config import AwsConfig, load_config
from daypass.client.prompt_line import build_line
from daypass.client.session_cache import SessionSummary, format_time
from daypass.client.storage_choice import VAULT
from daypass.errors import CacheError, LoginRequired, UsageError

__all__ = ["run"]

Row = dict[str, str | int | None]
_SIGNED_IN = ("valid", "renewable")


def run(argv: list[str]) -> int:
    """Print one line per profile, a JSON list, or one line for a prompt."""
    arguments = _parse(argv)
    config = load_config(os.environ)
    now = int(time.time())
    wanted = seconds_of(arguments)
    # A question about time left, and a prompt, are about the profile that a command would use.
    only = chosen_profile(arguments, os.environ) if wanted or arguments.prompt else arguments.profile
    if only and not arguments.prompt:
        find_profile(config, only)
    rows = _rows(config, os.environ, only=only, now=now)
    if arguments.prompt:
        return _prompt(rows)
    if arguments.json:
        data(json.dumps(rows, indent=2))
    else:
        for row in rows:
            data(_line(row))
    if any(row["state"] in _SIGNED_IN for row in rows):
        if wanted:
            _check_time_left(config, str(only), wanted, now)
        return 0
    if only:
        raise LoginRequired(f'profile "{only}" is not signed in', hint=f"daypass login --profile {only}")
    if not rows:
        say("no profile is signed in")
    return LoginRequired.exit_code


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = CommandParser("status", "Show who is signed in and for how long.")
    add_profile(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print a JSON list")
    form.add_argument(
        "--prompt",
        action="store_true",
        help="print one short line for a shell's prompt, nothing when signed out",
    )
    add_min_ttl(parser)
    arguments = parser.parse_args(argv)
    if arguments.prompt and arguments.min_ttl:
        raise UsageError("--prompt says how long the session lasts; --min-ttl is asked without it")
    return arguments


def _check_time_left(config: AwsConfig, profile: str, wanted: int, now: int) -> None:
    """Raises TooLittleTime."""
    login_session = config.profile(profile).text("login_session")
    summary = store_for(config.profile(profile), os.environ).summary(login_session) if login_session else None
    if summary is not None:
        check_summary_time_left(summary, wanted, profile=profile, now=now)


def _prompt(rows: list[Row]) -> int:
    for row in rows:
        if row["state"] in _SIGNED_IN:
            left = row["session_seconds_left"]
            data(build_line(str(row["profile"]), str(row["account"]), None if left is None else int(left)))
            return 0
    return LoginRequired.exit_code


def _rows(config: AwsConfig, environ: Mapping[str, str], *, only: str | None, now: int) -> list[Row]:
    rows: list[Row] = []
    for name in config.profile_names():
        profile = config.profile(name)
        login_session = profile.text("login_session")
        if login_session is None or (only is not None and name != only):
            continue
        row: Row = {
            "profile": name,
            "identity": login_session,
            "account": None,
            "state": "signed_out",
            "expires_at": None,
            "seconds_left": None,
            "session_ends_at": None,
            "session_seconds_left": None,
            "storage": None,
        }
        try:
            summary = store_for(profile, environ, may_prompt=False).summary(login_session)
        except CacheError:
            row |= {"state": "damaged", "storage": profile.storage}
        else:
            if summary is not None:
                row |= _told_by(summary, now) | {"storage": profile.storage}
        rows.append(row)
    return rows


def _told_by(summary: SessionSummary, now: int) -> Row:
    left = max(0, summary.expires_at - now)
    ends_at = summary.session_ends_at
    session_left = None if ends_at is None else max(0, ends_at - now)
    if left:
        state = "valid"
    else:
        state = "ended" if session_left == 0 else "renewable"
    return {
        "account": summary.account_id,
        "state": state,
        "expires_at": format_time(summary.expires_at),
        "seconds_left": left,
        "session_ends_at": None if session_left is None else format_time(now + session_left),
        "session_seconds_left": session_left,
    }


def _line(row: Row) -> str:
    again = f"daypass login --profile {row['profile']}"
    left = row["session_seconds_left"]
    session = f"session for {duration_text(int(left))}, " if left else ""
    told = {
        "valid": f"{session}credentials for {duration_text(int(row['seconds_left'] or 0))}, renewed when needed",
        "renewable": f"{session}credentials expired, renewed at next use while the session lasts",
        "ended": f"session ended; {again}",
        "signed_out": f"signed out; {again}",
        "damaged": f"saved session unreadable; {again}",
    }[str(row["state"])]
    vault = "; kept in the vault" if row["storage"] == VAULT else ""
    return f"{row['profile']}  {row['identity']}  {told}{vault}"
