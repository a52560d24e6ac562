"""From `argv` to a command: look at the first word, import that command only, turn failures into exits.

Every command module has `run(argv) -> int`. The table is also the list `daypass --help` prints.
"""

import importlib
import sys

from daypass.errors import DaypassError

__all__ = ["COMMANDS", "main"]

COMMANDS: dict[str, tuple[str, str]] = {
    "login": ("daypass.cli.login", "sign in through the browser"),
    "logout": ("daypass.cli.logout", "forget a profile's session on this machine"),
    "status": ("daypass.cli.status", "show who is signed in and for how long"),
    "credential-process": (
        "daypass.cli.credential_process",
        "print credentials for tools that ask a process",
    ),
}
"""Command to (module, one line)."""


def main(argv: list[str]) -> int:
    """Run `argv[0]` with the rest. Returns the exit code."""
    module_name = COMMANDS[argv[0]][0]
    try:
        run = importlib.import_module(module_name).run
        code: int = run(argv[1:])
    except DaypassError as problem:
        from daypass.cli.output import fail

        return fail(problem)
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return 130
    except BrokenPipeError:
        return 1
    return code
