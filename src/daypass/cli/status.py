"""`daypass status [--profile P] [--json]`: which profiles are signed in, as whom, and for how long.

Reads files only; asks no server. Exit code 0 when the chosen profile (or any, without `--profile`) has a
session, 4 when a sign-in is needed, 2 when there is no such profile.
"""

import json
import os
import time
from collections.abc import Mapping

from daypass.cli.arguments import CommandParser, add_profile
from daypass.cli.output import data, say
from daypass.cli.renewing import find_profile
from daypass.client.aws_config import AwsConfig, load_config
from daypass.client.session_cache import SessionCache, format_time
from daypass.errors import CacheError, LoginRequired

__all__ = ["run"]

Row = dict[str, str | int | None]


def run(argv: list[str]) -> int:
    """Print one line per profile, or a JSON list."""
    parser = CommandParser("status", "Show who is signed in and for how long.")
    add_profile(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    arguments = parser.parse_args(argv)
    config = load_config(os.environ)
    if arguments.profile:
        find_profile(config, arguments.profile)
    rows = _rows(config, os.environ, only=arguments.profile, now=int(time.time()))
    if arguments.json:
        data(json.dumps(rows, indent=2))
    else:
        for row in rows:
            data(_line(row))
    if any(row["state"] in ("valid", "renewable") for row in rows):
        return 0
    if arguments.profile:
        hint = f"daypass login --profile {arguments.profile}"
        raise LoginRequired(f'profile "{arguments.profile}" is not signed in', hint=hint)
    if not rows:
        say("no profile is signed in")
    return LoginRequired.exit_code


def _rows(config: AwsConfig, environ: Mapping[str, str], *, only: str | None, now: int) -> list[Row]:
    cache = SessionCache(environ)
    rows: list[Row] = []
    for name in config.profile_names():
        login_session = config.profile(name).text("login_session")
        if login_session is None or (only is not None and name != only):
            continue
        row: Row = {
            "profile": name,
            "identity": login_session,
            "state": "signed_out",
            "expires_at": None,
            "seconds_left": None,
        }
        try:
            entry = cache.load(login_session)
        except CacheError:
            row["state"] = "damaged"
        else:
            if entry is not None:
                left = max(0, entry.expires_at - now)
                row |= {
                    "state": "valid" if left else "renewable",
                    "expires_at": format_time(entry.expires_at),
                }
                row["seconds_left"] = left
        rows.append(row)
    return rows


def _line(row: Row) -> str:
    seconds = row["seconds_left"]
    told = {
        "valid": f"credentials for {_minutes(int(seconds or 0))}, renewed when needed",
        "renewable": "credentials expired, renewed at next use while the session lasts",
        "signed_out": f"signed out; daypass login --profile {row['profile']}",
        "damaged": f"saved session unreadable; daypass login --profile {row['profile']}",
    }[str(row["state"])]
    return f"{row['profile']}  {row['identity']}  {told}"


def _minutes(seconds: int) -> str:
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"
