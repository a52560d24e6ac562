"""Is a file tracked by git? Answered from the repository's index file; no git is run.

A stranger's repository may name programs that git would start (hooks, fsmonitor), so an audit does not call it.
Format: git's documentation, "Index format", versions 2 to 4. What cannot be read counts as not tracked.
"""

import os
from pathlib import Path

__all__ = ["is_tracked", "parse_index"]

_LARGEST_INDEX = 64 << 20
_ENTRY_HEAD = 62
"""Bytes before the name: times, device, inode, mode, owner, size, 20-byte object id, flags."""
_LONGEST_PATH = 64
"""Parent directories looked at for a `.git`."""


def parse_index(index: bytes) -> frozenset[bytes]:
    """The names in an index with SHA-1 ids; empty for anything that is none."""
    if index[:4] != b"DIRC" or len(index) < 12:
        return frozenset()
    version, count = (int.from_bytes(index[at : at + 4], "big") for at in (4, 8))
    if version not in (2, 3, 4):
        return frozenset()
    names = set()
    position, name = 12, b""
    for _ in range(min(count, len(index) // _ENTRY_HEAD)):
        start = position
        if start + _ENTRY_HEAD > len(index):
            break
        flags = int.from_bytes(index[start + 60 : start + 62], "big")
        position = start + _ENTRY_HEAD + (2 if version >= 3 and flags & 0x4000 else 0)
        kept = 0
        if version == 4:
            dropped, position = _read_offset(index, position)
            kept = max(0, len(name) - dropped)
        end = index.find(b"\0", position)
        if end < 0:
            break
        name = name[:kept] + index[position:end]
        names.add(name)
        # Versions 2 and 3 fill up to a multiple of eight with at least one zero byte.
        position = end + 1 if version == 4 else start + ((end - start) // 8 + 1) * 8
    return frozenset(names)


def is_tracked(path: Path, known: dict[Path, frozenset[bytes]]) -> bool:
    """Whether the nearest repository above the file has it in its index. `known` keeps indexes read so far."""
    target = Path(os.path.realpath(path))
    for folder in list(target.parents)[:_LONGEST_PATH]:
        git = folder / ".git"
        if git.exists():
            if folder not in known:
                known[folder] = parse_index(_read_index(git))
            return os.fsencode(target.relative_to(folder).as_posix()) in known[folder]
    return False


def _read_index(git: Path) -> bytes:
    """The index of a `.git` folder, or of the place a `.git` file (a worktree's) points to."""
    try:
        if git.is_file():
            pointer = git.read_bytes()[:4096].decode("utf-8", "replace").strip()
            git = git.parent / pointer.removeprefix("gitdir:").strip()
        with (git / "index").open("rb") as file:
            return file.read(_LARGEST_INDEX)
    except (OSError, ValueError):
        return b""


def _read_offset(index: bytes, position: int) -> tuple[int, int]:
    """Git's offset encoding: seven bits a byte, most significant first, one added per continuation."""
    value = 0
    for _ in range(5):
        if position >= len(index):
            break
        byte = index[position]
        position += 1
        value = (value << 7) | (byte & 0x7F)
        if not byte & 0x80:
            break
        value += 1
    return value, position
