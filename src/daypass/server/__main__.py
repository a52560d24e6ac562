"""The server's commands: `up`, `serve`, and `server init|upgrade|rotate-keys|backup|restore|account …`. One module each, imported when asked for.

`python -m daypass.server worker …` is how `serve` starts its own workers; it is not for people.
"""

import importlib
import sys
from types import ModuleType

from daypass.errors import DaypassError, UsageError
from daypass.server.commands.terminal import fail

__all__ = ["COMMANDS", "main"]

COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("daypass.server.commands.up", "start everything on this machine: sign-in, STS, IAM, S3"),
    "serve": ("daypass.server.commands.serve", "run the server from a settings file"),
    "server init": ("daypass.server.commands.init", "write a settings file, keys, and the first account"),
    "server upgrade": ("daypass.server.commands.upgrade", "bring the database's schema up to date"),
    "server rotate-keys": (
        "daypass.server.commands.rotate_keys",
        "add a key to the key ring, drop those past use",
    ),
    "server backup": ("daypass.server.commands.backup", "copy the database and the keys into one file"),
    "server restore": ("daypass.server.commands.restore", "put a backup in place"),
    "server account create": ("daypass.server.commands.account_create", "make one more account"),
    "server account list": ("daypass.server.commands.account_list", "list the accounts"),
    "server account reset-password": (
        "daypass.server.commands.account_password",
        "give a root user a new password",
    ),
    "server account set-policy": (
        "daypass.server.commands.account_policy",
        "set or remove a service control policy",
    ),
    "server audit": ("daypass.server.commands.audit", "read the audit log, or verify it"),
    "server explain": (
        "daypass.server.commands.explain",
        "say which policy statement allows or denies a request",
    ),
}
"""Words to (module, one line). Each module has `run(argv) -> int`."""

_WORKER = ("daypass.server.commands.worker", "")


def main(argv: list[str]) -> int:
    """Run the command named by the first words. Returns the exit code."""
    try:
        module_name, rest = _choose(argv)
        code: int = _import(module_name).run(rest)
    except DaypassError as problem:
        return fail(problem)
    except KeyboardInterrupt:
        return 130
    return code


def _choose(argv: list[str]) -> tuple[str, list[str]]:
    if argv[:1] == ["worker"]:
        return _WORKER[0], argv[1:]
    for length in (1, 2, 3):
        words = " ".join(argv[:length])
        if words in COMMANDS:
            return COMMANDS[words][0], argv[length:]
    known = ", ".join(words.removeprefix("server ") for words in COMMANDS if words.startswith("server "))
    raise UsageError(f"daypass server needs one of: {known}", hint="daypass --help")


def _import(module_name: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("daypass"):
            raise
        raise UsageError(
            f"the server's libraries are not installed ({missing.name})", hint="pip install 'daypass[server]'"
        ) from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
