"""Argument parsing shared by the commands: argparse with our exit code and our voice."""

import argparse
import shlex
from collections.abc import Mapping
from typing import NoReturn

from daypass.errors import UsageError

__all__ = [
    "BROWSER_HELP",
    "CommandParser",
    "add_no_input",
    "add_profile",
    "check_profile_name",
    "chosen_profile",
    "may_prompt",
]

BROWSER_HELP = "a command ({url} stands for the link), a browser's name, or one of its profiles: chrome:NAME, edge:NAME, firefox:CONTAINER"


class CommandParser(argparse.ArgumentParser):
    """An ArgumentParser that raises UsageError instead of leaving the program."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(prog=f"daypass {command}", description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Called by argparse for every mistake on the command line."""
        said, mark, unknown = message.partition("unrecognized arguments: ")
        words = unknown.split()[:1] if mark and not said else []
        raise UsageError(message, hint=self._meant(words) or f"{self.prog} --help")

    def _meant(self, unknown: list[str]) -> str:
        """The command with the option that was misspelt, or whose name was left out."""
        import difflib

        options = self._option_string_actions
        for word in unknown:
            if "--profile" in options and not word.startswith("-"):
                return f"{self.prog} --profile {shlex.quote(word)}"
            near = difflib.get_close_matches(word, options, n=1, cutoff=0.75)
            if near:
                return f"{self.prog} {near[0]}"
        return ""


def add_profile(parser: argparse.ArgumentParser) -> None:
    """The `--profile` every command has."""
    parser.add_argument("--profile", metavar="NAME", help="AWS profile (default: $AWS_PROFILE, else default)")


def add_no_input(parser: argparse.ArgumentParser) -> None:
    """`--no-input` of the commands that may only be asked to unlock or to prove something; read it with `may_prompt`."""
    parser.add_argument(
        "--no-input",
        action="store_true",
        help="never ask anybody, not even for a role's code or to unlock a keyring",
    )


def may_prompt(arguments: argparse.Namespace) -> bool | None:
    """False where the command line forbids it; None: whether somebody is at the terminal decides."""
    return False if arguments.no_input else None


def chosen_profile(arguments: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """The profile by AWS's precedence: flag, AWS_PROFILE, AWS_DEFAULT_PROFILE, default."""
    named: str | None = arguments.profile
    profile = named or environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or "default"
    check_profile_name(profile)
    return profile


def check_profile_name(name: str) -> None:
    """Whether a section header of the config file, and a terminal, can hold the name. Raises UsageError."""
    if not name or any(character in "[]" or not character.isprintable() for character in name):
        raise UsageError("a profile name cannot be empty or contain brackets or line breaks")
