"""Files and folders that are their owner's alone."""

import os
from pathlib import Path

import pytest

from daypass.errors import ConfigError
from daypass.server.adapters.private_file import make_private_folder, read_private_file, write_private_file


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    with pytest.raises(ConfigError, match="belongs to another user"):
        make_private_folder(tmp_path)


def test_a_folder_is_closed_to_others_whether_it_was_there_or_not(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    for folder in (there, tmp_path / "new"):
        make_private_folder(folder)
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_written_file_is_the_owners_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_private_file(path, "one")
    write_private_file(path, "two")
    assert read_private_file(path) == "two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]


def test_a_file_that_others_may_read_is_refused_with_the_command_that_helps(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_private_file(path, "one")
    path.chmod(0o640)
    with pytest.raises(ConfigError) as refused:
        read_private_file(path)
    assert refused.value.hint == f"chmod 600 {path}"
