"""Check 8: where sessions are kept, and whether one could be written. Nothing is written to find out."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from daypass.client.doctor.finding import Finding
from daypass.client.doctor.subject import Subject
from daypass.client.session_cache import SessionCache

__all__ = ["check_storage"]

_ENOUGH = 1 << 20
"""Bytes; an entry has some thousands, and its replacement lies beside it for a moment."""


def check_storage(subject: Subject) -> Iterator[Finding]:
    """The file store; the keyring is not asked, because it may ask the person."""
    wanted = SessionCache(subject.environ).directory
    there = next((folder for folder in (wanted, *wanted.parents) if folder.exists()), Path(wanted.anchor))
    if not there.is_dir():
        yield Finding(
            "storage_blocked", "error", f"{there} is in the way of the session folder", f"ls -l {there}"
        )
    elif not os.access(there, os.W_OK | os.X_OK):
        yield Finding(
            "storage_read_only",
            "error",
            f"sessions cannot be saved: {there} cannot be written",
            f"ls -ld {there}",
        )
    elif shutil.disk_usage(there).free < _ENOUGH:
        yield Finding(
            "storage_full",
            "error",
            f"sessions cannot be saved: the disk of {there} is full",
            f"df -h {there}",
        )
    else:
        yield Finding("storage", "ok", f"sessions are private files in {wanted}")
