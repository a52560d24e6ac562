"""The outermost ASGI app of a listener: one per request id, one caller, one access line, one place for bugs.

It asks the listener's router where a request goes, never reads a body, never answers for an endpoint, and decides
nothing about identity.
"""

import logging
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from daypass.server.domain.audit import CALLER_KEY
from daypass.server.domain.identifiers import uuid_text
from daypass.server.ports.metrics import Metrics
from daypass.server.web.caller import CallerReader
from daypass.server.web.failures import FailureForm
from daypass.server.web.routing import Router

__all__ = ["Front"]

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Front:
    """One listener's outermost app."""

    def __init__(
        self,
        router: Router,
        *,
        callers: CallerReader,
        metrics: Metrics,
        log: logging.Logger,
        request_id_header: bytes,
        write_access_line: Callable[[dict[str, Any]], None] | None,
    ) -> None:
        self._router = router
        self._callers = callers
        self._metrics = metrics
        self._log = log
        self._request_id_headers = (request_id_header, request_id_header.lower())
        self._write_access_line = write_access_line

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request. Lifespan and WebSocket are not spoken here."""
        if scope["type"] != "http":
            raise NotImplementedError("only HTTP is spoken here")
        began = time.perf_counter()
        request_id = uuid_text(os.urandom(16))
        scope[CALLER_KEY] = caller = self._callers.read(scope, request_id)
        route = self._router(scope)
        answer = _Answer(send, self._request_id_headers, request_id)
        try:
            await route.app(scope, receive, answer.send)
        except Exception:  # noqa: BLE001 - the one place that turns bugs into answers
            self._log.exception(
                "unexpected failure", extra={"request_id": request_id, "operation": route.operation}
            )
            await answer.send_failure(route.failure)
        seconds = time.perf_counter() - began
        self._metrics.observe(route.operation, seconds)
        self._metrics.count(f"http.{route.operation}", _STATUS_CLASSES.get(answer.status // 100, "none"))
        if self._write_access_line is not None:
            self._write_access_line(
                {
                    "request_id": request_id,
                    "operation": route.operation,
                    "method": scope["method"],
                    "path": scope["path"][:1024],
                    "status": answer.status,
                    "milliseconds": round(seconds * 1000, 2),
                    "source_ip": caller.source_ip,
                }
            )


_STATUS_CLASSES = {1: "1xx", 2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx"}


class _Answer:
    """The sending half of one request: adds the request id, remembers the status."""

    __slots__ = ("_headers", "_request_id", "_send", "status")

    def __init__(self, send: Send, headers: tuple[bytes, bytes], request_id: str) -> None:
        """`headers`: the request id's header as it is written, and in lower case."""
        self._send = send
        self._headers = headers
        self._request_id = request_id
        self.status = 0

    def send(self, message: MutableMapping[str, Any]) -> Awaitable[None]:
        """Not a coroutine of its own: it only passes on what is awaited."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            written, wanted = self._headers
            headers = [each for each in message.get("headers", ()) if each[0].lower() != wanted]
            headers.append((written, self._request_id.encode()))
            message["headers"] = headers
        return self._send(message)

    async def send_failure(self, form: FailureForm) -> None:
        """A 500 in the wire's form; when the answer had begun, the connection is broken instead (a truncated success is a lie)."""
        if self.status:
            raise ConnectionAbortedError("the answer had begun when it failed")
        failure = form(self._request_id)
        headers = [*failure.headers, (b"content-length", str(len(failure.body)).encode())]
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self._send({"type": "http.response.body", "body": failure.body})
