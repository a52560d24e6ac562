"""`daypass status [--profile P] [--json|--prompt] [--min-ttl TIME]`: who is signed in, and for how long.

Reads files only; asks no server. Roles over a login stand beneath it. Exit code 0 when the chosen profile (or any, without `--profile`) has a session,
4 when a sign-in is needed, 9 when the session ends sooner than `--min-ttl` asks, 2 when there is no such profile.
The members of `--json`: docs/reference/json-output.md. `--prompt` is answered by `cli/status_prompt.py`; this file
does it where the files are not plain.
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping

from daypass.cli.arguments import CommandParser, add_profile, chosen_profile
from daypass.cli.output import data, say, shown
from daypass.cli.renewing import find_profile, login_beneath, store_for
from daypass.cli.status_roles import chains_by_login, role_summary
from daypass.cli.time_left import (
    add_min_ttl,
    check_summary_time_left,
    duration_text,
    seconds_of,
)
from daypass.client.aws_config import AwsConfig, Profile, load_config
from daypass.client.narrow_profile import arn_of_session, read_narrowed, way_back
from daypass.client.prompt_line import build_line
from daypass.client.role_profile import RoleChain
from daypass.client.session_cache import SessionSummary, format_time
from daypass.client.storage_choice import VAULT
from daypass.errors import CacheError, LoginRequired, UsageError

__all__ = ["run"]

Row = dict[str, object]
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
        return _prompt(rows, only)
    if arguments.json:
        data(json.dumps(rows, indent=2))
    else:
        _print(rows, config)
    if any(row["state"] in _SIGNED_IN for row in rows if only in (None, row["profile"])):
        if wanted:
            _check_time_left(config, str(only), wanted, now)
        return 0
    if only:
        login = login_beneath(config.profile(only), os.environ)
        raise LoginRequired(f'profile "{login.name}" is not signed in', hint=way_back(login))
    if not rows:
        config.check_whole()
        say("no profile is signed in; daypass login")
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


def _check_time_left(config: AwsConfig, name: str, wanted: int, now: int) -> None:
    """Raises TooLittleTime."""
    login = login_beneath(config.profile(name), os.environ)
    login_session = login.text("login_session")
    summary = store_for(login, os.environ).summary(login_session) if login_session else None
    if summary is not None:
        check_summary_time_left(summary, wanted, profile=login, now=now)


def _prompt(rows: list[Row], only: str | None) -> int:
    for row in rows:
        if row["profile"] == only and row["state"] in _SIGNED_IN:
            left = row["session_seconds_left"]
            data(
                build_line(str(row["profile"]), str(row["account"]), left if isinstance(left, int) else None)
            )
            return 0
    return LoginRequired.exit_code


def _rows(config: AwsConfig, environ: Mapping[str, str], *, only: str | None, now: int) -> list[Row]:
    """Logins in the order of the file, each with its roles; of one profile that profile, and what stands on it."""
    chains = chains_by_login(config, environ)
    roles = {chain.role.profile.name for found in chains.values() for chain in found}
    rows: list[Row] = []
    for name in config.profile_names():
        profile = config.profile(name)
        if profile.text("login_session") is None:
            continue
        login = _login_row(profile, environ, now)
        if name not in roles and only in (None, name):
            rows.append(login)
        rows += [
            _role_row(chain, login, environ, now)
            for chain in chains.get(name, [])
            if only in (None, name, chain.role.profile.name)
        ]
    return rows


def _login_row(profile: Profile, environ: Mapping[str, str], now: int) -> Row:
    login_session = profile.text("login_session") or ""
    words = read_narrowed(profile)
    row: Row = {
        "profile": profile.name,
        "identity": arn_of_session(login_session),
        "account": None,
        "state": "signed_out",
        "expires_at": None,
        "seconds_left": None,
        "session_ends_at": None,
        "session_seconds_left": None,
        "storage": None,
        "login_profile": None,
        "narrowed_from": None if words is None else words.parent,
        "scope": None if words is None else words.members(),
    }
    try:
        summary = store_for(profile, environ, may_prompt=False).summary(login_session)
    except CacheError:
        return row | {"state": "damaged", "storage": profile.storage}
    return row if summary is None else row | _told_by(summary, now) | {"storage": profile.storage}


def _role_row(chain: RoleChain, login: Row, environ: Mapping[str, str], now: int) -> Row:
    """The session is the login's; the credentials are the role's, and there are none before it was used."""
    row: Row = login | {
        "profile": chain.role.profile.name,
        "identity": chain.role.role_arn,
        "account": chain.role.role_arn.split(":")[4],
        "expires_at": None,
        "seconds_left": None,
        "login_profile": chain.login.name,
        "narrowed_from": None,
        "scope": None,
    }
    if row["storage"] is None:
        return row  # signed out, so nothing of it is served
    summary = role_summary(chain, environ)
    if summary is not None and summary.expires_at > now:
        return row | {
            "state": "valid",
            "expires_at": format_time(summary.expires_at),
            "seconds_left": summary.expires_at - now,
        }
    return row | {"state": "renewable" if row["state"] == "valid" else row["state"]}


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


def _print(rows: list[Row], config: AwsConfig) -> None:
    """A line for each; at a terminal that is too narrow for one, times stand beneath their profile."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for row in rows:
        who, told = _words(row, config)
        if 0 < width < len(who + told):
            data(shown(who.rstrip()))
            data(shown(f"    {told}"))
        else:
            data(shown(who + told))


def _words(row: Row, config: AwsConfig) -> tuple[str, str]:
    """Who, and for how long."""
    login = row["login_profile"]
    profile = config.profile(str(login or row["profile"]))
    again = way_back(profile)
    session_left, left = row["session_seconds_left"], row["seconds_left"]
    session = f"session for {_time(session_left)}, " if session_left and not login else ""
    unused = "assumed at next use" if login else "credentials expired, renewed at next use"
    told = {
        "valid": f"{session}credentials for {_time(left)}, renewed when needed",
        "renewable": f"{session}{unused} while the session lasts",
        "ended": f"session ended; {again}",
        "signed_out": f"signed out; {again}",
        "damaged": f"saved session unreadable; {again}",
    }[str(row["state"])]
    vault = "; kept in the vault" if row["storage"] == VAULT else ""
    who = f"{'  ' if login else ''}{row['profile']}  {row['identity']}{_relation(row, profile)}"
    return who, told + vault


def _relation(row: Row, profile: Profile) -> str:
    """What stands between a profile's identity and its times."""
    words = read_narrowed(profile)
    if row["login_profile"]:
        return f'  over "{profile.name}": '
    if words is None:
        return "  "
    return f'  "{words.parent}" narrowed to {words.summary()}, as "{words.name}": '


def _time(seconds: object) -> str:
    return duration_text(seconds if isinstance(seconds, int) else 0)
