"""`daypass configure role PROFILE --role-arn ARN --source-profile P …`: a role over a login, for every SDK.

The profile asks `daypass credential-process`, which every SDK can, and says in words of our own what role that is. SDKs
disagree about `role_arn` over a login (some want a native library, some refuse it by specification), and a profile with
two kinds of credentials is read differently by each; so it holds one kind.
"""

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from daypass.cli.arguments import CommandParser, check_profile_name
from daypass.cli.configure import bridge_command
from daypass.cli.output import data, say
from daypass.cli.renewing import find_profile
from daypass.client.aws_config import AwsConfig, Profile, conflicting_credentials, load_config
from daypass.client.child_environment import CREDENTIAL_SETTINGS
from daypass.client.ini_text import Setting, profile_section, set_values
from daypass.client.role_answer import OWN, ROLE_WORDS
from daypass.client.role_profile import (
    DEFAULT_DURATION,
    MAX_CHAINED_DURATION,
    RoleChain,
    check_words,
    find_chain,
)
from daypass.client.storage_choice import is_own_process
from daypass.errors import ConfigError, UsageError

__all__ = ["run"]

_KEPT_BACK = ("daypass_", "login_session")
"""What a new profile does not take over from its source: where its login is, and how it signs in."""


def run(argv: list[str]) -> int:
    """Write the profile and print it; returns 0."""
    arguments = _parse(argv)
    config = load_config(os.environ)
    name: str = arguments.profile
    _check_name(name, arguments.source_profile)
    find_profile(config, arguments.source_profile)
    profile = config.profile(name)
    values = _values(arguments)
    check_words(values, name)
    _check_free(config, profile, is_forced=arguments.force)
    section = _section(config, profile, arguments, values)
    chain = _planned_chain(config, name, section)
    config.write({profile_section(name): section})
    _tell(chain, name)
    if arguments.json:
        data(json.dumps({"profile": name, "settings": {k: v for k, v in section.items() if v is not None}}))
    else:
        data(set_values("", profile_section(name), section).rstrip("\n"))
    return 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = CommandParser("configure role", "Write a profile that is a role over a login, for every SDK.")
    parser.add_argument("profile", metavar="PROFILE", help="the profile to write")
    parser.add_argument("--role-arn", metavar="ARN", required=True, help="the role")
    parser.add_argument(
        "--source-profile",
        metavar="PROFILE",
        required=True,
        help="whose credentials assume it: a login, or a role over one",
    )
    parser.add_argument(
        "--role-session-name", metavar="NAME", help="as logs show it (default: daypass- and the login's name)"
    )
    parser.add_argument("--external-id", metavar="ID", help="what the role's owner asks for")
    parser.add_argument("--source-identity", metavar="NAME", help="stays through every role after this one")
    parser.add_argument(
        "--tag", metavar="KEY=VALUE", action="append", default=[], help="a session tag; may be repeated"
    )
    parser.add_argument(
        "--transitive-tag",
        metavar="KEY",
        action="append",
        default=[],
        help="a tag that goes on to the next role; may be repeated",
    )
    parser.add_argument(
        "--duration-seconds",
        metavar="SECONDS",
        help=f"900 to 43200, and no more than the role allows (default: {DEFAULT_DURATION}; a role over a role gets {MAX_CHAINED_DURATION} at most)",
    )
    scope = parser.add_argument_group("session policy")
    scope.add_argument(
        "--policy-file", metavar="FILE", help="a policy that narrows the session; read at each use"
    )
    scope.add_argument(
        "--policy-arn",
        metavar="ARN",
        action="append",
        default=[],
        help="a managed policy that narrows the session; may be repeated",
    )
    parser.add_argument("--region", metavar="REGION", help="where the profile works (default: the source's)")
    parser.add_argument(
        "--mfa-serial", metavar="ARN", help="the device whose code the role wants; asked for at a terminal"
    )
    parser.add_argument(
        "--force", action="store_true", help="write over other kinds of credentials in this profile"
    )
    parser.add_argument("--json", action="store_true", help="print what was written as one JSON object")
    return parser.parse_args(argv)


def _check_name(name: str, source: str) -> None:
    check_profile_name(name)
    if name == source:
        raise UsageError(
            "a role needs a profile of its own beside its source",
            hint=f"daypass configure role {quote(name + '-role')} …",
        )


def _values(arguments: argparse.Namespace) -> dict[str, str]:
    """The words of the role (`role_answer.ROLE_WORDS`). Raises UsageError."""
    for tag in arguments.tag:
        if "=" not in tag or "," in tag:
            raise UsageError("--tag takes KEY=VALUE without a comma", hint="--tag Project=blue")
    for listed in (*arguments.transitive_tag, *arguments.policy_arn):
        if "," in listed:
            raise UsageError("one value each, without a comma; the option may be repeated")
    policy = arguments.policy_file
    found = {
        "role_arn": arguments.role_arn,
        "role_session_name": arguments.role_session_name,
        "external_id": arguments.external_id,
        "duration_seconds": arguments.duration_seconds,
        "mfa_serial": arguments.mfa_serial,
        "source_identity": arguments.source_identity,
        "tags": ", ".join(arguments.tag),
        "transitive_tags": ", ".join(arguments.transitive_tag),
        "policy_arns": ", ".join(arguments.policy_arn),
        "policy_file": str(Path(policy).expanduser().absolute()) if policy else None,
    }
    return {word: value for word, value in found.items() if value}


def _check_free(config: AwsConfig, profile: Profile, *, is_forced: bool) -> None:
    """Only a role of our own is written over unasked. Raises ConfigError."""
    held = _held_credentials(profile)
    in_keys_file = config.keys_file_sections.get(profile.name, {})
    if any(key in in_keys_file for key in CREDENTIAL_SETTINGS):
        raise ConfigError(
            f'profile "{profile.name}" holds credentials in the credentials file, which win; nothing was changed',
            hint=f"daypass migrate {quote(profile.name)}",
        )
    if held and not is_forced:
        raise ConfigError(
            f'profile "{profile.name}" already holds {held}; nothing was changed',
            hint=f"daypass configure role {quote(profile.name + '-role')} …, or --force",
        )


def _held_credentials(profile: Profile) -> str:
    if profile.text("login_session"):
        return "a login"
    if profile.text(OWN + "role_arn") and is_own_process(profile.text("credential_process")):
        return ""
    conflict = conflicting_credentials(profile)
    return f"{conflict[0]} credentials ({conflict[1]})" if conflict else ""


def _section(
    config: AwsConfig, profile: Profile, arguments: argparse.Namespace, values: Mapping[str, str]
) -> dict[str, Setting | None]:
    """Every line to set, and None for those that must go."""
    source = config.profile(arguments.source_profile)
    taken = {
        key: value
        for key, value in source.settings.items()
        if key not in CREDENTIAL_SETTINGS and not key.startswith(_KEPT_BACK) and key not in profile.settings
    }
    section: dict[str, Setting | None] = dict(taken)
    if arguments.region:
        section["region"] = arguments.region
    section["credential_process"] = bridge_command(profile.name)
    section[OWN + "source_profile"] = source.name
    section |= {OWN + word: values[word] for word in ROLE_WORDS if word in values}
    return section | {key: None for key in sorted(CREDENTIAL_SETTINGS) if key not in section}


def _planned_chain(config: AwsConfig, name: str, section: Mapping[str, Setting | None]) -> RoleChain:
    """The chain as it will be. Raises ConfigError for one that ends in no login or goes in a circle."""
    there = dict(config.sections.get(profile_section(name), {}))
    there = {key: value for key, value in there.items() if key not in section}
    there |= {key: value for key, value in section.items() if value is not None}
    planned = AwsConfig(
        config.config_path, {**config.sections, profile_section(name): there}, config.keys_file_sections
    )
    chain = find_chain(planned, planned.profile(name), os.environ)
    if chain is None:
        raise ConfigError(f'profile "{name}" would be no role')
    return chain


def _tell(chain: RoleChain, name: str) -> None:
    role = chain.role
    as_whom = f", as {role.session_name}" if chain.login_session else ""
    say(f'profile "{name}" is {role.role_arn} over "{chain.login.name}"{as_whom}')
    if role.duration_seconds < role.wanted_seconds:
        say(f"a role over a role lasts one hour at most, so it gets {role.duration_seconds} seconds")
    if not chain.login_session:
        say(f"sign in first: daypass login --profile {quote(chain.login.name)}")
    say(f"try: AWS_PROFILE={quote(name)} aws sts get-caller-identity")
