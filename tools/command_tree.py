"""The tree of commands as argparse knows it: every command of `daypass`, its parser, its options and its words.

One reading for all that is generated from it (reference page, completion words, manual pages), so none of them can
say what the program does not do. A command's parser is found by running the command and stopping it where it would
parse; nothing else of it runs.
"""

import argparse
import importlib
import os
from collections.abc import Iterator
from unittest import mock

from daypass.cli.main import COMMANDS as CLIENT_COMMANDS
from daypass.server.__main__ import COMMANDS as SERVER_COMMANDS

_PARSED_ELSEWHERE = {"credential-process": "daypass.cli.credential_process_slow"}
"""The hot path reads its one option without argparse; the slow one has the parser."""
_FIRST_WORDS = {"daypass.cli.configure": ["bridge"]}
"""What a command wants to see before it parses."""
HOME = "/home/nobody-at-all"
"""Stands for the person's home in defaults; pages show `~`."""

ALL_COMMANDS = {**CLIENT_COMMANDS, **SERVER_COMMANDS}
"""Words to (module, one line), in the order of `daypass --help`."""


class _Caught(BaseException):
    """Carries a parser out of a command that was about to parse."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


def _parser_of(module_name: str) -> argparse.ArgumentParser:
    def stop(parser: argparse.ArgumentParser, *_: object) -> None:
        raise _Caught(parser)

    module = importlib.import_module(module_name)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DAYPASS_", "AWS_"))
    }
    with (
        mock.patch.dict(os.environ, {**kept, "HOME": HOME}, clear=True),
        mock.patch.object(argparse.ArgumentParser, "parse_args", stop),
    ):
        try:
            module.run(_FIRST_WORDS.get(module_name, []))
        except _Caught as caught:
            return caught.parser
    raise AssertionError(f"{module_name} parses nothing")


def command_parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command of `daypass` and its parser, in the order of `daypass --help`."""
    for words, (module_name, _summary) in ALL_COMMANDS.items():
        yield words, _parser_of(_PARSED_ELSEWHERE.get(words, module_name))


def options_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """What begins with a dash, without `--help`."""
    return [action for action in parser._actions if action.option_strings and action.dest != "help"]


def words_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """What stands by its place."""
    return [action for action in parser._actions if not action.option_strings]


def is_setting(action: argparse.Action) -> bool:
    """Whether the option is a setting of the server by another way, documented on a page of its own."""
    return action.dest.startswith("setting_")


def help_of(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """The option's help, its defaults filled in."""
    told = parser._get_formatter()._expand_help(action) if action.help else ""
    return told.replace(HOME, "~").replace("\n", " ")


def placeholder_of(action: argparse.Action) -> str:
    """What stands for the value, or nothing for a switch."""
    if action.nargs == 0:
        return ""
    if action.choices and not action.option_strings:
        return "|".join(str(choice) for choice in action.choices)
    return str(action.metavar or action.dest.upper())
