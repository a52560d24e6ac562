"""Terminal manners, in one place.

Data goes to standard output, everything for people to standard error, each line prefixed `daypass:`, no
capital, no full stop; `hint:` lines hold a command to type. Nothing depends on colour. Standard output is
touched only by `data`. Exit codes: docs/reference/exit-codes.md.
"""

import os
import sys

from daypass.errors import DaypassError, UsageError

__all__ = ["ask", "copy_link", "data", "fail", "say", "show_link", "shown"]


def data(text: str) -> None:
    """What a program may read."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def shown(text: str) -> str:
    """The text with its control characters spelt out: a name from a file must not drive the person's terminal."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in _BLANKS else ascii(character)[1:-1]
        for character in text
    )


_BLANKS = "\u00a0\u202f\u3000"
"""Not printable to Python, harmless to a terminal."""


def say(text: str = "") -> None:
    """One line for the person."""
    sys.stderr.write(f"daypass: {shown(text)}\n" if text else "\n")
    sys.stderr.flush()


def show_link(url: str) -> None:
    """The URL alone on its line, so that a double click takes all of it and nothing else."""
    sys.stderr.write(f"\n{url}\n\n")
    sys.stderr.flush()


def copy_link(url: str) -> bool:
    """Into the clipboard of the terminal that people's words go to; False where there is none."""
    from daypass.client.terminal_clipboard import clipboard_sequence

    sequence = clipboard_sequence(url, os.environ) if sys.stderr.isatty() else ""
    sys.stderr.write(sequence)
    sys.stderr.flush()
    return bool(sequence)


def ask(question: str) -> str | None:
    """One line from the person, or None at the end of input. The question goes to standard error."""
    sys.stderr.write(f"daypass: {shown(question)} ")
    sys.stderr.flush()
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError:
        raise UsageError("the answer is not text") from None
    return line.strip() if line else None


def fail(problem: DaypassError) -> int:
    """Say what is wrong and what to type; returns the exit code."""
    say(f"{problem.message} [{problem.code}]")
    if problem.hint:
        sys.stderr.write(f"hint: {shown(problem.hint)}\n")
    return problem.exit_code
