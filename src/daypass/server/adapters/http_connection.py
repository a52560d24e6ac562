"""One HTTP/1.1 connection on httptools: what the parser says becomes exchanges, answered one after the other.

The parser reads a head of any size and waits for it without end; here both are bounded (RFC 9110 §15.5.18, RFC 6585 §5).

Size: the parser tells of a field when it is whole, and gathers it until then; so what came since the parser last got
somewhere is counted, or one endless field (of the head, or after a chunked body) would never be told.
Time: who has not finished a head is as idle as who has not begun one, and so is who stops within a body; a head has one
deadline, every piece of a body starts the wait anew. One timer per connection looks at the deadline when it rings;
moving a deadline is an assignment, because every request moves it.
"""

import asyncio
import math
import socket
import sys
import urllib.parse
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httptools
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from daypass.server.adapters.http_exchange import WRITE_AHEAD_BYTES, AsgiApp, HttpExchange
from daypass.server.ports.relay import RELAY

__all__ = ["HttpConnection", "ListenerLimits"]

_ASGI = {"version": "3.0", "spec_version": "2.3"}
_NEVER = math.inf
_REFUSAL = b"Invalid HTTP request received."


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """How long and how large."""

    keep_alive: int
    """Seconds an idle connection is kept, also one that is idle within a request."""
    shutdown_grace: int
    """Seconds running requests may take after `stop`."""
    max_header_bytes: int
    """Request line and headers together."""


class HttpConnection(asyncio.Protocol):
    """`asyncio` calls the transport's methods, httptools those that begin with `on_`, uvicorn's server `shutdown`."""

    transport: asyncio.Transport

    def __init__(self, app: AsgiApp, limits: ListenerLimits, state: ServerState) -> None:
        self._app = app
        self._limits = limits
        self._state = state
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        # A request after the last one is read and never answered; refusing it would overtake the last one's answer.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._scope_of_connection: dict[str, Any] = {}
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._is_head = True
        self._expects_continue = False
        self._bytes_underway = 0
        self._exchange: HttpExchange | None = None
        """The newest one; while earlier ones are answered it waits in `_waiting`."""
        self._waiting: deque[HttpExchange] = deque()
        self._answering: HttpExchange | None = None
        self._is_request_open = False
        """Somewhere between a request's first byte and its last."""
        self._deadline = _NEVER
        self._timer: asyncio.TimerHandle | None = None
        self._is_reading = True
        self.write_pause: asyncio.Event | None = None
        """Set when the peer has taken enough of what was written; None when there is nothing to wait for."""

    # What the transport says.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvloop's is none by class
        self.transport = transport
        transport.set_write_buffer_limits(high=WRITE_AHEAD_BYTES)
        self._state.connections.add(self)  # type: ignore[arg-type]  # anything with `shutdown`
        self._scope_of_connection = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": "1.1",
            "server": get_local_addr(transport),
            "client": get_remote_addr(transport),
            "scheme": "https" if is_ssl(transport) else "http",
            "root_path": "",
            "extensions": {RELAY: {}} if _can_relay() and not is_ssl(transport) else {},
        }
        self._deadline = self._loop.time() + self._limits.keep_alive
        self._timer = self._loop.call_at(self._deadline, self._end_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it
        self._state.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        for exchange in (self._answering, self._exchange):
            if exchange is not None:
                exchange.leave()
        self._waiting.clear()
        self.resume_writing()
        self._answering = self._exchange = None  # both they and the parser hold us
        del self._parser

    def data_received(self, data: bytes) -> None:
        self._bytes_underway += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # No other protocol is spoken here (RFC 9110 §7.8): the request is answered, what follows it is not read.
            if self._exchange is not None:
                self._exchange.keeps_alive = False
        except httptools.HttpParserError:
            self._refuse()
        if self._bytes_underway > self._limits.max_header_bytes:
            self._refuse()
        if self._is_request_open and not self._is_head:
            self._deadline = self._idle_deadline()

    def eof_received(self) -> None:
        """The connection ends: whoever half-closes hears no answer."""

    def pause_writing(self) -> None:
        self.write_pause = asyncio.Event()

    def resume_writing(self) -> None:
        if self.write_pause is not None:
            self.write_pause.set()
            self.write_pause = None

    # What the parser says.

    def on_message_begin(self) -> None:
        self._is_request_open = self._is_head = True
        self._deadline = self._idle_deadline()
        self._url = b""
        self._headers = []
        self._expects_continue = False

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_head:  # trailers are nobody's headers (RFC 9110 §6.5.1)
            name = name.lower()
            if name == b"expect" and value.lower() == b"100-continue":
                self._expects_continue = True
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._check_head()
        if self._parser.should_upgrade():
            self._check_upgrade()
        self._bytes_underway = 0
        self._is_head = False
        scope = self._scope()
        self._exchange = exchange = HttpExchange(
            self,
            scope,
            keeps_alive=scope["http_version"] != "1.0" and self._parser.should_keep_alive(),
            expects_continue=self._expects_continue,
        )
        if self._answering is None:
            self._answer(exchange)
        else:
            self._waiting.append(exchange)
            self.pause_reading()

    def on_body(self, body: bytes) -> None:
        self._bytes_underway = 0
        if self._exchange is not None:
            self._exchange.add_body(body)

    def on_message_complete(self) -> None:
        self._bytes_underway = 0
        self._is_request_open = False
        if self._exchange is not None:
            self._exchange.end_body()
        # The next move is ours, unless the answer went ahead of its request's end.
        self._deadline = _NEVER if self._answering is not None else self._idle_deadline()

    # What an exchange asks.

    def default_fields(self) -> Sequence[tuple[bytes, bytes]]:
        return self._state.default_headers

    def pause_reading(self) -> None:
        if self._is_reading:
            self._is_reading = False
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._is_reading:
            self._is_reading = True
            self.transport.resume_reading()

    def exchange_ended(self) -> None:
        self._answering = None
        if self.transport.is_closing():
            return
        if self._waiting:
            self._answer(self._waiting.popleft())
        elif not self._is_request_open:
            self._deadline = self._idle_deadline()
        if not self._waiting:
            self.resume_reading()

    # What the server asks.

    def shutdown(self) -> None:
        """Close now, or as soon as the running request is answered."""
        if self._answering is None:
            self.transport.close()
        else:
            self._answering.keeps_alive = False

    def _answer(self, exchange: HttpExchange) -> None:
        self._answering = exchange
        task = self._loop.create_task(exchange.run(self._app))
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    def _scope(self) -> dict[str, Any]:
        scope = self._scope_of_connection.copy()
        version = self._parser.get_http_version()
        if version != "1.1":
            scope["http_version"] = version
        raw_path, _, query = self._url.partition(b"?")
        if raw_path[:1] != b"/" or b"#" in self._url:
            parsed = httptools.parse_url(self._url)
            raw_path, query = parsed.path, parsed.query or b""
        path = raw_path.decode("ascii")
        scope["method"] = self._parser.get_method().decode("ascii")
        scope["path"] = urllib.parse.unquote(path) if "%" in path else path
        scope["raw_path"] = raw_path
        scope["query_string"] = query
        scope["headers"] = self._headers
        return scope

    def _check_head(self) -> None:
        """Counted exactly only where the bytes that came could be too many."""
        limit = self._limits.max_header_bytes
        if self._bytes_underway > limit:
            fields = sum(len(name) + len(value) + 4 for name, value in self._headers)
            if len(self._url) + fields > limit:
                # Raised inside the parser's callback it becomes a parser error: 400, and the connection closes.
                raise ValueError("the request head is too large")

    def _check_upgrade(self) -> None:
        """The parser takes the body of a request that offers another protocol for that protocol's first bytes."""
        if any(
            name in (b"content-length", b"transfer-encoding") and value != b"0"
            for name, value in self._headers
        ):
            raise ValueError("a body cannot come with an upgrade")

    def _refuse(self) -> None:
        if self._answering is not None and self._answering.has_begun:
            self._cut()
        elif not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n"
                b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_REFUSAL), _REFUSAL)
            )
            self.transport.close()

    def _cut(self) -> None:
        """Within an answer nothing else may be said: its reader would take it for the body. So the answer stays short,
        also where it is being relayed, which holds the socket a second time and would go on after the transport.
        """
        with suppress(OSError), self.transport.get_extra_info("socket").dup() as held:
            held.shutdown(socket.SHUT_RDWR)
        self.transport.abort()

    def _idle_deadline(self) -> float:
        return self._loop.time() + self._limits.keep_alive

    def _end_if_idle(self) -> None:
        """Close, unless it is us who do not read at the moment, or whose earlier answer is not yet written."""
        now = self._loop.time()
        is_busy = not self._is_reading or (self._is_head and self._answering is not None)
        if self._deadline <= now and not is_busy:
            self._timer = None
            self.transport.close()
            return
        again = self._deadline if now < self._deadline < _NEVER else now + self._limits.keep_alive
        self._timer = self._loop.call_at(again, self._end_if_idle)


def _can_relay() -> bool:
    if sys.platform != "linux":
        return False
    from daypass.server.adapters.splice import can_splice

    return can_splice()
