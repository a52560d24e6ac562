"""The file that `daypass server backup` writes and `restore` reads: a tar archive of three members, mode 0600.

    manifest.json    format, time, and the length and SHA-256 of each other member
    daypass.db       a consistent copy of the database
    key-ring.json    the server's keys: without them nothing sealed in the database can be opened

Reading checks everything before anything is used: members, lengths, digests. Nothing is ever unpacked by a name the
archive chose.
"""

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from daypass.errors import ConfigError

__all__ = ["DATABASE", "KEY_RING", "Backup", "read_backup", "write_backup"]

DATABASE = "daypass.db"
KEY_RING = "key-ring.json"
_MANIFEST = "manifest.json"
_FORMAT = 1
_LARGEST_TEXT = 1_048_576


@dataclass(frozen=True, slots=True)
class Backup:
    """What is in the file, checked."""

    created_at: int
    """Epoch seconds."""
    database: Path
    """A temporary copy."""
    key_ring: str | None = field(repr=False)
    """The file's text; None when the keys are kept elsewhere."""


def write_backup(target: Path, database: Path, key_ring: str | None, *, now: int) -> None:
    """`target` must be a private file already, and empty. Raises OSError."""
    members = {DATABASE: database.stat().st_size}
    digests = {DATABASE: _digest(database)}
    if key_ring is not None:
        raw = key_ring.encode()
        members[KEY_RING], digests[KEY_RING] = len(raw), hashlib.sha256(raw).hexdigest()
    manifest = {
        "format": _FORMAT,
        "created_at": now,
        "members": {name: {"bytes": members[name], "sha256": digests[name]} for name in members},
    }
    with tarfile.open(target, "w") as archive:
        _add(archive, _MANIFEST, json.dumps(manifest, indent=2).encode(), now)
        if key_ring is not None:
            _add(archive, KEY_RING, key_ring.encode(), now)
        info = _info(DATABASE, members[DATABASE], now)
        with database.open("rb") as opened:
            archive.addfile(info, opened)


def read_backup(source: Path, folder: Path) -> Backup:
    """The database is unpacked into `folder`, which is the caller's own. Raises ConfigError."""
    try:
        with tarfile.open(source, "r:") as archive:
            manifest = json.loads(_text(archive, _MANIFEST))
            if manifest["format"] != _FORMAT:
                raise ConfigError("the backup was written by a newer version of daypass")
            members = manifest["members"]
            key_ring = _text(archive, KEY_RING) if KEY_RING in members else None
            if key_ring is not None:
                _check(
                    KEY_RING, members, len(key_ring.encode()), hashlib.sha256(key_ring.encode()).hexdigest()
                )
            database = folder / DATABASE
            _unpack(archive, DATABASE, database)
            _check(DATABASE, members, database.stat().st_size, _digest(database))
            return Backup(int(manifest["created_at"]), database, key_ring)
    except (tarfile.TarError, KeyError, TypeError, ValueError, RecursionError, OSError) as failure:
        raise ConfigError(f"{source} is no whole backup", detail=str(failure)) from failure


def _info(name: str, size: int, now: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, now, 0o600
    return info


def _add(archive: tarfile.TarFile, name: str, raw: bytes, now: int) -> None:
    archive.addfile(_info(name, len(raw), now), io.BytesIO(raw))


def _text(archive: tarfile.TarFile, name: str) -> str:
    member = archive.getmember(name)
    opened = archive.extractfile(member) if member.isfile() and member.size <= _LARGEST_TEXT else None
    if opened is None:
        raise ValueError(f"{name} is no file of a sensible size")
    with opened:
        return opened.read().decode("utf-8")


def _unpack(archive: tarfile.TarFile, name: str, target: Path) -> None:
    member = archive.getmember(name)
    opened = archive.extractfile(member) if member.isfile() else None
    if opened is None:
        raise ValueError(f"{name} is no file")
    with opened, target.open("xb") as written:
        while piece := opened.read(1 << 20):
            written.write(piece)


def _check(name: str, members: dict[str, dict[str, object]], size: int, digest: str) -> None:
    if (members[name]["bytes"], members[name]["sha256"]) != (size, digest):
        raise ValueError(f"{name} is not what was saved")


def _digest(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
