"""Ending what an earlier run left behind, and never a stranger."""

import subprocess
import sys
from pathlib import Path

from daypass.server.adapters.orphan import end_orphan, note_process

SLEEPER = "import signal, sys, time; {}; print('up', flush=True); time.sleep(60)"


def _start(marker: str, setup: str = "pass") -> "subprocess.Popen[str]":
    child = subprocess.Popen(
        [sys.executable, "-c", SLEEPER.format(setup), marker], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    child.stdout.readline()
    return child


def _finish(child: "subprocess.Popen[str]") -> int:
    child.kill()
    code = child.wait()
    assert child.stdout is not None
    child.stdout.close()
    return code


def test_an_orphan_is_ended_and_forgotten(tmp_path: Path) -> None:
    child = _start(str(tmp_path))
    note_process(tmp_path / "pid", child.pid)
    end_orphan(tmp_path / "pid", marker=str(tmp_path), grace=10)
    assert child.wait(timeout=5) == -15
    assert not (tmp_path / "pid").exists()
    _finish(child)


def test_an_orphan_that_will_not_go_is_killed(tmp_path: Path) -> None:
    child = _start(str(tmp_path), "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    note_process(tmp_path / "pid", child.pid)
    end_orphan(tmp_path / "pid", marker=str(tmp_path), grace=0.2)
    assert child.wait(timeout=5) == -9
    _finish(child)


def test_a_stranger_who_got_the_pid_is_left_alone(tmp_path: Path) -> None:
    child = _start("somebody else")
    note_process(tmp_path / "pid", child.pid)
    end_orphan(tmp_path / "pid", marker=str(tmp_path), grace=1)
    assert child.poll() is None
    _finish(child)


def test_no_pid_file_and_a_damaged_one_are_no_matter(tmp_path: Path) -> None:
    end_orphan(tmp_path / "pid", marker="x", grace=1)
    (tmp_path / "pid").write_text("nonsense")
    end_orphan(tmp_path / "pid", marker="x", grace=1)
