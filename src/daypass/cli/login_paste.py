"""The answer a person carries over by hand, accepted while everything else still waits.

It may be the code of the confirmation page or the whole address the browser ended on, in one piece or broken over
lines. Sources: the terminal, standard input to its end or to an empty line (`--paste-from -`), a file that is watched
until it holds the answer (`--paste-from FILE`). A wrong paste on a terminal is said and costs nothing; what is offered
is checked by `client/login_answer.py`, never here. The text is a secret and is never repeated.
"""

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from daypass.cli.output import say
from daypass.client.terminal_input import TerminalInput
from daypass.errors import ConfigError, DaypassError, LoginFailed, RemoteProtocolError
from daypass.protocol.oauth.verification_code import read_pasted_query

__all__ = ["Answerable", "PastedText", "find_answer", "listen_to_file", "listen_to_terminal"]

_QUIET = 0.3
"""Seconds without a further character after which a paste is complete: a part of a code reads like a code."""
_LONGEST = 16_384  # characters
_WATCH_EVERY = 0.5  # seconds
_NOT_THE_ANSWER = "that is not the answer to this sign-in; copy all of it and paste it again"


class Answerable(Protocol):
    """What takes an answer from elsewhere."""

    def offer(self, raw_query: str) -> bool: ...
    def fail(self, problem: DaypassError) -> None: ...


class PastedText:
    """The lines that came so far, as the person meant them."""

    def __init__(self) -> None:
        self._text = ""
        self.has_news = False

    def add(self, piece: str) -> bool:
        """Take characters as a terminal without line editing gives them; False at Ctrl-D on an empty line."""
        for mark in ("\x1b[200~", "\x1b[201~"):  # a terminal in bracketed paste mode
            piece = piece.replace(mark, "")
        for character in piece:
            if character in "\x7f\b":
                self._text = self._text if self._text.endswith("\n") else self._text[:-1]
            elif character == "\x04":
                if not self._text or self._text.endswith("\n"):
                    return False
            else:
                self._text += "\n" if character == "\r" else character
        self._text = self._text[-_LONGEST:]
        self.has_news = self.has_news or bool(piece)
        return True

    @property
    def is_amid_a_line(self) -> bool:
        """Whether somebody is typing."""
        return bool(self._text) and not self._text.endswith("\n")

    @property
    def lines(self) -> list[str]:
        """Those that hold something."""
        return [line for line in self._text.splitlines() if line.strip()]


def find_answer(lines: list[str], offer: Callable[[str], bool]) -> bool:
    """Whether these lines, or the last few of them, hold the answer; all of them are tried first."""
    for first in range(len(lines)):
        with contextlib.suppress(RemoteProtocolError):
            if offer(read_pasted_query("".join(lines[first:]))):
                return True
    return False


class _TerminalListener:
    """A thread that reads the terminal until it is stopped or has found the answer."""

    def __init__(self, terminal: TerminalInput, answer: Answerable, at_end: DaypassError | None) -> None:
        self._terminal, self._answer, self._at_end = terminal, answer, at_end
        self._pasted = PastedText()
        self._stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, name="paste", daemon=True)

    @property
    def is_typing(self) -> bool:
        return self._pasted.is_amid_a_line

    def stop(self) -> None:
        self._stopped.set()
        self.thread.join(5)

    def _run(self) -> None:
        while not self._stopped.is_set():
            piece = self._terminal.read_piece(_QUIET)
            if piece is None:
                if self._decide():
                    return
            elif not piece or not self._pasted.add(piece):
                if self._at_end is not None and not find_answer(self._pasted.lines, self._answer.offer):
                    self._answer.fail(self._at_end)
                return

    def _decide(self) -> bool:
        pasted = self._pasted
        if not pasted.has_news or pasted.is_amid_a_line:
            return False
        pasted.has_news = False
        if find_answer(pasted.lines, self._answer.offer):
            return True
        if pasted.lines:
            say(_NOT_THE_ANSWER)
        return False


@contextlib.contextmanager
def listen_to_terminal(
    terminal: TerminalInput, answer: Answerable, *, at_end: DaypassError | None = None
) -> Iterator[Callable[[], bool]]:
    """Take pastes until the block ends; gives a function that says whether somebody is typing.

    `at_end` is the failure that the end of input (Ctrl-D) means; without it the other ways go on waiting.
    """
    with terminal:
        listener = _TerminalListener(terminal, answer, at_end)
        listener.thread.start()
        try:
            yield lambda: listener.is_typing
        finally:
            listener.stop()


def listen_to_file(name: str, answer: Answerable) -> None:
    """Read standard input (`-`) or watch a file, beside everything else. Raises ConfigError for a folder."""
    if name != "-" and Path(name).is_dir():
        raise ConfigError(f"{name} is a folder", hint="daypass login --paste-from FILE")
    read = _read_standard_input if name == "-" else _watch
    threading.Thread(target=read, args=(answer, name), name="paste", daemon=True).start()


def _read_standard_input(answer: Answerable, _name: str) -> None:
    """To its end, or to an empty line after the first that is not."""
    lines: list[str] = []
    try:
        for line in sys.stdin:
            if line.strip():
                lines.append(line)
            elif lines:
                break
    except (OSError, ValueError):
        lines = []
    if not find_answer(lines, answer.offer):
        told = "standard input held no answer to this sign-in" if lines else "no code was given"
        answer.fail(LoginFailed(told, hint="daypass login --paste-from -"))


def _watch(answer: Answerable, name: str) -> None:
    """A file may come later and grow slowly: what it holds counts when it holds it twice. A pipe gives its text once."""
    pause, before = threading.Event(), ""
    while True:
        with contextlib.suppress(OSError, ValueError):
            text = Path(name).read_text(encoding="utf-8")
            if (text == before or not Path(name).is_file()) and find_answer(text.splitlines(), answer.offer):
                return
            before = text
        pause.wait(_WATCH_EVERY)
