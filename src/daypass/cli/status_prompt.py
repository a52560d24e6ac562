"""HOT: `daypass status --prompt [--profile P]`: one line for a shell's prompt, or nothing.

Exit code 0 with a line, 4 without; never a word on standard error, which a prompt would show. Any other option,
and any file that is not plain, is the business of `cli/status.py`.
"""

import os
import time

from daypass.client.prompt_line import prompt_line


def run(argv: list[str]) -> int:
    """Return the exit code; `argv` is what follows `status`."""
    words = [word for word in argv if word != "--prompt"]
    profile = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"
    if len(words) == 2 and words[0] == "--profile" and words[1]:
        profile = words[1]
    elif words:
        return _slow(argv)
    line = prompt_line(os.environ, profile, time.time())
    if line is None:
        return _slow(argv)
    if not line:
        return 4
    try:
        os.write(1, (line + "\n").encode("utf-8", "replace"))
    except BrokenPipeError:
        return 1
    return 0


def _slow(argv: list[str]) -> int:
    from daypass.cli.main import guarded
    from daypass.cli.status import run as run_status

    return guarded(run_status, argv)
