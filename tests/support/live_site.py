"""The pages on a real port, in a thread, and the terminal's loopback port beside them.

The database is in memory. `Listener` is the terminal's callback: it keeps what the browser brought.
"""

import asyncio
import socket
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import uvicorn

from daypass.server.domain.audit import CALLER_KEY, Caller
from daypass.server.web.pages import build_pages_app
from support.sign_in_world import SignInWorld, open_sign_in_world


class LiveSite:
    """The pages on a port of 127.0.0.1, called by that name or by `host`; `parts` go to the world."""

    def __init__(self, *, host: str = "127.0.0.1", parts: dict[str, Any] | None = None) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://{host}:{self._socket.getsockname()[1]}"
        self._parts = parts or {}
        self._loop = asyncio.new_event_loop()
        self._server: uvicorn.Server | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(20)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self.world: SignInWorld = await open_sign_in_world(external_url=self.url, **self._parts)
        pages = build_pages_app(replace(self.world.parts))

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                program = dict(scope["headers"]).get(b"user-agent", b"").decode("latin-1")
                scope[CALLER_KEY] = Caller(
                    "11111111-2222-4333-8444-555555555555", "127.0.0.1", program, False
                )
            await pages(scope, receive, send)

        config = uvicorn.Config(app, log_level="error", lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._ready.set()
        await self._server.serve(sockets=[self._socket])
        await self.world.storage.close()

    def run(self, coroutine: Any) -> Any:
        """Let the service's own loop do something, and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def close(self) -> None:
        assert self._server is not None
        self._server.should_exit = True
        self._thread.join(20)
        self._loop.close()
        self._socket.close()


class Listener:
    """The terminal's callback: answers once per request, keeps the path."""

    def __init__(self) -> None:
        paths: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                paths.append(self.path)
                body = b"<!doctype html><title>done</title><link rel=icon href=data:,><h1>Back in the terminal</h1>"
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.paths = paths
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.redirect_uri = f"http://127.0.0.1:{self._server.server_port}/oauth/callback"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
