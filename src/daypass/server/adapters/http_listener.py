"""An HTTP listener: uvicorn's server, with connections of our own (ADR 9), on a socket that is already bound.

uvicorn accepts, keeps the Date (SDKs mend their clock by it) and drains; what is said on a connection is
`http_connection.py`'s. What is set here and why: no server header, proxy headers untouched (web/caller.py decides),
lifespan off, a bounded drain. Signals belong to whoever runs us.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Generator
from pathlib import Path

import uvicorn
from uvicorn.server import ServerState

from daypass.errors import ConfigError
from daypass.server.adapters.http_connection import HttpConnection, ListenerLimits
from daypass.server.adapters.http_exchange import AsgiApp

__all__ = ["HttpListener", "ListenerLimits"]


class HttpListener:
    """One app on one bound socket, in the running loop."""

    def __init__(
        self,
        app: AsgiApp,
        listener: socket.socket,
        *,
        limits: ListenerLimits,
        tls_cert: Path | None = None,
        tls_key: Path | None = None,
    ) -> None:
        config = uvicorn.Config(
            app,
            http=_connections(app, limits),  # type: ignore[arg-type]  # a class, says uvicorn; it only calls it
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


def _connections(app: AsgiApp, limits: ListenerLimits) -> Callable[..., HttpConnection]:
    """What uvicorn's server calls for each connection it accepts, by these names."""

    def make(server_state: ServerState, **_unused: object) -> HttpConnection:
        return HttpConnection(app, limits, server_state)

    return make
