"""One connection, spoken to in bytes: order, framing, back-pressure, and who is told when the other side leaves."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from daypass.server.adapters.http_listener import HttpListener, ListenerLimits

Endpoint = Callable[[Any, Any, Any], Awaitable[None]]
MIB = 1 << 20


class _Server:
    """A listener whose endpoints a test may add to, by path."""

    def __init__(self) -> None:
        self.endpoints: dict[str, Endpoint] = {"/echo": _echo}
        self.scopes: list[Any] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        limits = ListenerLimits(keep_alive=5, shutdown_grace=5, max_header_bytes=4096)
        self.listener = HttpListener(self._serve, self._listening, limits=limits)
        self.port = self._listening.getsockname()[1]

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        await self.endpoints[scope["path"]](scope, receive, send)

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def answer(self, request: bytes) -> bytes:
        """Everything that comes back until the connection ends."""
        async with asyncio.timeout(10), self.connected() as (reader, writer):
            writer.write(request)
            return await reader.read()


@pytest.fixture
async def server() -> AsyncIterator[_Server]:
    server = _Server()
    running = asyncio.create_task(server.listener.run())
    await server.listener.wait_started()
    yield server
    server.listener.stop()
    await running


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            break
    await _start(send, (b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.body", "body": body})


async def _start(send: Any, *fields: tuple[bytes, bytes], status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(fields)})


def _post(path: str, body: bytes, *fields: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + body


CLOSE = "Connection: close"


async def test_requests_in_one_packet_are_answered_in_their_order(server: _Server) -> None:
    requests = [_post("/echo", b"<%d>" % number) for number in range(20)]
    answer = await server.answer(b"".join(requests) + _post("/echo", b"<last>", CLOSE))
    places = [answer.index(b"<%d>" % number) for number in range(20)] + [answer.index(b"<last>")]
    assert places == sorted(places)


async def test_a_request_after_the_last_one_is_not_answered(server: _Server) -> None:
    answer = await server.answer(_post("/echo", b"<last>", CLOSE) + _post("/echo", b"<after>"))
    assert answer.endswith(b"<last>")


async def test_the_head_of_an_answer_waits_for_its_body(server: _Server) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await _start(send, (b"content-length", b"2"))
        begun.set()
        await go.wait()
        await send({"type": "http.response.body", "body": b"ok"})

    server.endpoints["/slow"] = slow
    async with server.connected() as (reader, writer):
        writer.write(_post("/slow", b""))
        await begun.wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.05)
        go.set()
        assert (await reader.readuntil(b"\r\n\r\nok")).startswith(b"HTTP/1.1 200 OK\r\ndate: ")


async def test_an_answer_without_a_length_comes_in_chunks(server: _Server) -> None:
    async def pieces(scope: Any, receive: Any, send: Any) -> None:
        await _start(send)
        for piece in (b"one", b"", b"a" * 100_000):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    server.endpoints["/pieces"] = pieces
    answer = await server.answer(_post("/pieces", b"", CLOSE))
    assert answer.partition(b"\r\n\r\n")[2] == b"3\r\none\r\n186a0\r\n" + b"a" * 100_000 + b"\r\n0\r\n\r\n"
    old = await server.answer(b"GET /pieces HTTP/1.0\r\n\r\n")
    assert old.partition(b"\r\n\r\n")[2] == b"one" + b"a" * 100_000


async def test_head_is_answered_without_a_body(server: _Server) -> None:
    answer = await server.answer(
        b"HEAD /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
    )
    assert b"content-length: 3\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_continue_is_said_to_who_asked_once_the_body_is_wanted(server: _Server) -> None:
    async with server.connected() as (reader, writer):
        writer.write(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ab")
        assert b" 200 " in await reader.readuntil(b"\r\n\r\nab")


async def test_an_answer_ahead_of_the_body_says_no_continue_and_the_next_request_is_found(
    server: _Server,
) -> None:
    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        await _start(send, (b"content-length", b"0"), status=403)
        await send({"type": "http.response.body"})

    server.endpoints["/refuse"] = refuse
    async with server.connected() as (reader, writer):
        body = b"a" * 200_000
        writer.write(_post("/refuse", b"", "Expect: 100-continue"))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 403 ")
        writer.write(_post("/refuse", body) + _post("/echo", b"<next>"))
        assert b"HTTP/1.1 403 " in await reader.readuntil(b"<next>")


async def test_trailers_are_not_headers(server: _Server) -> None:
    chunked = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    answer = await server.answer(chunked + b"2\r\nab\r\n0\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n")
    assert answer.endswith(b"ab")
    assert [name for name, _ in server.scopes[0]["headers"]] == [b"host", b"transfer-encoding", b"connection"]


@pytest.mark.parametrize(
    ("target", "path", "raw_path", "query"),
    [
        (b"/echo?a=1&b=%20", "/echo", b"/echo", b"a=1&b=%20"),
        (b"/%65cho", "/echo", b"/%65cho", b""),
        (b"http://y/echo?q", "/echo", b"/echo", b"q"),
        (b"/echo?", "/echo", b"/echo", b""),
    ],
)
async def test_the_target_is_taken_apart(
    server: _Server, target: bytes, path: str, raw_path: bytes, query: bytes
) -> None:
    answer = await server.answer(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b" 200 " in answer
    scope = server.scopes[0]
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == (path, raw_path, query)
    assert (scope["method"], scope["scheme"], scope["client"][0]) == ("GET", "http", "127.0.0.1")


async def test_a_field_that_would_begin_another_is_never_written(server: _Server) -> None:
    async def injecting(scope: Any, receive: Any, send: Any) -> None:
        await _start(send, (b"location", b"/\r\nset-cookie: a=b"))

    server.endpoints["/injecting"] = injecting
    answer = await server.answer(_post("/injecting", b""))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"set-cookie" not in answer


@pytest.mark.parametrize("body", [b"abcd", b"ab"], ids=["longer", "shorter"])
async def test_a_body_of_another_length_breaks_the_connection(server: _Server, body: bytes) -> None:
    async def wrong(scope: Any, receive: Any, send: Any) -> None:
        await _start(send, (b"content-length", b"3"))
        await send({"type": "http.response.body", "body": body})

    server.endpoints["/wrong"] = wrong
    assert body not in await server.answer(_post("/wrong", b""))


async def test_failures_of_the_application_are_a_500_or_a_broken_answer(server: _Server) -> None:
    async def early(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("a secret detail")

    async def late(scope: Any, receive: Any, send: Any) -> None:
        await _start(send, (b"content-length", b"9"))
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("a secret detail")

    server.endpoints |= {"/early": early, "/late": late}
    answer = await server.answer(_post("/early", b""))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in answer
    assert (await server.answer(_post("/late", b""))).endswith(b"half")


async def test_who_leaves_is_known_to_be_gone(server: _Server) -> None:
    waiting, heard = asyncio.Event(), asyncio.Event()

    async def listen(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["more_body"] is False
        waiting.set()
        assert await receive() == {"type": "http.disconnect"}
        await _start(send)  # to nobody
        heard.set()

    server.endpoints["/listen"] = listen
    async with server.connected() as (_, writer):
        writer.write(_post("/listen", b""))
        await waiting.wait()
    await asyncio.wait_for(heard.wait(), 10)


async def test_a_slow_reader_holds_the_application_back(server: _Server) -> None:
    sent = 0

    async def pour(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        await _start(send, (b"content-length", str(64 * MIB).encode()))
        for _ in range(64):
            await send({"type": "http.response.body", "body": b"a" * MIB, "more_body": True})
            sent += 1
        await send({"type": "http.response.body"})

    server.endpoints["/pour"] = pour
    async with server.connected() as (reader, writer):
        writer.write(_post("/pour", b"", CLOSE))
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.2)  # as far as it gets
        assert sent < 32
        length = 0
        while piece := await reader.read(MIB):
            length += len(piece)
        assert (length, sent) == (64 * MIB, 64)


async def test_a_body_nobody_asks_for_is_not_read_on(server: _Server) -> None:
    go = asyncio.Event()

    async def late(scope: Any, receive: Any, send: Any) -> None:
        await go.wait()
        await _echo(scope, receive, send)

    server.endpoints["/late"] = late
    async with server.connected() as (reader, writer):
        writer.write(_post("/late", b"a" * (32 * MIB)))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writer.drain(), 0.2)
        go.set()
        await reader.readuntil(b"\r\n\r\n")
        assert len(await reader.readexactly(32 * MIB)) == 32 * MIB


async def test_a_stopping_listener_ends_the_connection_with_the_running_answer(server: _Server) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        begun.set()
        await go.wait()
        await _echo(scope, receive, send)

    server.endpoints["/slow"] = slow
    async with server.connected() as (reader, writer), server.connected() as (idle, _):
        writer.write(_post("/slow", b"<late>"))
        await begun.wait()
        server.listener.stop()
        assert await idle.read() == b""
        go.set()
        answer = await reader.read()
        assert answer.endswith(b"<late>")
        assert b"connection: close\r\n" in answer


async def test_another_protocol_is_not_switched_to(server: _Server) -> None:
    offer = ("Connection: Upgrade", "Upgrade: h2c")
    answer = await server.answer(_post("/echo", b"", *offer) + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"connection: close\r\n\r\n")
    assert (await server.answer(_post("/echo", b"<body>", *offer))).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["no HTTP", "not ASCII", "two framings", "no length", "an authority"],
)
async def test_what_is_no_request_is_refused_and_the_connection_ends(
    server: _Server, request_bytes: bytes
) -> None:
    assert (await server.answer(request_bytes)).startswith(b"HTTP/1.1 400 ")


async def test_what_is_no_request_cuts_the_answer_that_is_underway_and_puts_nothing_into_it(
    server: _Server,
) -> None:
    """Else the refusal stands in the body, and where few bytes were left, the answer even looks whole."""
    go = asyncio.Event()

    async def begin(scope: Any, receive: Any, send: Any) -> None:
        await _start(send, (b"content-length", b"100"))
        await send({"type": "http.response.body", "body": b"a" * 50, "more_body": True})
        go.set()
        assert (await receive())["type"] == "http.request"
        assert (await receive())["type"] == "http.disconnect"

    server.endpoints["/begin"] = begin
    async with asyncio.timeout(10), server.connected() as (reader, writer):
        writer.write(_post("/begin", b""))
        await reader.readuntil(b"\r\n\r\n")
        await go.wait()
        writer.write(b"\x00 is no HTTP\r\n\r\n")
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := await reader.read(MIB):
                received += piece
    assert (b"a" * 50).startswith(received)
