"""Check 9: whether the Pythons of this machine can use a sign-in themselves, and the bridge for those that cannot.

What botocore needs, by its releases as measured: `login_session` since 1.41.0, the session's own region
(`signInRegion`) since 1.44.0, and the native library awscrt always, even while the cached credentials live. None of it
matters where `daypass configure python` put our hook.
"""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import quote

from daypass.client.doctor.finding import Finding, printable
from daypass.client.doctor.python_locks import read_locked_versions
from daypass.client.doctor.sight import PATIENCE
from daypass.client.doctor.subject import Subject
from daypass.client.storage_choice import VAULT

__all__ = ["check_python_sdks", "judge_versions"]

_LOGIN_SINCE = (1, 41)
_SIGN_IN_REGION_SINCE = (1, 44)
_HOOK = "hook"
"""A word beside the versions: the import hook of `daypass configure python` waits in this interpreter."""
_HOOK_MODULE = "daypass.python.import_hook"
_ASK = f"""
import importlib.metadata, json, sys
found = dict()
for name in ("botocore", "awscrt"):
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
if any(type(finder).__module__ == {_HOOK_MODULE!r} for finder in sys.meta_path):
    found[{_HOOK!r}] = "waits"
print(json.dumps(found))
"""
_match_version = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})").match


def check_python_sdks(subject: Subject) -> Iterator[Finding]:
    """This Python, those that were named, five seconds at most for each, and lock files."""
    if subject.profile.storage == VAULT:
        return  # SDKs ask a process then, which every version can
    yield from judge_versions(_own_versions(), sys.executable, subject.profile.name)
    for python in subject.pythons:
        versions = _versions_of(python)
        if versions is None:
            yield Finding(
                "python_unusable",
                "warning",
                f"{printable(python)} did not answer as a Python",
                f"ls -l {python}",
            )
        else:
            yield from judge_versions(versions, python, subject.profile.name)
    for lock in subject.locks:
        yield from _judge_lock(lock, subject.profile.name)


def _judge_lock(lock: str, profile: str) -> Iterator[Finding]:
    shown = printable(lock)
    locked = read_locked_versions(Path(lock).expanduser())
    if locked is None:
        yield Finding("lock_unreadable", "warning", f"{shown} cannot be read as a lock file", f"ls -l {lock}")
    else:
        yield from judge_versions(locked, shown, profile, update="uv lock --upgrade-package botocore")


def judge_versions(
    versions: Mapping[str, str], place: str, profile: str, *, update: str = ""
) -> Iterator[Finding]:
    """`versions` has `botocore`, `awscrt` and the hook as far as they are there; `place` is an interpreter or a lock file."""
    botocore = printable(versions.get("botocore", ""))
    bridge = f"daypass configure bridge {quote(profile)}"
    update = update or f"{place} -m pip install --upgrade botocore"
    if not botocore:
        yield Finding("sdk_absent", "ok", f"{place} has no botocore")
        return
    version = _version_of(botocore)
    named = f"botocore {botocore} of {place}"
    if _HOOK in versions:
        yield Finding("sdk_hooked", "ok", f"{named} uses sign-ins through daypass")
        return
    if version < _LOGIN_SINCE:
        yield Finding("sdk_too_old", "warning", f"{named} knows no sign-ins", bridge)
        return
    if version < _SIGN_IN_REGION_SINCE:
        yield Finding(
            "sdk_ignores_region",
            "warning",
            f"{named} renews in the region it works in, not where you signed in",
            update,
        )
    if "awscrt" not in versions:
        yield Finding("sdk_without_crt", "warning", f"{named} cannot use sign-ins without awscrt", bridge)
    elif version >= _SIGN_IN_REGION_SINCE:
        yield Finding("sdk_ready", "ok", f"{named} can use sign-ins")


def _version_of(text: str) -> tuple[int, int]:
    """Major and minor; zeros for what is no version."""
    found = _match_version(text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _own_versions() -> dict[str, str]:
    found = {}
    for name in ("botocore", "awscrt"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    if any(type(finder).__module__ == _HOOK_MODULE for finder in sys.meta_path):
        found[_HOOK] = "waits"
    return found


def _versions_of(python: str) -> dict[str, str] | None:
    """Ask an interpreter; its own folder is where it runs, so that nothing of ours is imported by it."""
    try:
        done = subprocess.run(  # noqa: S603 - the person named it
            [str(Path(python).expanduser().absolute()), "-c", _ASK],
            capture_output=True,
            timeout=PATIENCE,
            check=True,
            stdin=subprocess.DEVNULL,
            cwd=os.sep,
        )
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if not isinstance(found, dict):
        return None
    return {name: value for name, value in found.items() if isinstance(value, str)}
