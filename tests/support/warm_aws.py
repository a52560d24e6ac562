"""The unmodified AWS CLI version 1 without the half second it needs to import itself: each command is a fork of one process.

`warm_aws()` starts that process; `python warm_aws.py SOCKET ARGUMENT…` is the program to type. It hands over its arguments,
environment, folder and standard streams, and ends with the command's exit code. All that a command reads (configuration,
credentials, files, endpoints) it reads itself, after the fork.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["warm_aws"]


@contextmanager
def warm_aws() -> Iterator[Path]:
    """A file to run as `aws`, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="aws-") as folder:
        address = f"{folder}/socket"
        program = Path(folder) / "aws"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {__file__} {address} "$@"\n')
        program.chmod(0o755)
        server = subprocess.Popen(
            [sys.executable, __file__, address, "--serve"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
        )
        assert server.stdout is not None
        try:
            assert server.stdout.readline() == b"ready\n"
            yield program
        finally:
            server.terminate()
            server.wait(10)
            server.stdout.close()


def ask(address: str, arguments: list[str]) -> int:
    """The program's side: hand over and wait."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        asked = json.dumps([arguments, dict(os.environ), os.getcwd()]).encode("utf-8", "surrogateescape")
        socket.send_fds(connection, [len(asked).to_bytes(4, "big")], [0, 1, 2])
        connection.sendall(asked)
        return int(connection.makefile("rb").read() or b"255")


def serve(address: str) -> None:
    """The other side: fork for each command, and let the fork's parent, a fork itself, tell its exit code."""
    import signal

    import awscli.clidriver
    import awscli.customizations.s3.s3
    import awscli.handlers

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(16)
        print("ready", flush=True)
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _answer(connection, awscli.clidriver.main)
            connection.close()


def _answer(connection: socket.socket, main: "object") -> None:
    size, streams, _, _ = socket.recv_fds(connection, 4, 3)
    arguments, environment, folder = json.loads(connection.makefile("rb").read(int.from_bytes(size, "big")))
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        connection.sendall(str(os.waitstatus_to_exitcode(status) % 256).encode())
        os._exit(0)
    connection.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    data_path = os.environ["AWS_DATA_PATH"]  # what the CLI's own import says of its place
    os.environ.clear()
    os.environ.update({"AWS_DATA_PATH": data_path} | environment)
    os.chdir(folder)
    sys.argv = ["aws", *arguments]
    sys.exit(main())  # type: ignore[operator]  # the CLI has no types


if __name__ == "__main__":
    if sys.argv[2:] == ["--serve"]:
        serve(sys.argv[1])
    else:
        sys.exit(ask(sys.argv[1], sys.argv[2:]))
