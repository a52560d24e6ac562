"""From `argv` to a command: look at the first word, import that command only, turn failures into exits.

Every command module has `run(argv) -> int`. The table is also the list `daypass --help` prints.
"""

import importlib
import os
import sys
from collections.abc import Callable

from daypass.errors import ConfigError, DaypassError

__all__ = ["COMMANDS", "guarded", "main"]

COMMANDS: dict[str, tuple[str, str]] = {
    "login": ("daypass.cli.login", "sign in through the browser"),
    "logout": ("daypass.cli.logout", "forget a profile's session on this machine"),
    "status": ("daypass.cli.status", "show who is signed in and for how long"),
    "narrow": ("daypass.cli.narrow", "make a smaller login, for an agent or a script"),
    "receipt": ("daypass.cli.receipt", "show who a profile acts as, and what narrows it"),
    "exec": ("daypass.cli.exec", "run a command with credentials that renew themselves"),
    "console": ("daypass.cli.console", "open the web console as a profile's identity"),
    "env": ("daypass.cli.env", "print credentials as variables for a shell"),
    "serve-credentials": (
        "daypass.cli.serve_credentials",
        "serve credentials to containers, IDEs and far hosts",
    ),
    "audit": ("daypass.cli.audit", "find long-lived keys on this machine"),
    "doctor": ("daypass.cli.doctor", "find out what is wrong, and what mends it"),
    "migrate": ("daypass.cli.migrate", "move a profile from its access key to a login"),
    "configure": ("daypass.cli.configure", "write a profile for tools that do not know logins"),
    "configure role": ("daypass.cli.configure_role", "write a profile that is a role over a login"),
    "configure storage": (
        "daypass.cli.configure_storage",
        "keep a login in a vault, or in AWS's shared file",
    ),
    "configure python": ("daypass.cli.configure_python", "let boto3 of one Python use logins"),
    "configure aws-cli-v1": (
        "daypass.cli.configure_aws_cli",
        "give the AWS CLI version 1 a login and a logout",
    ),
    "credential-process": (
        "daypass.cli.credential_process",
        "print credentials for tools that ask a process",
    ),
    "completion": ("daypass.cli.completion", "print the script that completes these words in a shell"),
}
"""Command to (module, one line). Of two words the longer command wins."""


def main(argv: list[str]) -> int:
    """Run the command that `argv` begins with, with the rest. Returns the exit code."""
    length = 2 if " ".join(argv[:2]) in COMMANDS else 1
    module, _summary = COMMANDS[" ".join(argv[:length])]
    return guarded(importlib.import_module(module).run, argv[length:])


def guarded(run: Callable[[list[str]], int], argv: list[str]) -> int:
    """Run a command; what goes wrong becomes a message and an exit code, never a traceback."""
    try:
        return run(argv)
    except DaypassError as problem:
        from daypass.cli.output import fail

        return fail(problem)
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return 130
    except BrokenPipeError:
        # What is still buffered would fail again, loudly, when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except OSError as problem:
        from daypass.cli.output import fail

        return fail(_explain(problem))


def _explain(problem: OSError) -> ConfigError:
    """A file that cannot be read or written is the person's to mend: name it, show no traceback."""
    import errno
    from pathlib import Path
    from shlex import quote

    reason = (problem.strerror or type(problem).__name__).lower()
    if not isinstance(problem.filename, str | bytes) or not problem.filename:
        return ConfigError(f"the operating system refused: {reason}")
    path = Path(os.fsdecode(problem.filename))
    # Of a file that is still to be made, its folder is what can be looked at.
    there = next((each for each in (path, *path.parents) if os.path.lexists(each)), path)
    looked = "df -h" if problem.errno in (errno.ENOSPC, errno.EDQUOT) else "ls -ld"
    return ConfigError(f"{there}: {reason}", hint=f"{looked} {quote(str(there))}")
