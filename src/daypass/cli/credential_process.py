"""HOT: `daypass credential-process [--profile P]`: credentials as JSON on standard output.

A valid cache is answered with almost nothing imported, a login's first and a role's with one file more. Everything else,
from a refresh to a usage error, is the business of `cli/credential_process_slow.py`. It never opens a browser and never writes a secret to
standard error, because SDKs may log what a credential process prints there.
"""

import sys

from daypass.client import credential_cache


def run(argv: list[str]) -> int:
    """Return the exit code; `argv` is what follows the command's name."""
    try:
        if credential_cache.main(argv):
            return 0
        from daypass.client import role_answer

        if role_answer.main(argv):
            return 0
    except BrokenPipeError:
        return 1
    from daypass.cli import credential_process_slow
    from daypass.cli.main import guarded

    return guarded(credential_process_slow.run, argv)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
