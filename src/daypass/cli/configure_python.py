"""`daypass configure python [--python PATH] [--undo]`: boto3 and botocore of one interpreter use logins, without a line of code.

It writes one file into that interpreter's site-packages. Python reads such `.pth` files at every start (Python library
reference, `site`); ours runs a line that waits for botocore to be imported and does nothing else. Where daypass is
gone, the line does nothing at all, so an interpreter never depends on us. `--undo` deletes the file.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from daypass.cli.arguments import CommandParser
from daypass.cli.output import data, say
from daypass.client.atomic_file import write_private
from daypass.client.python_interpreter import Interpreter, ask_interpreter, find_interpreter
from daypass.errors import ConfigError

__all__ = ["FILE_NAME", "run"]

FILE_NAME = "zz-daypass-botocore.pth"
"""Such files are read by name, and this one after all that may say where daypass is."""

_START = """\
# Written by `daypass configure python`; `daypass configure python --undo` deletes it. DAYPASS_BOTOCORE=0 switches it off.
import sys; exec("try:\\n from daypass.python.import_hook import install\\nexcept ImportError:\\n pass\\nelse:\\n install()")
"""
"""A line that does not begin with `import` would be taken for a folder."""


def run(argv: list[str]) -> int:
    """Write the file, see that it works; or delete it."""
    arguments = _parse(argv)
    python = arguments.python or find_interpreter(os.environ, sys.executable)
    interpreter = ask_interpreter(python)
    path = interpreter.packages / FILE_NAME
    state = _undo(path, interpreter) if arguments.undo else _write(path, interpreter)
    if arguments.json:
        data(json.dumps({"python": interpreter.executable, "file": str(path), "state": state}))
    return 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = CommandParser(
        "configure python",
        "Let boto3 and botocore of one Python use logins, without a change to any program.",
    )
    parser.add_argument(
        "--python",
        metavar="PATH",
        help="the interpreter (default: the active virtual environment's, else the one that runs daypass)",
    )
    parser.add_argument("--undo", action="store_true", help="delete what was written")
    parser.add_argument("--json", action="store_true", help="print what was done as one JSON object")
    return parser.parse_args(argv)


def _write(path: Path, interpreter: Interpreter) -> str:
    if not interpreter.has_hook:
        raise ConfigError(
            f"daypass is not installed for {interpreter.executable}, or too old",
            hint=f"{interpreter.executable} -m pip install --upgrade 'daypass[boto3]'",
        )
    former = path.read_text(encoding="utf-8") if path.exists() else None
    write_private(path, _START, mode=0o644)
    if not ask_interpreter(interpreter.executable).is_hooked:
        if former is None:
            path.unlink()
        else:
            write_private(path, former, mode=0o644)
        raise ConfigError(
            f"{interpreter.executable} does not read {path}, or DAYPASS_BOTOCORE is 0; nothing was changed",
            hint=f"{interpreter.executable} -m site",
        )
    say(f"boto3 and botocore of {interpreter.executable} use logins now")
    say(
        f"it reads {path} at its start; daypass configure python --python {interpreter.executable} --undo deletes it"
    )
    if not interpreter.has_botocore:
        say("there is no botocore for it yet")
    return "written"


def _undo(path: Path, interpreter: Interpreter) -> str:
    try:
        path.unlink()
    except FileNotFoundError:
        say(f"nothing was written for {interpreter.executable}; nothing to do")
        return "absent"
    say(f"{path} is deleted; botocore of {interpreter.executable} is as it was")
    return "deleted"
