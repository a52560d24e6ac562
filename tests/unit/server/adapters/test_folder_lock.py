"""One process per data folder."""

from pathlib import Path

import pytest

from daypass.errors import ConfigError
from daypass.server.adapters.folder_lock import FolderLock


def test_a_second_lock_is_refused_and_names_the_holder(tmp_path: Path) -> None:
    first = FolderLock(tmp_path / "lock")
    first.describe(endpoint="http://127.0.0.1:8085")
    with pytest.raises(ConfigError, match=r"in use by process \d+ \(http://127.0.0.1:8085\)"):
        FolderLock(tmp_path / "lock")
    first.release()
    FolderLock(tmp_path / "lock").release()


def test_a_lock_file_left_behind_does_not_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text('{"pid": 1, "since": 0, "endpoint": ""}')
    FolderLock(tmp_path / "lock").release()


def test_a_strange_lock_file_is_still_a_refusal(tmp_path: Path) -> None:
    first = FolderLock(tmp_path / "lock")
    (tmp_path / "lock").write_text("nonsense")
    with pytest.raises(ConfigError, match="another process"):
        FolderLock(tmp_path / "lock")
    first.release()
