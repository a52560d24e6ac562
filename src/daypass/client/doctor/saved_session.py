"""Check 3: the saved session's file: there, ours, private, whole, alive, and who else lives on it.

Read here with the file left as it is; `client/session_cache.py` is what repairs. Format: docs/reference/cache-file.md.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from daypass.client.credential_cache import MANDATORY_REFRESH_SECONDS, is_foreign, is_open_to_others
from daypass.client.doctor.finding import Finding
from daypass.client.doctor.subject import Subject
from daypass.client.session_cache import CacheEntry
from daypass.protocol.oauth.id_token import read_session_end

__all__ = ["check_saved_session"]

_ENDS_SOON = 1800
"""Seconds; a long run that begins now may not end in time."""


def check_saved_session(subject: Subject) -> Iterator[Finding]:
    """Nothing for a profile without a login."""
    path = subject.session_path
    if path is None:
        return
    try:
        state = path.stat()
    except FileNotFoundError:
        yield Finding(
            "session_missing",
            "error",
            "the profile names a sign-in, but its session is not on this machine",
            subject.login_command,
        )
        return
    except OSError:
        yield Finding("session_unreadable", "error", "the session's file cannot be read", f"ls -l {path}")
        return
    yield from _file_is_private(path, state)
    if subject.keyring_fault is not None:
        return  # what cannot be opened is neither well nor damaged; the check of the storage says why
    if subject.entry is None and not os.access(path, os.R_OK):
        yield Finding("session_unreadable", "error", "the session's file cannot be read", f"ls -l {path}")
        return
    if subject.entry is None:
        yield Finding(
            "session_damaged", "error", "the session's file cannot be understood", subject.login_command
        )
        return
    yield from _is_whole(subject, subject.entry)
    yield from _is_alive(subject, subject.entry)
    yield from _is_shared(subject)
    if _is_locked(path):
        yield Finding("session_busy", "note", "another process is renewing this session at the moment")


def _file_is_private(path: Path, state: os.stat_result) -> Iterator[Finding]:
    if is_foreign(state):
        yield Finding(
            "session_foreign", "error", "the session's file belongs to another user", f"ls -l {path}"
        )
    if is_open_to_others(state):
        yield Finding(
            "session_open", "warning", "other users can read the session's file", f"chmod 600 {path}"
        )
    folder = path.parent.stat()
    if not is_open_to_others(folder):
        return
    if folder.st_mode & 0o022:
        yield Finding(
            "session_folder_open",
            "warning",
            "other users can replace the session's file",
            f"chmod 700 {path.parent}",
        )
    else:
        yield Finding(
            "session_folder_listed",
            "note",
            "other users can see when sessions are renewed",
            f"chmod 700 {path.parent}",
        )


def _is_whole(subject: Subject, entry: CacheEntry) -> Iterator[Finding]:
    # Where the sign-in has an address of its own, no program goes by a region.
    if not entry.sign_in_region and not subject.profile.endpoint("signin", subject.environ):
        yield Finding(
            "session_without_region",
            "warning",
            "the session does not say where it is renewed (signInRegion), so programs ask in the region they work in",
            subject.login_command,
        )
    if not entry.id_token:
        yield Finding("session_without_id_token", "note", "the session does not say when it began (idToken)")


def _is_alive(subject: Subject, entry: CacheEntry) -> Iterator[Finding]:
    credentials_left = entry.expires_at - subject.now
    end = read_session_end(entry.id_token.reveal())
    left = None if end is None else end - subject.now
    if left is not None and left <= 0:
        yield Finding("session_ended", "error", "the session has ended", subject.login_command)
        return
    if left is not None and left < _ENDS_SOON:
        yield Finding(
            "session_ending", "warning", f"the session ends in {left // 60} min", subject.login_command
        )
        return
    lasts = "" if left is None else f"the session lasts {left // 3600} h {left % 3600 // 60} min more, "
    if credentials_left > MANDATORY_REFRESH_SECONDS:
        yield Finding("session_alive", "ok", f"{lasts}its credentials live for {credentials_left // 60} min")
    else:
        yield Finding(
            "credentials_expired", "note", f"{lasts}its credentials are renewed by the next program that asks"
        )


def _is_shared(subject: Subject) -> Iterator[Finding]:
    others = [
        name
        for name in subject.config.profile_names()
        if name != subject.profile.name
        and subject.config.profile(name).text("login_session") == subject.login_session
        and subject.config.profile(name).storage == subject.profile.storage
    ]
    if others:
        named = ", ".join(f'"{name}"' for name in others)
        yield Finding("session_shared", "note", f"signing out here signs out {named} too")


def _is_locked(path: Path) -> bool:
    """Ask without waiting; a shared lock for an instant keeps nobody from anything."""
    lock_path = path.with_name(f".{path.name}.lock")
    if os.name == "nt" or not lock_path.exists():
        return False
    import fcntl

    try:
        descriptor = os.open(lock_path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
