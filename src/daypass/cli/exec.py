"""`daypass exec [--profile P] -- COMMAND …`: run a command with credentials that renew for the whole session.

The command asks a loopback endpoint that lives as long as it does, so a run of hours never meets an expiry and
nothing secret is written anywhere. Its exit code and its signals are ours.
"""

import argparse
import contextlib
import os
import secrets
import tempfile
import time
from pathlib import Path

from daypass.cli.arguments import CommandParser, add_no_input, may_prompt
from daypass.cli.output import say
from daypass.cli.profile_picker import add_pickable_profile, pick_profile
from daypass.cli.renewing import at_its_server, credential_supply, find_profile, login_beneath
from daypass.cli.time_left import add_min_ttl, check_time_left, seconds_of, session_warning, warning_supply
from daypass.client.aws_config import Profile, load_config
from daypass.client.child_environment import build_child_config, build_child_environment
from daypass.client.child_process import end_like, run_child
from daypass.client.credential_server import Consumer, CredentialServer
from daypass.client.recent_profiles import remember_use
from daypass.errors import UsageError
from daypass.secret import Secret

__all__ = ["run"]

_TOKEN_BYTES = 32


def run(argv: list[str]) -> int:
    """Run the command; returns its exit code."""
    arguments, command = _parse(argv)
    seconds_of(arguments)
    profile = find_profile(load_config(os.environ), pick_profile(arguments, os.environ))
    with contextlib.ExitStack() as held:
        code = _run(arguments, command, profile, held)
    return end_like(code)


def _run(
    arguments: argparse.Namespace, command: list[str], profile: Profile, held: contextlib.ExitStack
) -> int:
    asks = may_prompt(arguments)
    if arguments.read_only:
        from daypass.cli.exec_narrowed import narrowed_supply

        supply = held.enter_context(narrowed_supply(profile, command, may_prompt=asks))
    else:
        supply = credential_supply(profile, os.environ, may_prompt=asks)
    entry = supply()  # before the command starts: a sign-in that is needed is said by us, not by an SDK
    remember_use(os.environ, profile.name)
    login = login_beneath(profile, os.environ)
    now = int(time.time())
    check_time_left(entry, seconds_of(arguments), profile=login, now=now)
    warning = session_warning(entry, profile=login, now=now)
    if warning:
        say(warning)
    token = Secret(secrets.token_urlsafe(_TOKEN_BYTES))
    supply = warning_supply(supply, profile=login, was_told=bool(warning))
    server = CredentialServer([Consumer(profile.name, token, supply)])
    try:
        return _run_beside(server, token, at_its_server(profile, os.environ), command)
    finally:
        server.close()


def _run_beside(server: CredentialServer, token: Secret, profile: Profile, command: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="daypass-exec-") as folder:
        config_path = Path(folder) / "config"
        config_path.write_text(build_child_config(profile), encoding="utf-8")
        environment = build_child_environment(
            os.environ,
            profile=profile,
            config_path=str(config_path),
            keys_path=str(Path(folder) / "credentials"),
            url=server.url,
            token=token,
        )
        return run_child(command, environment)


def _parse(argv: list[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = CommandParser(
        "exec", "Run a command with credentials that renew themselves for the whole session."
    )
    add_pickable_profile(parser)
    add_min_ttl(parser)
    add_no_input(parser)
    parser.add_argument(
        "--read-only",
        action="store_true",
        help="with a login narrowed to AWS's ReadOnlyAccess, which is made for this command and ends with it",
    )
    parser.add_argument("command", nargs="*", metavar="-- COMMAND", help="the command and its arguments")
    own, command = argv, []
    if "--" in argv:
        mark = argv.index("--")
        own, command = argv[:mark], argv[mark + 1 :]
    arguments = parser.parse_args(own)
    command = [*arguments.command, *command]
    if not command:
        raise UsageError("no command was given", hint="daypass exec -- aws s3 ls")
    return arguments, command
