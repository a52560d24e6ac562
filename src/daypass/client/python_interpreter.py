"""Another Python of this machine, asked what it is: where it keeps packages, what it can import.

It is asked by running it, in a folder where nothing of ours lies, with a deadline; what it prints besides the answer is
not looked at. Nothing here changes it: the file for its start is written by `cli/configure_python.py`.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from daypass.errors import ConfigError

__all__ = ["Interpreter", "ask_interpreter", "find_interpreter", "interpreter_of_script"]

_PATIENCE = 20
"""Seconds; a cold start on a slow disk takes some of them."""

_match_long_path = re.compile(r"'''exec' (?:\"([^\"]+)\"|(\S+)) ").match
"""How pip begins a command whose Python has too long a path, or one with blanks, for a first line."""

_QUESTION = """
import importlib.util, json, sys, sysconfig
def has(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False
print()
print(json.dumps({
    "executable": sys.executable,
    "packages": sysconfig.get_path("purelib"),
    "has_hook": has("daypass.python.import_hook"),
    "has_plugin": has("daypass.aws_cli_v1"),
    "has_botocore": has("botocore"),
    "is_hooked": any(type(each).__module__ == "daypass.python.import_hook" for each in sys.meta_path),
}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """What it said of itself."""

    executable: str
    packages: Path
    """Its site-packages: where `.pth` files are read at every start."""
    has_hook: bool
    """Whether it can import a daypass that has the hook for botocore."""
    has_plugin: bool
    """The same for the AWS CLI plugin."""
    has_botocore: bool
    is_hooked: bool
    """Whether the hook was waiting for botocore when it was asked."""


def ask_interpreter(python: str) -> Interpreter:
    """Run it and read its answer. Raises ConfigError when it is no Python that runs here."""
    path = _expanded(python)
    try:
        done = subprocess.run(  # noqa: S603 - the person named it
            [path, "-c", _QUESTION],
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
            stdin=subprocess.DEVNULL,
            cwd=os.sep,
        )
        said = json.loads(done.stdout.splitlines()[-1])
        return Interpreter(**{**said, "packages": Path(said["packages"])})
    except (OSError, ValueError, KeyError, IndexError, TypeError, subprocess.SubprocessError) as problem:
        raise ConfigError(
            f"{python} did not answer as a Python", hint=f"ls -l {path}", detail=type(problem).__name__
        ) from problem


def find_interpreter(environ: Mapping[str, str], fallback: str) -> str:
    """The Python of the virtual environment that is active in this shell, else `fallback`."""
    active = environ.get("VIRTUAL_ENV")
    if not active:
        return fallback
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return str(Path(active) / folder / name)


def interpreter_of_script(script: Path) -> str | None:
    """The Python that runs an installed command: from its first line, or from beside it; None where neither says."""
    try:
        with script.open("rb") as file:
            first = file.readline(4096)
            second = file.readline(4096)
    except OSError:
        return None
    words = first[2:].decode("utf-8", "replace").split() if first.startswith(b"#!") else []
    if words and "python" in Path(words[0]).name:
        return words[0]
    if len(words) == 2 and Path(words[0]).name == "env" and "python" in words[1]:
        return shutil.which(words[1])
    found = _match_long_path(second.decode("utf-8", "replace"))
    if words and found:
        return found[1] or found[2]
    beside = script.with_name("python.exe")
    return str(beside) if beside.is_file() else None


def _expanded(python: str) -> str:
    found = shutil.which(python) if os.sep not in python else None
    return found or str(Path(python).expanduser().absolute())
