"""Private files: replaced in one step, ordered by a lock that dies with its holder."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from daypass.client.atomic_file import hold_lock, write_private


def test_a_failed_write_leaves_the_old_text_and_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rename never happens; the old content stays."""
    path = tmp_path / "f"
    write_private(path, "old")

    def fail(_descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_private(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_symbolic_link_is_followed_and_kept(tmp_path: Path) -> None:
    """People keep their dot files in a repository and link them."""
    target = tmp_path / "real"
    target.write_text("old")
    link = tmp_path / "link"
    link.symlink_to(target)
    write_private(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


HOLDER = """
import sys, pathlib
from daypass.client.atomic_file import hold_lock
with hold_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def _start_holder(path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.processes
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "terminated"])
def test_the_lock_of_a_dead_process_is_free_at_once(tmp_path: Path, ending: signal.Signals) -> None:
    """The kernel releases it; no stale lock file can block anyone."""
    path = tmp_path / "entry.json"
    process = _start_holder(path)
    process.send_signal(ending)
    process.wait()
    began = time.monotonic()
    with hold_lock(path):
        pass
    assert time.monotonic() - began < 5
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.stdout.close()


@pytest.mark.processes
def test_a_second_process_waits_for_the_lock(tmp_path: Path) -> None:
    """Nobody passes while it is held."""
    path = tmp_path / "entry.json"
    process = _start_holder(path)
    waiter = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with pytest.raises(subprocess.TimeoutExpired):
        waiter.wait(timeout=0.7)
    process.communicate("")
    out, _ = waiter.communicate("")
    assert out == "held\n"
