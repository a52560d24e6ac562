"""Read what is pasted on a terminal, in pieces, without the line limit that terminals have.

In canonical mode a terminal gives a program whole lines of at most 1,024 (macOS) or 4,096 (Linux) bytes and drops the
rest. Here canonical mode is off while we wait (termios(3), ICANON); echo and Ctrl-C stay on. The settings are put back on
every way out, SIGTERM and SIGHUP included. A job in the background neither reads nor changes anything: the kernel would
stop it.
"""

import contextlib
import os
import signal
import sys
import time
from types import FrameType, TracebackType
from typing import Any, Protocol, Self

__all__ = ["TerminalInput", "has_terminal", "open_terminal_input"]

_FATAL = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class TerminalInput(Protocol):
    """A context manager; between its ends pieces can be read."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...
    def read_piece(self, seconds: float) -> str | None:
        """What came within so many seconds; None for nothing, "" at the end of input."""
        ...


def has_terminal() -> bool:
    """Whether any of the three streams is a terminal, so that a person may be there."""
    for stream in (sys.stdin, sys.stderr, sys.stdout):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if stream.isatty():
                return True
    return False


def open_terminal_input() -> TerminalInput | None:
    """Standard input, when it is a terminal that can be read this way."""
    try:
        if not sys.stdin.isatty():
            return None
        descriptor = sys.stdin.fileno()
    except (OSError, ValueError, AttributeError):  # closed, or something that only looks like a terminal
        return None
    return _ConsoleInput() if os.name == "nt" else _PosixInput(descriptor)


if os.name == "nt":  # pragma: no cover - a test loads it with a stand-in for msvcrt
    import msvcrt

    class _ConsoleInput:
        """The Windows console: characters come one by one, and there is no line limit to avoid."""

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing was changed."""

        def read_piece(self, seconds: float) -> str | None:
            """Ctrl-C never arrives here as a character; Enter arrives as a carriage return."""
            end = time.monotonic() + seconds
            while not msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]  # Windows only
                if time.monotonic() >= end:
                    return None
                time.sleep(0.02)
            typed = ""
            while msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]  # Windows only
                typed += msvcrt.getwche()  # type: ignore[attr-defined,unused-ignore]  # Windows only
            return typed.replace("\r", "\n").replace("\x1a", "\x04")

else:
    import select
    import termios

    class _PosixInput:
        """A terminal's descriptor without canonical mode."""

        def __init__(self, descriptor: int) -> None:
            self._descriptor = descriptor
            self._saved: list[Any] | None = None
            self._handlers: dict[int, Any] = {}
            self._was_read = False

        def __enter__(self) -> Self:
            if self._is_in_foreground():
                with contextlib.suppress(termios.error):
                    self._saved = termios.tcgetattr(self._descriptor)
                    self._switch_off_canonical_mode()
                    self._watch_signals()
            return self

        def __exit__(self, *_: object) -> None:
            for number, handler in self._handlers.items():
                signal.signal(number, handler)
            self._restore()

        def read_piece(self, seconds: float) -> str | None:
            if not self._is_in_foreground():
                time.sleep(seconds)
                return None
            readable, _, _ = select.select([self._descriptor], [], [], seconds)
            if not readable:
                return None
            try:
                piece = os.read(self._descriptor, 65_536)
            except OSError:  # EIO: the terminal is gone
                return ""
            self._was_read = True
            return piece.decode("utf-8", "replace")

        def _is_in_foreground(self) -> bool:
            try:
                return os.tcgetpgrp(self._descriptor) == os.getpgrp()
            except OSError:  # not our controlling terminal: nobody stops us, and nobody else has it
                return True

        def _restore(self) -> None:
            if self._saved is None:
                return
            # The rest of a paste is thrown away: a shell would run it. What was typed ahead without one is kept.
            how = termios.TCSAFLUSH if self._was_read else termios.TCSANOW
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._descriptor, how, self._saved)
            self._saved = None

        def _switch_off_canonical_mode(self) -> None:
            changed = termios.tcgetattr(self._descriptor)
            changed[3] &= ~termios.ICANON
            changed[6][termios.VMIN], changed[6][termios.VTIME] = 1, 0
            termios.tcsetattr(self._descriptor, termios.TCSANOW, changed)

        def _continue(self, _number: int, _frame: FrameType | None) -> None:
            """After Ctrl-Z the shell had the terminal as it likes it."""
            if self._saved is not None and self._is_in_foreground():
                with contextlib.suppress(termios.error):
                    self._switch_off_canonical_mode()

        def _watch_signals(self) -> None:
            self._handlers[signal.SIGCONT] = signal.signal(signal.SIGCONT, self._continue)
            for number in _FATAL:
                if signal.getsignal(number) is signal.SIG_DFL:
                    self._handlers[number] = signal.signal(number, self._die)

        def _die(self, number: int, _frame: FrameType | None) -> None:
            self._restore()
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
