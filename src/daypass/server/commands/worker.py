"""One worker of `daypass serve`: started by its parent with bound sockets and two pipes, never by a person.

It composes the application, says `ready` on one pipe, and accepts only after `go` on the other: so all workers of one
generation hold the same keys while they accept. The end of that pipe means the parent is gone, and the worker drains.
Exit code 78 (sysexits EX_CONFIG) means that starting again would not help.
"""

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from daypass.errors import ConfigError, DaypassError, StorageError
from daypass.server.adapters.key_ring_file import load_key_ring
from daypass.server.adapters.log import set_up_logging
from daypass.server.app import compose
from daypass.server.commands.listening import own_s3_url, own_urls
from daypass.server.commands.serving import load_backend_keys, run_in_loop, serve_until, stop_signal
from daypass.server.commands.terminal import CANNOT_START, fail
from daypass.server.settings import Settings, load_settings

__all__ = ["run"]


def run(argv: Sequence[str]) -> int:
    """Serve until the parent says stop or goes away. Returns the exit code."""
    parser = argparse.ArgumentParser("python -m daypass.server worker", allow_abbrev=False)
    parser.add_argument("--config", type=Path)
    for name in ("--socket", "--s3-socket", "--ready", "--control"):
        parser.add_argument(name, type=int, default=-1)
    words = parser.parse_args(argv)
    try:
        settings = load_settings(words.config, environment=os.environ, flags={})
        set_up_logging(settings.log_level)
        sockets = (socket.socket(fileno=words.socket), _adopt(words.s3_socket))
        run_in_loop(_work(settings, sockets, ready=words.ready, control=words.control))
    except (ConfigError, StorageError) as problem:
        fail(problem)
        return CANNOT_START
    except DaypassError as problem:
        return fail(problem)
    return 0


def _adopt(descriptor: int) -> socket.socket | None:
    return socket.socket(fileno=descriptor) if descriptor >= 0 else None


async def _work(
    settings: Settings, sockets: tuple[socket.socket, socket.socket | None], *, ready: int, control: int
) -> None:
    stop = stop_signal()
    go = asyncio.Event()
    _watch_parent(control, go=go, stop=stop)
    ring = load_key_ring(
        text=settings.key_ring, command=settings.key_ring_command, path=settings.key_ring_file
    )
    external_url, alternate_urls = own_urls(settings, sockets[0])
    application = await compose(
        settings,
        ring,
        external_url=external_url,
        alternate_urls=alternate_urls,
        s3_url=own_s3_url(settings, sockets[1]),
        backend_keys=load_backend_keys(settings),
    )
    os.write(ready, b"ready\n")
    os.close(ready)
    waiting = [asyncio.create_task(go.wait()), asyncio.create_task(stop.wait())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()
    if stop.is_set():
        await application.close()
        return
    await serve_until(stop, application, settings, sockets=sockets, started=asyncio.Event())


def _watch_parent(control: int, *, go: asyncio.Event, stop: asyncio.Event) -> None:
    """`go` on the pipe sets `go`; its end, which a dead parent brings about too, sets `stop`."""
    os.set_blocking(control, False)
    loop = asyncio.get_running_loop()

    def read() -> None:
        if os.read(control, 16):
            go.set()
        else:
            loop.remove_reader(control)
            stop.set()

    loop.add_reader(control, read)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
