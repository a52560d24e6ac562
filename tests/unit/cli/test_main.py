"""What the operating system refuses is said with something that can be looked at."""

import errno
import os
from pathlib import Path

import pytest

from daypass.cli.main import guarded
from daypass.client.atomic_file import write_private


def _said(problem: OSError, capsys: pytest.CaptureFixture[str]) -> list[str]:
    def run(_argv: list[str]) -> int:
        raise problem

    assert guarded(run, []) == 2
    return capsys.readouterr().err.splitlines()


def test_of_a_file_that_is_not_there_yet_its_folder_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A lock, a temporary file, a folder in between: none of these can be listed."""
    problem = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "no" / ".x.lock"))
    assert _said(problem, capsys) == [
        f"daypass: {tmp_path}: permission denied [config]",
        f"hint: ls -ld {tmp_path}",
    ]


def test_a_file_that_is_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a b"
    path.touch()
    assert _said(PermissionError(errno.EACCES, "Permission denied", str(path)), capsys) == [
        f"daypass: {path}: permission denied [config]",
        f"hint: ls -ld '{path}'",
    ]


def test_a_full_disk_is_named_by_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The system says it of a descriptor, without a name."""

    def refuse(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space") as caught:
        write_private(tmp_path / "file", "text")
    assert list(tmp_path.iterdir()) == []
    assert _said(caught.value, capsys) == [
        f"daypass: {tmp_path}: no space left on device [config]",
        f"hint: df -h {tmp_path}",
    ]


@pytest.mark.parametrize("name", [None, 3, ""])
def test_what_has_no_name_gets_none(name: object, capsys: pytest.CaptureFixture[str]) -> None:
    """Python names a descriptor by its number."""
    problem = OSError(errno.EIO, "Input/output error", name)
    assert _said(problem, capsys) == ["daypass: the operating system refused: input/output error [config]"]
