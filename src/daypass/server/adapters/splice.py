"""Bytes from one TCP connection to another without passing through this process (Linux, splice(2)). No HTTP in here.

A pipe stands between the two, because splice needs one; what is in it are references to the kernel's own pages. So a
reader who stops costs at most a pipe's worth, and the sender's window closes by itself.
"""

import asyncio
import contextlib
import fcntl
import functools
import os
import socket
from collections.abc import Callable, Iterator

from daypass.server.ports.relay import SourceEnded

__all__ = ["can_splice", "splice"]

_PIPE_BYTES = 1024 * 1024
"""The most an unprivileged process may ask for; with many transfers at once the system gives less, which only costs turns."""
_FLAGS = os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK


@functools.cache
def can_splice() -> bool:
    """Not every sandbox lets it through; asked of the system once."""
    here, there = socket.socketpair()
    with here, there, _pipe() as (outlet, inlet):
        here.setblocking(False)
        there.send(b"?")
        try:
            return bool(os.splice(here.fileno(), inlet, 1, flags=_FLAGS)) and bool(
                os.splice(outlet, here.fileno(), 1, flags=_FLAGS)
            )
        except OSError:
            return False


async def splice(source: socket.socket, sink: socket.socket, count: int, *, patience: float) -> None:
    """Move exactly `count` bytes; every pipeful others get their turn. Both sockets must be non-blocking and used
    by no transport of the loop under this file descriptor.

    Raises SourceEnded when the source ends, fails or gives nothing for `patience` seconds, OSError when the sink fails.
    """
    loop = asyncio.get_running_loop()
    with _pipe() as (outlet, inlet):
        while count:
            arrived = await _take(source, inlet, min(count, _PIPE_BYTES), patience)
            count -= arrived
            while arrived:
                try:
                    arrived -= os.splice(outlet, sink.fileno(), arrived, flags=_FLAGS)
                except BlockingIOError:
                    await _until_called(loop.add_writer, loop.remove_writer, sink)
            await asyncio.sleep(0)


async def _take(source: socket.socket, inlet: int, most: int, patience: float) -> int:
    """Into the empty pipe: at least one byte."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            if arrived := os.splice(source.fileno(), inlet, most, flags=_FLAGS):
                return arrived
            raise SourceEnded("it closed its connection too early")
        except BlockingIOError:
            try:
                async with asyncio.timeout(patience):
                    await _until_called(loop.add_reader, loop.remove_reader, source)
            except TimeoutError:
                raise SourceEnded(f"nothing came for {patience:g} seconds") from None
        except OSError as failure:
            raise SourceEnded(f"{type(failure).__name__}: {failure}") from failure


async def _until_called(
    watch: Callable[[socket.socket, Callable[[], None]], None],
    unwatch: Callable[[socket.socket], object],
    watched: socket.socket,
) -> None:
    is_ready = asyncio.Event()
    watch(watched, is_ready.set)
    try:
        await is_ready.wait()
    finally:
        unwatch(watched)


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    """Its end to take from and its end to put into."""
    outlet, inlet = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        with contextlib.suppress(OSError):
            fcntl.fcntl(inlet, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        yield outlet, inlet
    finally:
        os.close(outlet)
        os.close(inlet)
