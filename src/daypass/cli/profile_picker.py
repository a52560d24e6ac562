"""Which profile, asked of a person: a numbered list, the recently used first, answered by a number, a name or a part of it.

Plain lines on standard error, so it works on every terminal (`TERM=dumb` too) and in `eval "$(daypass env)"`. It asks
only where somebody can answer: never in CI, never with `DAYPASS_NO_INPUT` or `--no-input`, never off a terminal.
"""

import argparse
import sys
from collections.abc import Mapping

from daypass.cli.arguments import CommandParser, chosen_profile
from daypass.cli.output import ask, say
from daypass.client.environment_hints import forbids_input, is_ci
from daypass.client.profile_names import profile_names
from daypass.errors import UsageError

__all__ = ["add_pickable_profile", "pick_profile"]

_SHOWN = 15
_DEFAULT = "default"
Choices = list[tuple[str, str]]
"""Names, and what is told of each."""


def add_pickable_profile(parser: CommandParser) -> None:
    """`--profile`, and `--pick` instead of it."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--profile", metavar="NAME", help="AWS profile (default: $AWS_PROFILE, else default)")
    group.add_argument(
        "--pick",
        action="store_true",
        help="choose the profile from a list, the recently used first (asked also where none is named or set and there is no default)",
    )


def pick_profile(
    arguments: argparse.Namespace, environ: Mapping[str, str], *, may_create: bool = False
) -> str:
    """The profile that is named, else the one a person picks, else AWS's default.

    `may_create` adds a `default` that is still to be made to the list. Raises UsageError where `--pick` meets nobody who
    could answer, or nothing was chosen.
    """
    return _picked(arguments, environ, may_create=may_create) or chosen_profile(arguments, environ)


def _picked(arguments: argparse.Namespace, environ: Mapping[str, str], *, may_create: bool) -> str | None:
    choices = profile_names(environ)
    if not arguments.pick and _is_decided(arguments, environ, choices):
        return None
    if not _can_ask(arguments, environ):
        if arguments.pick:
            raise UsageError("nobody can be asked for a profile here", hint="--profile NAME")
        return None
    if may_create and not any(name == _DEFAULT for name, _told in choices):
        choices.append((_DEFAULT, "(new)"))
    if not choices:
        raise UsageError("there is no profile to choose from", hint="daypass login")
    return _ask_for_one(choices)


def _is_decided(arguments: argparse.Namespace, environ: Mapping[str, str], choices: Choices) -> bool:
    if arguments.profile or environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE"):
        return True
    return not choices or any(name == _DEFAULT for name, _told in choices)


def _can_ask(arguments: argparse.Namespace, environ: Mapping[str, str]) -> bool:
    if getattr(arguments, "no_input", False) or forbids_input(environ) or is_ci(environ):
        return False
    try:
        return sys.stdin.isatty() and sys.stderr.isatty()
    except (AttributeError, ValueError):  # closed
        return False


def _ask_for_one(choices: Choices) -> str:
    left = choices
    while True:
        _show(left)
        answer = ask("which profile? a number, a name or a part of it [1]:")
        if answer is None:
            sys.stderr.write("\n")
            raise UsageError("no profile was chosen", hint="--profile NAME")
        found = matching(left, answer) or matching(choices, answer)
        if len(found) == 1:
            return found[0][0]
        if not found:
            say("no profile is called like that")
        left = found or choices


def matching(choices: Choices, answer: str) -> Choices:
    """What the answer may mean: its name, its number, names that hold it, names that hold its letters in order."""
    wanted = answer.casefold()
    if not wanted:
        return choices[:1]
    exact = [choice for choice in choices if choice[0] == answer]
    if exact:
        return exact
    if answer.isascii() and answer.isdigit() and len(answer) < 4 and 1 <= int(answer) <= len(choices):
        return [choices[int(answer) - 1]]
    holding = [choice for choice in choices if wanted in choice[0].casefold()]
    return holding or [choice for choice in choices if _has_in_order(choice[0].casefold(), wanted)]


def _has_in_order(name: str, letters: str) -> bool:
    rest = iter(name)
    return all(letter in rest for letter in letters)


def _show(choices: Choices) -> None:
    shown = choices[:_SHOWN]
    widest = max(len(name) for name, _told in shown)
    for number, (name, told) in enumerate(shown, 1):
        sys.stderr.write(f"  {number:>2}  {name:<{widest}}  {told}".rstrip() + "\n")
    if len(choices) > _SHOWN:
        sys.stderr.write(f"      and {len(choices) - _SHOWN} more; a part of the name finds them\n")
    sys.stderr.flush()
