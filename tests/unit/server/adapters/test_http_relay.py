"""Answers whose body is handed over as a connection."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from daypass.server.adapters.http_listener import HttpListener, ListenerLimits
from daypass.server.adapters.splice import can_splice
from daypass.server.ports.relay import RELAY, SourceEnded

MIB = 1 << 20
BODY = bytes(range(256)) * (4 * MIB // 256) + b"the end"
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST_REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="splice(2) is Linux's")


class _Relaying:
    """A listener that answers every request with a length and what comes from `source`."""

    def __init__(self) -> None:
        self.source, self.store = socket.socketpair()
        self.source.setblocking(False)
        self.store.setblocking(False)
        self.begun, self.count, self.length, self.patience = b"", len(BODY), len(BODY), 10.0
        self.extensions: Any = None
        self.outcomes: asyncio.Queue[BaseException | None] = asyncio.Queue()
        self._listening = socket.create_server(("127.0.0.1", 0))
        limits = ListenerLimits(keep_alive=5, shutdown_grace=5, max_header_bytes=4096)
        self.listener = HttpListener(self._serve, self._listening, limits=limits)
        self.port = self._listening.getsockname()[1]

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        self.extensions = scope["extensions"]
        headers = [(b"content-length", str(self.length).encode())] if self.length else []
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": self.begun, "more_body": True})
            await send({"type": RELAY, "source": self.source, "count": self.count, "patience": self.patience})
            await send({"type": "http.response.body", "body": b""})
        except (Exception, asyncio.CancelledError) as failure:
            self.outcomes.put_nowait(failure)
            raise
        self.outcomes.put_nowait(None)

    async def give(self, body: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.store, body)


@pytest.fixture
async def relaying() -> AsyncIterator[_Relaying]:
    """Accepting."""
    relaying = _Relaying()
    running = asyncio.create_task(relaying.listener.run())
    await relaying.listener.wait_started()
    yield relaying
    relaying.listener.stop()
    await running
    relaying.source.close()
    relaying.store.close()


@contextlib.asynccontextmanager
async def _client(
    relaying: _Relaying, request: bytes = REQUEST
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", relaying.port)
    writer.write(request)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _body(reader: asyncio.StreamReader) -> bytes:
    await reader.readuntil(b"\r\n\r\n")
    return await reader.readexactly(len(BODY))


def test_this_system_can_splice() -> None:
    assert can_splice()


async def test_a_body_is_relayed_behind_what_was_sent_of_it(relaying: _Relaying) -> None:
    relaying.begun, relaying.count = BODY[: 2 * MIB], len(BODY) - 2 * MIB
    async with _client(relaying) as (reader, _):
        giving = asyncio.create_task(relaying.give(BODY[2 * MIB :]))
        assert await _body(reader) == BODY
        await giving
    assert relaying.extensions == {RELAY: {}}


async def test_the_connection_goes_on_and_no_byte_too_many_is_taken(relaying: _Relaying) -> None:
    async with _client(relaying, REQUEST + REQUEST) as (reader, writer):
        giving = asyncio.create_task(relaying.give(BODY + BODY + BODY))
        assert await _body(reader) == BODY
        assert await _body(reader) == BODY
        writer.write(LAST_REQUEST)
        assert await _body(reader) == BODY
        assert await reader.read() == b""
        await giving


async def test_a_source_that_ends_early_breaks_the_answer(relaying: _Relaying) -> None:
    async with _client(relaying) as (reader, _):
        await relaying.give(b"half")
        relaying.store.close()
        assert (await reader.read()).endswith(b"\r\n\r\nhalf")
    assert isinstance(await relaying.outcomes.get(), SourceEnded)


async def test_a_source_that_stands_still_is_given_up(relaying: _Relaying) -> None:
    relaying.patience = 0.05
    async with _client(relaying) as (reader, _):
        await relaying.give(b"half")
        assert (await reader.read()).endswith(b"\r\n\r\nhalf")
    assert isinstance(await relaying.outcomes.get(), SourceEnded)


async def test_a_client_that_resets_ends_the_relay(relaying: _Relaying) -> None:
    async with _client(relaying) as (reader, writer):
        giving = asyncio.create_task(relaying.give(BODY))
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
        assert await asyncio.wait_for(relaying.outcomes.get(), 10) is None
        giving.cancel()
        await asyncio.gather(giving, return_exceptions=True)


async def test_what_is_no_request_cuts_a_relayed_answer_and_puts_nothing_into_it(relaying: _Relaying) -> None:
    async with _client(relaying) as (reader, writer):
        giving = asyncio.create_task(relaying.give(BODY))
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x00 is no HTTP\r\n\r\n")
        assert await asyncio.wait_for(relaying.outcomes.get(), 10) is None
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := await reader.read(MIB):
                received += piece
        assert len(received) < len(BODY)
        assert BODY.startswith(received)
        giving.cancel()
        await asyncio.gather(giving, return_exceptions=True)


async def test_a_slow_reader_holds_the_source_back(relaying: _Relaying) -> None:
    relaying.length = relaying.count = 64 * MIB
    given = 0
    async with _client(relaying, LAST_REQUEST) as (reader, _):

        async def pour() -> None:
            nonlocal given
            for _ in range(64):
                await relaying.give(b"a" * MIB)
                given += 1

        pouring = asyncio.create_task(pour())
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.2)  # as far as it gets
        assert given < 32
        length = 0
        while piece := await reader.read(MIB):
            length += len(piece)
        await pouring
        assert (length, given) == (64 * MIB, 64)


@pytest.mark.parametrize("length", [0, len(BODY) - 1], ids=["unknown", "shorter"])
async def test_what_is_longer_than_the_answer_says_is_not_relayed(relaying: _Relaying, length: int) -> None:
    relaying.length = length
    async with _client(relaying) as (reader, _):
        await relaying.give(b"never")
        assert b"never" not in await reader.read()
    assert isinstance(await relaying.outcomes.get(), RuntimeError)


async def test_a_relay_leaves_no_descriptor_open(relaying: _Relaying) -> None:
    async with _client(relaying) as (reader, _):
        giving = asyncio.create_task(relaying.give(BODY))
        assert await _body(reader) == BODY
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            async with _client(relaying, LAST_REQUEST) as (other, _):
                again = asyncio.create_task(relaying.give(BODY))
                assert await _body(other) == BODY
                assert await other.read() == b""
                await again
        assert len(os.listdir("/proc/self/fd")) == before
        await giving
