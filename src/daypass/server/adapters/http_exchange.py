"""One request and its answer on a connection: the two ASGI callables an application is given.

The head of an answer waits for the first piece of its body (ASGI, "Response Start"), so a small answer is one write.
A long body may be handed over as the connection it comes from (`ports/relay.py`).
A body that came whole with its head is handed over without waiting. Nothing here knows the parser or the deadlines.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Literal, Protocol

from daypass.server.adapters.http_answer_head import Framing, build_answer_head
from daypass.server.ports.relay import RELAY

__all__ = ["WRITE_AHEAD_BYTES", "AsgiApp", "Conversation", "HttpExchange"]

Message = MutableMapping[str, Any]
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]

_log = logging.getLogger(__name__)

WRITE_AHEAD_BYTES = 1024 * 1024
"""How far an answer may run ahead of a slow reader. asyncio's 64 KiB stops a streamed object at every piece."""
_HELD_BODY_BYTES = 65_536
"""Of a request's body; beyond it the connection is not read until the application has taken what is there."""
_JOINED_BYTES = 65_536
"""Up to here copying a piece to its head costs less than writing twice."""


class Conversation(Protocol):
    """What an exchange needs of its connection."""

    transport: asyncio.Transport
    write_pause: asyncio.Event | None
    """Set when the peer has taken enough of what was written; None when there is nothing to wait for."""

    def default_fields(self) -> Sequence[tuple[bytes, bytes]]:
        """Fields of every answer."""
        ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def exchange_ended(self) -> None:
        """The answer is complete."""
        ...


class HttpExchange:
    """`run` lives as long as the application works; the connection feeds the other methods."""

    __slots__ = (
        "_body",
        "_connection",
        "_expects_continue",
        "_framing",
        "_head",
        "_is_body_told",
        "_is_body_whole",
        "_is_peer_gone",
        "_left",
        "_news",
        "_stage",
        "keeps_alive",
        "scope",
    )

    def __init__(
        self, connection: Conversation, scope: dict[str, Any], *, keeps_alive: bool, expects_continue: bool
    ) -> None:
        self.scope = scope
        self.keeps_alive = keeps_alive
        self._connection = connection
        self._expects_continue = expects_continue
        self._body: bytes | bytearray = b""
        self._is_body_whole = False
        self._is_body_told = False
        """The application knows that the body is whole; what it waits for from now on is the peer's leaving."""
        self._is_peer_gone = False
        self._news: asyncio.Event | None = None
        self._stage: Literal["awaited", "begun", "complete"] = "awaited"
        self._head = b""
        self._framing: Framing = "none"
        self._left = 0

    @property
    def is_complete(self) -> bool:
        """The answer is on its way, whole."""
        return self._stage == "complete"

    @property
    def has_begun(self) -> bool:
        """Part of the answer is on its way, or all of it."""
        return self._stage != "awaited"

    def add_body(self, piece: bytes) -> None:
        """A piece of the request's body came."""
        if self._stage == "complete":
            return  # nobody will ask for it; it is read away so that the next request is found
        if not self._body:
            self._body = piece
        else:
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)
            self._body += piece
        if len(self._body) > _HELD_BODY_BYTES:
            self._connection.pause_reading()
        self._tell()

    def end_body(self) -> None:
        """The request is whole."""
        self._is_body_whole = True
        self._tell()

    def leave(self) -> None:
        """The connection is lost."""
        self._is_peer_gone = True
        self._tell()

    async def run(self, app: AsgiApp) -> None:
        """Let the application answer. Its failures end here: as a 500 before an answer, as a broken connection within."""
        try:
            await app(self.scope, self.receive, self.send)
        except Exception:  # noqa: BLE001 - the application's, whatever it is
            _log.exception("the application failed")
        if self._stage == "complete" or self._is_peer_gone:
            return
        if self._stage == "begun":
            self._connection.transport.close()
            return
        fields = [(b"content-length", b"0"), (b"connection", b"close")]
        await self.send({"type": "http.response.start", "status": 500, "headers": fields})
        await self.send({"type": "http.response.body"})

    async def receive(self) -> Message:
        """ASGI: the next piece of the body, or that there is nobody to answer any more."""
        if self._expects_continue and self._stage == "awaited":
            self._expects_continue = False
            self._connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not self._has_news():
            self._connection.resume_reading()
            if self._news is None:
                self._news = asyncio.Event()
            self._news.clear()
            await self._news.wait()
        if self._is_peer_gone or self._stage == "complete":
            return {"type": "http.disconnect"}
        body, self._body = self._body, b""
        self._is_body_told = self._is_body_whole
        return {"type": "http.request", "body": bytes(body), "more_body": not self._is_body_whole}

    async def send(self, message: Message) -> None:
        """ASGI: begin the answer, or go on with it. Raises RuntimeError for what is out of turn or too long."""
        pause = self._connection.write_pause
        if pause is not None:
            await pause.wait()
        if self._is_peer_gone:
            return
        kind = message["type"]
        if kind == "http.response.start" and self._stage == "awaited":
            self._begin(message["status"], message.get("headers", ()))
        elif kind == "http.response.body" and self._stage == "begun":
            self._write(message.get("body", b""), is_last=not message.get("more_body", False))
        elif kind == RELAY and self._stage == "begun":
            await self._relay(message)
        else:
            raise RuntimeError(f"{kind} is out of turn")

    def _begin(self, status: int, fields: Sequence[tuple[bytes, bytes]]) -> None:
        head = build_answer_head(
            status,
            [*self._connection.default_fields(), *fields],
            method=self.scope["method"],
            is_http_1_0=self.scope["http_version"] == "1.0",
            keeps_alive=self.keeps_alive,
        )
        self._head, self._framing, self._left, self.keeps_alive = head
        self._stage = "begun"

    def _write(self, body: bytes, *, is_last: bool) -> None:
        if self._framing == "counted":
            self._count(len(body), is_last=is_last)
        elif self._framing == "none":
            body = b""
        elif self._framing == "chunked":
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if is_last:
                body += b"0\r\n\r\n"
        head, self._head = self._head, b""
        transport = self._connection.transport
        if head and len(body) > _JOINED_BYTES:
            transport.writelines((head, body))
        elif head or body:
            transport.write(head + body if head else body)
        if is_last:
            self._complete()

    async def _relay(self, message: Message) -> None:
        """Raises SourceEnded. A client that leaves meanwhile is noticed like any other."""
        # Here because only few answers need it, and not every system has it.
        from daypass.server.adapters.splice import splice

        if self._framing != "counted":
            raise RuntimeError("only a body of known length can be relayed")
        self._count(message["count"], is_last=False)
        transport = self._connection.transport
        if not transport.is_closing():
            await self._flush()
        if transport.is_closing():
            return
        with transport.get_extra_info("socket").dup() as client:
            try:
                await splice(message["source"], client, message["count"], patience=message["patience"])
            except OSError:
                transport.abort()
                self.leave()

    async def _flush(self) -> None:
        """Return when everything so far is with the operating system, or the client has left."""
        head, self._head = self._head, b""
        transport = self._connection.transport
        transport.write(head)
        transport.set_write_buffer_limits(high=0)
        while self._connection.write_pause is not None:
            await self._connection.write_pause.wait()
        if not transport.is_closing():
            transport.set_write_buffer_limits(high=WRITE_AHEAD_BYTES)

    def _count(self, length: int, *, is_last: bool) -> None:
        self._left -= length
        if self._left < 0 or (is_last and self._left):
            raise RuntimeError("the body is not as long as its Content-Length says")

    def _complete(self) -> None:
        self._stage = "complete"
        self._tell()
        if not self.keeps_alive:
            self._connection.transport.close()
        self._connection.exchange_ended()

    def _has_news(self) -> bool:
        if self._is_peer_gone or self._stage == "complete":
            return True
        return not self._is_body_told and (self._is_body_whole or len(self._body) > 0)

    def _tell(self) -> None:
        if self._news is not None:
            self._news.set()
