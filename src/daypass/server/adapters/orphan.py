"""Ending a process that an earlier run of ours left behind, known by its pid file, and nothing else.

A pid may have been given to a stranger since: the process is ended only when its command line still names our folder.
"""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["end_orphan", "note_process"]


def note_process(pid_file: Path, pid: int) -> None:
    """Remember a process we started."""
    pid_file.write_text(f"{pid}\n")


def end_orphan(pid_file: Path, *, marker: str, grace: float) -> None:
    """End the remembered process if it still runs and its command line contains `marker`; forget it.

    SIGTERM first, SIGKILL after `grace` seconds. Blocks until it is gone.
    """
    try:
        pid = int(pid_file.read_text())
    except (OSError, ValueError):
        return
    if pid > 1 and marker in _command_line(pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
            ends_at = time.monotonic() + grace
            while time.monotonic() < ends_at and marker in _command_line(pid):
                time.sleep(0.05)
            if marker in _command_line(pid):
                os.kill(pid, signal.SIGKILL)
                while marker in _command_line(pid):
                    time.sleep(0.01)
    pid_file.unlink(missing_ok=True)


def _command_line(pid: int) -> str:
    """The process's command line, or nothing when it is gone (a zombie has none either)."""
    proc = Path(f"/proc/{pid}/cmdline")
    if proc.parent.parent.joinpath("self").exists():
        try:
            return proc.read_bytes().decode(errors="replace")
        except OSError:
            return ""
    shown = subprocess.run(  # noqa: S603 - fixed program, numeric argument
        ["/bin/ps", "-o", "command=", "-p", str(pid)], check=False, capture_output=True, text=True
    )
    return shown.stdout
