"""Run a command as if it had been typed: same terminal, its signals, its exit.

A signal the kernel gives to the whole foreground group (Ctrl-C, Ctrl-\\) has reached the child already, so it is
only survived here; one that was sent to this process alone is passed on. What ended the child ends us: its exit
code, or its signal where a shell must see one.
"""

import contextlib
import errno
import os
import shlex
import shutil
import signal
import subprocess
import types
from collections.abc import Iterator, Mapping, Sequence

from daypass.errors import CommandNotFound, CommandNotRunnable, UsageError

__all__ = ["end_like", "run_child"]

_CMD_SPECIAL = frozenset('"%^&|<>!\r\n')
_FROM_THE_KEYBOARD = ("SIGINT", "SIGQUIT")
_PASSED_ON = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_SHOWN_TO_THE_SHELL = ("SIGINT", "SIGTERM", "SIGHUP")
"""Those after which a shell stops its script. Others would write a core file of ours."""


def run_child(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """The child's return code; negative when a signal ended it.

    Raises CommandNotFound, CommandNotRunnable when it cannot start, UsageError for words that must not.
    """
    relay = _SignalRelay()
    with relay.listening():
        try:
            child = subprocess.Popen(_startable(argv), env=dict(environment))  # noqa: S603 - the person typed it
        except OSError as problem:
            raise _why_not(argv, problem) from None
        relay.begin(child)
        return child.wait()


def _why_not(argv: Sequence[str], problem: OSError) -> UsageError:
    """What a shell would tell apart: not there, or there and not to be run."""
    word = shlex.quote(argv[0])
    if not argv[0]:
        return CommandNotFound("the command is an empty word", hint="daypass exec -- COMMAND")
    if isinstance(problem, FileNotFoundError | NotADirectoryError):
        if os.path.lexists(argv[0]) and os.sep in argv[0]:  # the kernel means the one its first line names
            return CommandNotFound(f"what {argv[0]} is run by is not there", hint=f"head -n 1 {word}")
        looked = "ls -l" if os.sep in argv[0] else "command -v"
        return CommandNotFound(f"there is no command {argv[0]}", hint=f"{looked} {word}")
    if problem.errno == errno.ENOEXEC:  # no program, and no first line that says what runs it
        again = shlex.join(["daypass", "exec", "--", "sh", *argv])
        return CommandNotRunnable(f"{argv[0]} does not say what it is run by", hint=again)
    if problem.errno == errno.E2BIG:
        return CommandNotRunnable(f"{argv[0]} was given more words than the system takes")
    reason = (problem.strerror or type(problem).__name__).lower()
    found = shlex.quote(shutil.which(argv[0], mode=os.F_OK) or argv[0])
    return CommandNotRunnable(f"{argv[0]} cannot be run: {reason}", hint=f"ls -l {found}")


def _startable(argv: Sequence[str]) -> list[str]:
    """On Windows `aws` may be a batch file, which only its whole name starts; what follows goes through cmd.exe then."""
    found = shutil.which(argv[0]) if os.name == "nt" else None
    if found is None or not found.lower().endswith((".bat", ".cmd")):
        return list(argv)
    if any(_CMD_SPECIAL & set(word) for word in argv[1:]):
        raise UsageError(
            f"{found} is a batch file, and cmd.exe would read one of its words as a command of its own",
            hint="run the program that the batch file runs",
        )
    return [found, *argv[1:]]


def end_like(code: int) -> int:
    """The exit code for a child's return code; does not return after a signal that shells must see."""
    if code >= 0:
        return code
    for name in _SHOWN_TO_THE_SHELL:
        number = getattr(signal, name, None)
        if number is not None and number == -code:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
    return 128 - code


class _SignalRelay:
    """Listens before the child starts, so that no signal can fall between the two."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._waiting: list[int] = []

    def begin(self, child: "subprocess.Popen[bytes]") -> None:
        """Pass on to this child, first what came while it started."""
        self._child = child
        for number in self._waiting:
            self._pass_on(number, None)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals over. One that was ignored stays ignored, as under `nohup`."""
        handlers = dict.fromkeys(_PASSED_ON, self._pass_on)
        handlers |= dict.fromkeys(_FROM_THE_KEYBOARD, self._pass_on_unless_typed)
        before = {}
        for name, handler in handlers.items():
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, handler)
        try:
            yield
        finally:
            for number, former in before.items():
                signal.signal(number, former)

    def _pass_on(self, number: int, _frame: types.FrameType | None) -> None:
        if self._child is None:
            self._waiting.append(number)
            return
        with contextlib.suppress(ProcessLookupError):
            self._child.send_signal(number)

    def _pass_on_unless_typed(self, number: int, _frame: types.FrameType | None) -> None:
        if not _is_in_foreground():
            self._pass_on(number, _frame)


def _is_in_foreground() -> bool:
    """Whether the terminal's keys reach our whole process group; on Windows they reach everyone at the console."""
    if not hasattr(os, "tcgetpgrp"):
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
