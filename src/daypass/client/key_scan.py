"""Read the places of `client/key_places.py` and say which long-lived keys stand where.

Reads only, and never much: regular files, the first MiB of each, folders to a depth and a number of entries. Below a
given folder no symbolic link is followed; a start-up file in the home may be one (people keep them in a repository).
"""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from daypass.client import credential_cache
from daypass.client.git_index import is_tracked
from daypass.client.key_places import HOME_FILES, SKIPPED_FOLDERS, kind_in_folder
from daypass.client.key_text import read_keys
from daypass.protocol.aws.access_key import find_long_lived_key_ids
from daypass.secret import Secret

__all__ = ["Place", "Scan", "Sighting", "keys_file", "scan_keys"]

LARGEST_FILE = 1 << 20
"""Bytes read of a file."""
DEEPEST = 8
"""Folders below a given one."""
MOST_ENTRIES = 50_000
"""Directory entries looked at below all given folders."""
_SECRET_VARIABLE = {"AWS_ACCESS_KEY_ID": "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY": "AWS_SECRET_KEY"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key stands."""

    kind: str
    """A key of KIND_NAMES."""
    path: str
    """`~` for the home; the variable's name for the environment."""
    line: int | None
    profile: str | None
    is_readable_by_others: bool = False
    is_tracked_by_git: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """One key in one place."""

    access_key_id: str
    place: Place
    secret_access_key: Secret | None


@dataclass(slots=True)
class Scan:
    """What was found, and how far the look went."""

    sightings: list[Sighting] = field(default_factory=list)
    files_read: int = 0
    notes: list[str] = field(default_factory=list)
    """What was left out, in the person's words."""


def keys_file(environ: Mapping[str, str]) -> Path:
    """`AWS_SHARED_CREDENTIALS_FILE`, or `~/.aws/credentials`."""
    return Path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()


def scan_keys(environ: Mapping[str, str], home: Path, folders: Sequence[Path] = ()) -> Scan:
    """Look everywhere once. A file that cannot be read becomes a note, never an error."""
    scan = Scan()
    scan.sightings += _in_environment(environ)
    seen: set[tuple[int, int]] = set()
    indexes: dict[Path, frozenset[bytes]] = {}
    for kind, path in _files(environ, home, folders, scan):
        read = _read(path, seen, scan, follows_links=not kind.startswith("below:"))
        if read is None:
            continue
        kind = kind.removeprefix("below:")
        text, mode = read
        keys = read_keys(text, is_ini=kind in ("keys_file", "config"), is_config=kind == "config")
        scan.files_read += 1
        for key in keys:
            place = Place(
                kind,
                _shown(path, home),
                key.line,
                key.profile,
                is_readable_by_others=os.name != "nt" and bool(mode & 0o044),
                is_tracked_by_git=is_tracked(path, indexes),
            )
            scan.sightings.append(Sighting(key.access_key_id, place, key.secret_access_key))
    return scan


def _in_environment(environ: Mapping[str, str]) -> Iterator[Sighting]:
    for name, value in environ.items():
        for _, access_key_id in find_long_lived_key_ids(value):
            secret = environ.get(_SECRET_VARIABLE.get(name, ""), "")
            place = Place("environment", name, None, None)
            yield Sighting(access_key_id, place, Secret(secret) if secret else None)


def _files(
    environ: Mapping[str, str], home: Path, folders: Sequence[Path], scan: Scan
) -> Iterator[tuple[str, Path]]:
    yield "keys_file", keys_file(environ)
    yield "config", Path(credential_cache.config_file(environ))
    for kind, pattern in HOME_FILES:
        path = home / pattern
        if "*" in path.name:
            yield from ((kind, each) for each in sorted(path.parent.glob(path.name)))
        else:
            yield kind, path
    left = MOST_ENTRIES
    for folder in folders:
        for path in _walk(folder, scan):
            left -= 1
            if left < 0:
                scan.notes.append(f"stopped after {MOST_ENTRIES} entries; give a smaller folder")
                return
            kind_below = kind_in_folder(path.relative_to(folder.parent).as_posix())
            if kind_below:
                yield f"below:{kind_below}", path


def _walk(folder: Path, scan: Scan) -> Iterator[Path]:
    """Every file below the folder, links and tools' folders left out, nearest first."""
    waiting = [(folder, 0)]
    while waiting:
        current, depth = waiting.pop(0)
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError as problem:
            scan.notes.append(f"{current}: {(problem.strerror or 'not readable').lower()}")
            continue
        for entry in entries:
            if entry.is_symlink():
                continue
            if not entry.is_dir(follow_symlinks=False):
                yield Path(entry.path)
            elif entry.name not in SKIPPED_FOLDERS and depth < DEEPEST:
                waiting.append((Path(entry.path), depth + 1))


def _read(
    path: Path, seen: set[tuple[int, int]], scan: Scan, *, follows_links: bool
) -> tuple[str, int] | None:
    """Text and mode of a file not read before; None for what is no text file of a person's."""
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    if not follows_links:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        return None
    except OSError as problem:
        scan.notes.append(f"{path}: {(problem.strerror or 'not readable').lower()}")
        return None
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode) or (state.st_dev, state.st_ino) in seen:
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        seen.add((state.st_dev, state.st_ino))
        content = file.read(LARGEST_FILE)
    if state.st_size > LARGEST_FILE:
        scan.notes.append(f"{path}: only its first MiB was read")
    text = _decoded(content)
    return None if text is None else (text, state.st_mode)


def _decoded(content: bytes) -> str | None:
    """The text; None for a binary file. PowerShell writes UTF-16 with a mark."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    return None if b"\0" in content[:8192] else content.decode("utf-8", "replace")


def _shown(path: Path, home: Path) -> str:
    try:
        return "~/" + path.relative_to(home).as_posix()
    except ValueError:
        return str(path)
