"""Run a daypass command and die by SIGKILL at the N-th step that touches the outside world.

    python killed_client.py N FOLDER COMMAND…

A step is an audited system call of CPython on FOLDER (open, rename, remove, mkdir, chmod) or any connect.
With N = 0 nothing dies and the number of steps is written to `FOLDER/steps`, so a test can try them all.
"""

import os
import signal
import sys

_EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.chmod", "tempfile.mkstemp", "socket.connect")


def main() -> int:
    fatal, folder = int(sys.argv[1]), sys.argv[2]
    steps = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal steps
        if event not in _EVENTS:
            return
        if event != "socket.connect" and not any(str(value).startswith(folder) for value in arguments):
            return
        steps += 1
        if steps == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    sys.argv = ["daypass", *sys.argv[3:]]
    from daypass.__main__ import main as daypass

    code = daypass()
    if fatal == 0:
        with open(os.path.join(os.path.dirname(folder), "steps"), "w") as file:
            file.write(str(steps))
    return int(code or 0)


if __name__ == "__main__":
    sys.exit(main())
