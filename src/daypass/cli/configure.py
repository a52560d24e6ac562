"""`daypass configure bridge PROFILE`: a second profile for tools that do not know logins.

It asks `daypass credential-process`, which every SDK can (AWS SDKs reference guide, "Process credential provider").
A profile of its own, because tools disagree about a profile that holds a login *and* a process; and the command's
full path, because tools started by a desktop or a service have another PATH than the person's shell.
"""

import argparse
import difflib
import json
import os
import re
import shutil
import sys
from pathlib import Path
from shlex import quote

from daypass.cli.arguments import CommandParser, check_profile_name
from daypass.cli.main import COMMANDS
from daypass.cli.output import data, say
from daypass.cli.renewing import at_its_server, find_profile, identity_of
from daypass.client.aws_config import AwsConfig, Profile, load_config
from daypass.client.child_environment import CREDENTIAL_SETTINGS
from daypass.client.ini_text import Setting, profile_section
from daypass.client.role_answer import OWN
from daypass.client.storage_choice import is_own_process
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
    said = at_its_server(profile, os.environ).settings
    section: dict[str, Setting | None] = {
        key: value for key, value in said.items() if key not in CREDENTIAL_SETTINGS
    }
    config.write({profile_section(name): {**section, "credential_process": command}})
    say(f'profile "{name}" asks daypass for the credentials of "{profile.name}"')
    say(f"try: AWS_PROFILE={quote(name)} aws sts get-caller-identity")
    if arguments.json:
        data(json.dumps({"profile": name, "source_profile": profile.name, "credential_process": command}))
    return 0


_BRIDGE = "bridge"


def _check_word(argv: list[str]) -> None:
    """Whether this file is what the first word is about. Raises UsageError with all there are."""
    if argv and (argv[0] == _BRIDGE or argv[0].startswith("-")):
        return
    words = [_BRIDGE, *_other_words()]
    nearest = difflib.get_close_matches(argv[0], words, n=1) if argv else []
    raise UsageError(
        f"daypass configure needs one of: {', '.join(words)}",
        hint=f"daypass configure {nearest[0] if nearest else _BRIDGE} --help",
    )


def _other_words() -> list[str]:
    return [words.partition(" ")[2] for words in COMMANDS if words.startswith("configure ")]


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = CommandParser("configure", "Write the profile form that tools without login support accept.")
    parser.epilog = f"also: {', '.join(f'daypass configure {word}' for word in _other_words())}"
    parser.add_argument("what", choices=(_BRIDGE,), help="what to write")
    parser.add_argument("profile", metavar="PROFILE", help="the profile that is signed in")
    parser.add_argument("--as", dest="name", metavar="NAME", help="the new profile (default: PROFILE-bridge)")
    parser.add_argument("--json", action="store_true", help="print what was written as one JSON object")
    try:
        return parser.parse_args(argv)
    except UsageError:
        _check_word(argv)  # its parser knows its own word only, and would offer that
        raise


def _check_free(config: AwsConfig, name: str, profile: Profile) -> None:
    """Only a bridge is written over. Raises UsageError, ConfigError."""
    check_profile_name(name)
    if name == profile.name:
        raise UsageError(
            "the bridge needs a name of its own",
            hint=f"daypass configure bridge {quote(profile.name)} --as {quote(name + '-bridge')}",
        )
    there = config.profile(name)
    if there.exists and not _is_bridge(there):
        raise ConfigError(
            f'there is a profile "{name}" already, and it is no bridge; nothing was changed',
            hint=f"daypass configure bridge {quote(profile.name)} --as {quote(name + '-2')}",
        )


def _is_bridge(profile: Profile) -> bool:
    """Vaults and roles ask the same process, and are more than that."""
    is_more = profile.text("login_session") or profile.text(OWN + "role_arn") or profile.text("role_arn")
    return is_own_process(profile.text("credential_process")) and not is_more


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


_is_plain = re.compile(r"[A-Za-z0-9_@+=:,./\-]+").fullmatch
_EXPANDED = frozenset('"\\$`%!')
"""What sh or cmd looks at inside double quotes too."""


def _quoted(word: str) -> str:
    """One word, and only that, for SDKs that split the line and for those that give it to a shell. Raises UsageError."""
    expanded = _EXPANDED - {os.sep}  # cmd takes its own separator as it is
    if word.startswith("-") or expanded & set(word):
        raise UsageError(
            f"{word} cannot stand in a command line of the config file, which some SDKs give to a shell",
            hint="rename the profile to letters, digits, blanks and -_.@+=:,/",
        )
    return word if _is_plain(word) else f'"{word}"'
