"""An HTTP listener: uvicorn with uvloop and httptools on a socket that is already bound.

What is set here and why: no access log (ours is JSON), no server header, a correct Date (SDKs mend their clock by
it), proxy headers untouched (web/caller.py decides), WebSocket and lifespan off, a limit on the request head (the
parser has none), keep-alive longer than load balancers', a bounded drain. Signals belong to whoever runs us.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from daypass.errors import ConfigError

__all__ = ["HttpListener", "ListenerLimits"]

_WRITE_AHEAD_BYTES = 1024 * 1024
"""How far an answer may run ahead of a slow reader. asyncio's 64 KiB stops a streamed object at every piece."""


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """How long and how large."""

    keep_alive: int
    """Seconds an idle connection is kept, also one that is idle within a request."""
    shutdown_grace: int
    """Seconds running requests may take after `stop`."""
    max_header_bytes: int
    """Request line and headers together."""


class HttpListener:
    """One app on one bound socket, in the running loop."""

    def __init__(
        self,
        app: Any,
        listener: socket.socket,
        *,
        limits: ListenerLimits,
        tls_cert: Path | None = None,
        tls_key: Path | None = None,
    ) -> None:
        config = uvicorn.Config(
            app,
            http=_limited_protocol(limits),
            loop="none",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=True,
            timeout_keep_alive=limits.keep_alive,
            timeout_graceful_shutdown=limits.shutdown_grace,
            ssl_certfile=tls_cert,
            ssl_keyfile=tls_key,
        )
        try:
            config.load()
        except (OSError, ssl.SSLError) as failure:
            raise ConfigError(f"the TLS certificate or key cannot be used: {failure}") from failure
        self._server = _Server(config)
        self._listener = listener

    async def run(self) -> None:
        """Accept until `stop`, then drain. Closes the socket."""
        await self._server.serve(sockets=[self._listener])

    async def wait_started(self) -> None:
        """Return once connections are accepted."""
        await self._server.is_accepting.wait()

    def stop(self) -> None:
        """Stop accepting at once; `run` returns when running requests have ended or the grace is over."""
        self._server.should_exit = True
        if self._server.is_accepting.is_set():
            for each in self._server.servers:
                each.close()


class _Server(uvicorn.Server):
    """Without signal handling: two listeners share one process, and its command owns the signals."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_accepting = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_accepting.set()


def _limited_protocol(limits: ListenerLimits) -> type[asyncio.Protocol]:
    return type("BoundedHttpProtocol", (_LimitedHttpProtocol,), {"limits": limits})


class _LimitedHttpProtocol(HttpToolsProtocol):
    """httptools reads a head of any size and waits for it without end; this one ends the conversation beyond the
    limits (RFC 9110 §15.5.18, RFC 6585 §5).

    Size: the parser tells of a field when it is whole, and gathers it until then; so what came since the parser
    last got somewhere is counted too, or one endless field (of the head, or after a chunked body) would never be told.
    Time: who has not finished a head is as idle as who has not begun one, and so is who stops within a body.
    """

    limits: ClassVar[ListenerLimits]
    _head_bytes = 0
    _bytes_underway = 0
    _awaited: Literal["head", "body", "nothing"] = "head"
    """The rest of what; uvicorn itself times the pause between two requests."""
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._bytes_underway += len(data)
        super().data_received(data)
        if self._bytes_underway > self.limits.max_header_bytes and not self.transport.is_closing():
            self.send_400_response("Invalid HTTP request received.")
        if self._awaited == "body":  # every piece of a body starts the wait anew; a head has one deadline
            self._forget_deadline()
        self._watch()

    def on_message_begin(self) -> None:
        self._head_bytes = 0
        self._awaited = "head"
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._check_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._check_head(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._bytes_underway = 0
        self._awaited = "body"
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._bytes_underway = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._bytes_underway = 0
        self._awaited = "nothing"
        self._forget_deadline()
        super().on_message_complete()

    def _check_head(self, more: int) -> None:
        self._head_bytes += more
        if self._head_bytes > self.limits.max_header_bytes:
            # Raised inside the parser's callback it becomes a parser error: 400 and the connection closes.
            raise ValueError("the request head is too large")

    def _watch(self) -> None:
        if self._deadline is None and self._awaited != "nothing" and not self.transport.is_closing():
            self._deadline = self.loop.call_later(self.limits.keep_alive, self._end_idle)

    def _end_idle(self) -> None:
        """Close, unless it is us who do not read at the moment."""
        self._deadline = None
        if self.flow.read_paused:
            self._watch()
        else:
            self.transport.close()

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
