"""`daypass narrow PROFILE --as NEW (--read-only | --policy-file F | --policy-arn ARN …)`: less of oneself for an agent.

The login of PROFILE makes a smaller one with an end of its own, and NEW becomes its profile, which every SDK and every
command of ours reads like any other. Session policies at the server are what narrows it, so nothing on this machine can
widen it. Without words for the scope, those that NEW has are used again. The one NEW had before is revoked.
Exit codes: docs/reference/exit-codes.md.
"""

import argparse
import hashlib
import json
import os
import re
from pathlib import Path
from shlex import quote

from daypass.cli.arguments import CommandParser, add_no_input, check_profile_name, may_prompt
from daypass.cli.configure import bridge_command
from daypass.cli.narrow_outcome import Narrowing, finish_narrowing
from daypass.cli.narrow_target import check_narrowable, planned_section
from daypass.cli.output import data, say
from daypass.cli.renewing import find_profile, login_session_of, store_for
from daypass.cli.time_left import read_duration
from daypass.client.aws_config import AwsConfig, Profile, load_config
from daypass.client.narrow import compact_policy
from daypass.client.narrow_profile import (
    DEFAULT_SECONDS,
    NarrowWords,
    narrowed_session,
    read_narrowed,
    read_only_arn,
)
from daypass.client.receipt import Receipt
from daypass.client.recent_profiles import remember_use
from daypass.client.storage_choice import STORAGES, choose_storage
from daypass.errors import ConfigError, NarrowingUnavailable, UsageError

__all__ = ["run"]

_SHORTEST = 300
_LONGEST = 43_200
"""Seconds; docs/reference/endpoints.md, "Scoped sessions"."""
_MOST_ARNS = 10
_is_scope_name = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}", re.ASCII).fullmatch
_is_policy_arn = re.compile(
    r"arn:aws(?:-[a-z0-9]+)*:iam::(?:[0-9]{12}|aws):policy/[\x21-\x7e]{1,512}"
).fullmatch


def run(argv: list[str]) -> int:
    """Make the login, write the profile, print the receipt. 0, or 5 when the one before could not be revoked."""
    arguments = _parse(argv)
    config = load_config(os.environ)
    parent = _narrowable(config, arguments)
    words, policy = _scope(arguments, parent, config.profile(arguments.new))
    endpoint = parent.endpoint("signin", os.environ)
    if endpoint is None:
        raise _not_at_aws(words, arguments.new)
    storage = choose_storage(arguments.storage, os.environ, parent.storage)
    login_session = narrowed_session(login_session_of(parent), words.name)
    section = planned_section(
        config, parent, words, arguments.new, is_forced=arguments.force, login_session=login_session
    )
    asks = may_prompt(arguments)
    narrowing = Narrowing(
        config=config,
        parent=parent,
        target=config.profile(arguments.new),
        words=words,
        policy=policy,
        login_session=login_session,
        endpoint=endpoint,
        section=section,
        store=store_for(config.profile(arguments.new), os.environ, storage=storage, may_prompt=asks),
        may_prompt=asks,
    )
    receipt, doubts = finish_narrowing(narrowing, process=bridge_command(arguments.new))
    remember_use(os.environ, arguments.new)
    return _tell(receipt, doubts, is_json=arguments.json)


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = CommandParser("narrow", "Make a smaller login of a profile's, for an agent or a script.")
    parser.add_argument("profile", metavar="PROFILE", help="the profile whose login is narrowed")
    parser.add_argument(
        "--as", dest="new", metavar="NEW", required=True, help="the profile of the smaller login"
    )
    scope = parser.add_argument_group("what narrows it")
    scope.add_argument("--read-only", action="store_true", help="AWS's ReadOnlyAccess")
    scope.add_argument("--policy-file", metavar="FILE", help="a policy: no more than it allows")
    scope.add_argument(
        "--policy-arn",
        metavar="ARN",
        action="append",
        default=[],
        help="a managed policy: no more than it allows; may be repeated, and what any of them allows is allowed",
    )
    parser.add_argument("--name", metavar="NAME", help="what it is called at the server (default: NEW)")
    parser.add_argument(
        "--duration",
        metavar="TIME",
        help="how long it lasts: 900, 15m, 12h (default: 1h); never longer than PROFILE's login",
    )
    parser.add_argument("--storage", choices=STORAGES, help="where it is kept (default: as PROFILE's)")
    parser.add_argument(
        "--force", action="store_true", help="write over other kinds of credentials in the profile NEW"
    )
    parser.add_argument("--json", action="store_true", help="print the receipt as one JSON object")
    add_no_input(parser)
    return parser.parse_args(argv)


def _narrowable(config: AwsConfig, arguments: argparse.Namespace) -> Profile:
    """The profile to narrow. Raises UsageError, ConfigError, LoginRequired."""
    name: str = arguments.new
    check_profile_name(name)
    if name == arguments.profile:
        raise UsageError(
            "a narrowed login needs a profile of its own",
            hint=f"daypass narrow {quote(name)} --as {quote(name + '-agent')}",
        )
    parent = find_profile(config, arguments.profile)
    check_narrowable(config, parent, new=name)
    return parent


def _scope(arguments: argparse.Namespace, parent: Profile, target: Profile) -> tuple[NarrowWords, str]:
    """What narrows it, and the inline policy, compact. Raises UsageError, ConfigError."""
    former = read_narrowed(target)
    before = former if former is not None and former.parent == parent.name else None
    arns, file = _said(arguments, parent)
    if not arns and not file:
        if before is None:
            raise UsageError(
                "what narrows it? --read-only, --policy-file or --policy-arn",
                hint=f"daypass narrow {quote(parent.name)} --as {quote(target.name)} --read-only",
            )
        arns, file = before.policy_arns, before.policy_file
    policy = _read_policy(file)
    words = NarrowWords(
        parent=parent.name,
        name=_name(arguments, before),
        policy_arns=arns,
        policy_file=file,
        policy_sha256=_sha256(policy),
        seconds=_seconds(arguments, before),
    )
    return words, policy


def _said(arguments: argparse.Namespace, parent: Profile) -> tuple[tuple[str, ...], str]:
    arns = list(arguments.policy_arn)
    if arguments.read_only:
        arns.insert(0, read_only_arn(login_session_of(parent)))
    if not all(_is_policy_arn(arn) and "," not in arn for arn in arns) or len(arns) > _MOST_ARNS:
        raise UsageError(
            f"--policy-arn takes the ARN of a managed policy, at most {_MOST_ARNS} of them",
            hint="--policy-arn arn:aws:iam::aws:policy/ReadOnlyAccess",
        )
    file = arguments.policy_file
    if file and any(character in file for character in "\n\r"):
        raise UsageError("a setting cannot contain a line break")
    return tuple(dict.fromkeys(arns)), str(Path(file).expanduser().absolute()) if file else ""


def _read_policy(file: str) -> str:
    if not file:
        return ""
    try:
        return compact_policy(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(
            f"the policy {file} cannot be read", hint=f"ls -l {file}", detail=str(problem)
        ) from None


def _sha256(policy: str) -> str:
    return hashlib.sha256(policy.encode()).hexdigest() if policy else ""


def _name(arguments: argparse.Namespace, before: NarrowWords | None) -> str:
    """Said, as before, or made of the profile's name."""
    if arguments.name is None:
        made = re.sub(r"[^A-Za-z0-9+=,.@_-]", "-", arguments.new)[:64]
        return before.name if before is not None else made
    name: str = arguments.name
    if not _is_scope_name(name):
        raise UsageError("--name takes 1 to 64 letters, digits and + = , . @ _ -", hint="--name agent")
    return name


def _seconds(arguments: argparse.Namespace, before: NarrowWords | None) -> int:
    if arguments.duration is None:
        return before.seconds if before is not None else DEFAULT_SECONDS
    seconds = read_duration(arguments.duration, option="--duration")
    if not _SHORTEST <= seconds <= _LONGEST:
        raise UsageError("a narrowed login lasts 5 minutes to 12 hours", hint="--duration 1h")
    return seconds


def _not_at_aws(words: NarrowWords, name: str) -> NarrowingUnavailable:
    """AWS narrows the sessions of roles only (STS API reference, "AssumeRole", Policy)."""
    narrowed_by = [f"--policy-arn {arn}" for arn in words.policy_arns]
    narrowed_by += [f"--policy-file {words.policy_file}"] if words.policy_file else []
    return NarrowingUnavailable(
        f'profile "{words.parent}" is signed in at AWS, which makes no narrowed logins; a role over it can be narrowed',
        hint=f"daypass configure role {quote(name)} --role-arn ARN --source-profile {words.parent} {' '.join(narrowed_by)}",
    )


def _tell(receipt: Receipt, doubts: list[str], *, is_json: bool) -> int:
    data(json.dumps(receipt.members()) if is_json else receipt.text())
    say(f"try: AWS_PROFILE={quote(receipt.profile)} aws sts get-caller-identity")
    say(f"end it: daypass logout --profile {quote(receipt.profile)}")
    for doubt in doubts:
        say(f"the one before was not revoked at the service; {doubt} [network]")
    return 5 if doubts else 0
