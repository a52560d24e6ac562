"""Check 8: where sessions are kept, and whether one could be written. Nothing is written to find out."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from daypass.client.doctor.finding import Finding
from daypass.client.doctor.subject import Subject
from daypass.client.session_cache import SessionCache
from daypass.client.storage_choice import FILE, VAULT, WISH

__all__ = ["check_storage"]

_ENOUGH = 1 << 20
"""Bytes; an entry has some thousands, and its replacement lies beside it for a moment."""


def check_storage(subject: Subject) -> Iterator[Finding]:
    """The folder of the sessions, and for a vault its keyring, which is not unlocked for it."""
    yield from _check_folder(subject)
    if subject.keyring_fault is not None:
        fault = subject.keyring_fault
        yield Finding(fault.code, "error", fault.message, fault.hint)
    elif subject.profile.storage == VAULT and subject.entry is not None:
        yield Finding("keyring", "ok", "the session is sealed, and its key is in the system keyring")
    elif subject.profile.text(WISH) == VAULT and subject.login_session and subject.profile.storage == FILE:
        yield Finding(
            "storage_unwished",
            "warning",
            "the profile asks for a vault (daypass_storage), but its login is in AWS's shared file",
            f"daypass configure storage {quote(subject.profile.name)} vault",
        )


def _check_folder(subject: Subject) -> Iterator[Finding]:
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
