"""`daypass completion SHELL`: the script that makes a shell complete daypass's commands, options and profiles.

Data on standard output, how to install it on standard error. The scripts hold no list of words: on every Tab they ask
`daypass __complete` (`cli/complete.py`), so one that was installed long ago knows the commands of today.
"""

import sys

from daypass.cli.arguments import CommandParser
from daypass.cli.completion_scripts import HOW_TO_INSTALL, SCRIPTS
from daypass.cli.output import data, say

__all__ = ["run"]


def run(argv: list[str]) -> int:
    """Print the script; returns 0."""
    parser = CommandParser("completion", "Print the script that makes a shell complete daypass's words.")
    parser.add_argument("shell", choices=tuple(SCRIPTS), help="whose script")
    shell: str = parser.parse_args(argv).shell
    data(SCRIPTS[shell].strip("\n"))
    if sys.stdout.isatty():
        say(f"to install it: {HOW_TO_INSTALL[shell]}")
    return 0
