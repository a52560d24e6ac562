"""git's index, read without git: every version git writes, worktrees, and damage."""

import subprocess
from pathlib import Path

import pytest

from daypass.client.git_index import is_tracked, parse_index


def _git(folder: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_the_names_are_those_git_wrote(tmp_path: Path, version: str) -> None:
    """Names of every length around the padding, and ones that share a beginning (version 4 compresses them)."""
    names = {"a" * length for length in range(1, 20)} | {"deep/er/file", "deep/er/other", "deep/x y"}
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "config", "index.version", version)
    _git(tmp_path, "add", ".")
    (tmp_path / "later").write_text("x")
    if version == "3":
        _git(tmp_path, "add", "-N", "later")  # an intent to add is what makes git write version 3
        names = names | {"later"}
    index = (tmp_path / ".git" / "index").read_bytes()
    assert index[7:8] == version.encode().translate(bytes.maketrans(b"234", b"\2\3\4"))
    assert parse_index(index) == {name.encode() for name in names}


def test_a_worktrees_index_is_found_and_a_damaged_one_means_untracked(tmp_path: Path) -> None:
    main = tmp_path / "main"
    main.mkdir()
    (main / "kept").write_text("x")
    _git(main, "init", "-q")
    _git(main, "add", ".")
    _git(main, "commit", "-qm", "x")
    _git(main, "worktree", "add", "-q", "../side")
    assert is_tracked(tmp_path / "side" / "kept", {})
    assert not is_tracked(tmp_path / "side" / "new", {})
    assert not is_tracked(tmp_path / "elsewhere", {})
    (main / ".git" / "index").write_bytes(b"DIRC\0\0\0\2\0\0\xff\xff short")
    assert not is_tracked(main / "kept", {})
