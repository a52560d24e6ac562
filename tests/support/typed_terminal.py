"""A real terminal for one command: a pseudo-terminal that is its controlling terminal, typed at and read by the test."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass
class TypedTerminal:
    """The person's side of the terminal, and the command on the other."""

    controller: int
    end: int
    process: "subprocess.Popen[bytes]"
    shown: str = ""
    """All that was on the screen so far, control characters included."""

    def type(self, text: str) -> None:
        """Every byte, however slowly the other side reads."""
        left = text.encode()
        while left:
            left = left[os.write(self.controller, left[:512]) :]
            self._read(0)

    def wait_for(self, pattern: str, seconds: float = 30) -> str:
        """Read until the screen matches; gives the match."""
        deadline = time.monotonic() + seconds
        while (found := re.search(pattern, self.shown)) is None:
            assert time.monotonic() < deadline, f"never shown: {pattern}\n{self.shown}"
            self._read(0.2)
        return found[0]

    def wait_for_link(self) -> str:
        """The link, alone on its line."""
        return self.wait_for(r"https?://[^\s]+/v1/authorize[^\s]+(?=\r?\n)")

    def end_of_command(self, seconds: float = 30) -> int:
        """Read to the end; returns the exit code (negative for a signal)."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"still runs:\n{self.shown}"
            self._read(0.1)
        self._read(0.1)
        return self.process.returncode

    @property
    def is_canonical_with_echo(self) -> bool:
        """Whether the terminal is as a shell expects it."""
        flags = termios.tcgetattr(self.end)[3]
        return bool(flags & termios.ICANON) and bool(flags & termios.ECHO)

    @property
    def unread(self) -> bool:
        """Whether a shell would find something typed."""
        return bool(select.select([self.end], [], [], 0)[0])

    def _read(self, seconds: float) -> None:
        while select.select([self.controller], [], [], seconds)[0]:
            try:
                piece = os.read(self.controller, 65_536)
            except OSError:
                return
            self.shown += piece.decode("utf-8", "replace")
            seconds = 0


@contextlib.contextmanager
def on_terminal(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[TypedTerminal]:
    """Run a command on a terminal of its own until the block ends."""
    controller, end = pty.openpty()

    def take_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    process = subprocess.Popen(
        list(command), env=dict(environment), stdin=end, stdout=end, stderr=end, preexec_fn=take_terminal
    )
    terminal = TypedTerminal(controller, end, process)
    try:
        yield terminal
    finally:
        process.kill()
        process.wait()
        os.close(controller)
        os.close(end)
