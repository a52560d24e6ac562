"""Private files that are never half written, read only when they are ours, and the lock that orders their writers.

A write goes to a temporary file of mode 0600 in the same directory, is synced, and replaces the target in
one rename: a reader sees the old text or the new one, and kill -9 leaves at worst a stray temporary file.
The lock is a file beside the target, never the target itself (renames would replace it under a waiter)
and never in a shared temporary directory. The kernel releases it when the process dies.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from daypass.client.credential_cache import is_foreign, is_open_to_others

__all__ = ["ForeignFile", "hold_lock", "make_private_directory", "read_private", "try_lock", "write_private"]


class ForeignFile(Exception):
    """Another user's: what it says may be meant to deceive us."""


def make_private_directory(directory: Path) -> None:
    """Create it (and parents) with mode 0700 as far as it does not exist yet."""
    if not directory.is_dir():
        make_private_directory(directory.parent)
        with contextlib.suppress(FileExistsError):
            directory.mkdir(mode=0o700)


def write_private(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Replace the file's content in one step. Follows a symbolic link to its target."""
    target = Path(os.path.realpath(path))
    make_private_directory(target.parent)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        _replace(temporary, target)
    except BaseException as problem:
        if isinstance(problem, OSError) and problem.errno and not problem.filename:  # a full disk has no name
            problem.filename = str(target.parent)
        Path(temporary).unlink(missing_ok=True)
        raise


def read_private(path: Path, *, most: int = -1, may_be_link: bool = False) -> str:
    """The text of a file of ours (its first `most` characters), made private if it was not.

    Raises ForeignFile, OSError (also for a link that may be none), ValueError for what is no UTF-8.
    """
    ways = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | (0 if may_be_link else getattr(os, "O_NOFOLLOW", 0))
    with open(path, encoding="utf-8", opener=lambda name, _: os.open(name, ways)) as file:
        state = os.fstat(file.fileno())
        if is_foreign(state):
            raise ForeignFile(str(path))
        if is_open_to_others(state):
            os.fchmod(file.fileno(), 0o600)
        return file.read(most)


@contextlib.contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Wait for, hold and release the lock beside `path` (`.<name>.lock`, kept for the next holder)."""
    descriptor = _open_lock(path)
    try:
        _acquire(descriptor)
        yield
    finally:
        os.close(descriptor)  # closing releases the lock on every platform


@contextlib.contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """The same without waiting: gives whether we hold it."""
    descriptor = _open_lock(path)
    try:
        yield _try_acquire(descriptor)
    finally:
        os.close(descriptor)


def _open_lock(path: Path) -> int:
    make_private_directory(path.parent)
    lock_path = path.with_name(f".{path.name}.lock")
    return os.open(lock_path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)


if os.name == "nt":  # pragma: no cover - a test loads it with a stand-in for msvcrt
    import msvcrt
    import time

    def _try_acquire(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]  # Windows only
        except OSError:
            return False
        return True

    def _acquire(descriptor: int) -> None:
        # msvcrt.LK_LOCK gives up after ten seconds; a login may hold the lock longer.
        while not _try_acquire(descriptor):
            time.sleep(0.05)

    def _replace(temporary: str, target: Path) -> None:
        # A reader that has the target open stops the rename; readers of ours are done in milliseconds.
        for _ in range(40):
            try:
                os.replace(temporary, target)  # noqa: PTH105 - what Path.replace calls
            except PermissionError:
                time.sleep(0.05)
            else:
                return
        os.replace(temporary, target)  # noqa: PTH105 - the last try may fail

else:
    import fcntl

    def _acquire(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _try_acquire(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _replace(temporary: str, target: Path) -> None:
        os.replace(temporary, target)  # noqa: PTH105 - what Path.replace calls
