"""`daypass configure bridge PROFILE`: a second profile for tools that do not know logins.

It asks `daypass credential-process`, which every SDK can (AWS SDKs reference guide, "Process credential provider").
A profile of its own, because tools disagree about a profile that holds a login *and* a process; and the command's
full path, because tools started by a desktop or a service have another PATH than the person's shell.
"""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from daypass.cli.arguments import CommandParser
from daypass.cli.output import data, say
from daypass.cli.renewing import find_profile, identity_of
from daypass.client.aws_config import AwsConfig, Profile, load_config
from daypass.client.child_environment import CREDENTIAL_SETTINGS
from daypass.client.ini_text import Setting, profile_section
from daypass.errors import ConfigError, UsageError

__all__ = ["bridge_command", "run"]


def run(argv: list[str]) -> int:
    """Write the bridge profile. What else `configure` does stands in the table of `cli/main.py`, by its two words."""
    arguments = _parse(argv)
    config = load_config(os.environ)
    profile = find_profile(config, arguments.profile)
    identity_of(profile, os.environ)  # a role counts, in AWS's form too; a bridge to nowhere helps nobody
    name: str = arguments.name or f"{profile.name}-bridge"
    _check_free(config, name, profile)
    command = bridge_command(profile.name)
    section: dict[str, Setting | None] = {
        key: value for key, value in profile.settings.items() if key not in CREDENTIAL_SETTINGS
    }
    config.write({profile_section(name): {**section, "credential_process": command}})
    say(f'profile "{name}" asks daypass for the credentials of "{profile.name}"')
    say(f"try: AWS_PROFILE={name} aws sts get-caller-identity")
    if arguments.json:
        data(json.dumps({"profile": name, "source_profile": profile.name, "credential_process": command}))
    return 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = CommandParser("configure", "Write the profile form that tools without login support accept.")
    parser.add_argument("what", choices=("bridge",), help="what to write")
    parser.add_argument("profile", metavar="PROFILE", help="the profile that is signed in")
    parser.add_argument("--as", dest="name", metavar="NAME", help="the new profile (default: PROFILE-bridge)")
    parser.add_argument("--json", action="store_true", help="print what was written as one JSON object")
    return parser.parse_args(argv)


def _check_free(config: AwsConfig, name: str, profile: Profile) -> None:
    """Only a bridge is written over. Raises UsageError, ConfigError."""
    if any(character in name for character in "[]\n\r") or name == profile.name:
        raise UsageError("the bridge needs a name of its own", hint=f"--as {profile.name}-bridge")
    there = config.profile(name)
    if there.exists and "credential-process --profile" not in (there.text("credential_process") or ""):
        raise ConfigError(
            f'there is a profile "{name}" already, and it is no bridge; nothing was changed',
            hint=f"daypass configure bridge {profile.name} --as {name}-2",
        )


def bridge_command(profile_name: str) -> str:
    """The line that asks daypass for the credentials of a profile."""
    return f"{_own_command()} credential-process --profile {_quoted(profile_name)}"


def _own_command() -> str:
    """This program by its full path, or the interpreter that runs it where it was not installed as a command."""
    called = Path(sys.argv[0])
    if called.name.startswith("daypass") and called.is_file():
        return _quoted(str(called.absolute()))
    found = shutil.which("daypass")
    return _quoted(str(Path(found).absolute())) if found else f"{_quoted(sys.executable)} -m daypass"


def _quoted(word: str) -> str:
    """SDKs split the line at blanks outside double quotes."""
    if '"' in word:
        raise UsageError("a name with a double quote cannot stand in a command line of the config file")
    return f'"{word}"' if any(character.isspace() for character in word) else word
