"""The listener's own limit: how much of a request head, or of what follows a body, is ever held."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from daypass.server.adapters.http_listener import HttpListener, ListenerLimits

LIMIT = 4096
ENDLESS = b"a" * 65_536


async def _app(scope: Any, receive: Any, send: Any) -> None:
    size = 0
    if scope["path"] == "/late":
        await asyncio.sleep(1.5)
    while (message := await receive())["type"] == "http.request":
        size += len(message["body"])
        if not message["more_body"]:
            break
    body = str(size).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    limits = ListenerLimits(keep_alive=1, shutdown_grace=1, max_header_bytes=LIMIT)
    listener = HttpListener(_app, listening, limits=limits)
    running = asyncio.create_task(listener.run())
    await listener.wait_started()
    yield listening.getsockname()[1]
    listener.stop()
    await running


@contextlib.asynccontextmanager
async def _connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _write_without_end(writer: asyncio.StreamWriter) -> None:
    """32 MB."""
    for _ in range(500):
        writer.write(ENDLESS)
        await writer.drain()


@pytest.mark.parametrize(
    "beginning",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Endless: ",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Endless: ",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;x=",
    ],
    ids=["target", "value", "name", "trailer", "chunk extension"],
)
async def test_an_endless_field_ends_the_connection_instead_of_filling_memory(
    port: int, beginning: bytes
) -> None:
    async with _connected(port) as (_, writer):
        writer.write(beginning)
        with pytest.raises(OSError):
            await _write_without_end(writer)


async def test_a_body_of_any_length_is_no_head(port: int) -> None:
    async with _connected(port) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 655360\r\n\r\n" + ENDLESS * 10)
        assert await reader.readuntil(b"655360") != b""
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write((b"1000\r\n" + b"a" * 4096 + b"\r\n") * 20 + b"0\r\n\r\n")
        assert b" 200 " in await reader.readuntil(b"81920")


async def test_many_requests_on_one_connection_do_not_add_up(port: int) -> None:
    async with _connected(port) as (reader, writer):
        for _ in range(10):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Filler: " + b"a" * 2000 + b"\r\n\r\n")
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n0")


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHo",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na",
    ],
    ids=["nothing", "half a head", "half a second head", "half a body"],
)
async def test_a_request_that_never_ends_is_not_waited_for(port: int, beginning: bytes) -> None:
    async with _connected(port) as (reader, writer):
        writer.write(beginning)
        async with asyncio.timeout(10):
            await reader.read()  # until the listener closes


async def test_a_slow_body_is_waited_for_as_long_as_it_moves(port: int) -> None:
    async with _connected(port) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n")
        for _ in range(6):
            await asyncio.sleep(0.25)
            writer.write(b"a")
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n6")


async def test_a_body_that_we_do_not_read_is_not_the_clients_idleness(port: int) -> None:
    async with _connected(port) as (reader, writer):
        writer.write(b"POST /late HTTP/1.1\r\nHost: x\r\nContent-Length: 655360\r\n\r\n" + ENDLESS * 10)
        assert b" 200 " in await reader.readuntil(b"655360")
