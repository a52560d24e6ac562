"""The server commands' manners on the terminal: data for programs on standard output, words for people on standard error.

Passwords go to standard output only, once, in `NAME=value` lines; no other text here is ever a secret.
"""

import sys

from daypass.errors import DaypassError

__all__ = ["CANNOT_START", "fail", "say", "write_value", "write_word"]

CANNOT_START = 78
"""A worker's exit code (sysexits EX_CONFIG): starting it again would not help, only a person can mend it."""


def say(text: str) -> None:
    """One line for the person."""
    sys.stderr.write(f"daypass: {text}\n")
    sys.stderr.flush()


def write_value(name: str, value: str) -> None:
    """One machine-readable line."""
    sys.stdout.write(f"{name}={value}\n")
    sys.stdout.flush()


def write_word(word: str) -> None:
    """A line that is only a word, such as READY."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def fail(problem: DaypassError) -> int:
    """Say what is wrong and what to type; returns the exit code."""
    say(f"{problem.message} [{problem.code}]")
    if problem.hint:
        sys.stderr.write(f"hint: {problem.hint}\n")
    return problem.exit_code
