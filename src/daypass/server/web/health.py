"""Is the process alive, can it do its work, what has it counted: /healthz, /readyz, /metrics.

Readiness runs the storage's *write* path within one second: a database that reads but cannot write refuses every
refresh while a read-only check stays green. Its answer is kept for a second, and one check runs at a time, so that
probes cost nothing and cannot pile up. /metrics is for named networks only.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from daypass.server.domain.audit import CALLER_KEY
from daypass.server.web.caller import Networks, is_in_networks

__all__ = ["Readiness", "build_health_app", "build_metrics_app"]

_READY_BUDGET = 1.0
_READY_KEPT = 1.0

_App = Callable[[Any, Any, Any], Awaitable[None]]


class Readiness:
    """Runs `check` at most once a second and remembers how it ended."""

    def __init__(self, check: Callable[[], Awaitable[None]], log: logging.Logger) -> None:
        self._check = check
        self._log = log
        self._lock = asyncio.Lock()
        self._checked_at = float("-inf")
        self._is_ready = False

    async def is_ready(self) -> bool:
        """Whether the last check, at most a second old, succeeded."""
        async with self._lock:
            if time.monotonic() - self._checked_at >= _READY_KEPT:
                self._is_ready = await self._try()
                self._checked_at = time.monotonic()
            return self._is_ready

    async def _try(self) -> bool:
        try:
            async with asyncio.timeout(_READY_BUDGET):
                await self._check()
        except Exception as failure:  # noqa: BLE001 - whatever it is, we are not ready
            self._log.warning("not ready", extra={"reason": type(failure).__name__, "detail": str(failure)})
            return False
        return True


def build_health_app(readiness: Readiness | None) -> _App:
    """`200 ok`, or `503 not ready`. Without a readiness it says only that the process answers."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        is_ready = readiness is None or await readiness.is_ready()
        await _answer(send, 200 if is_ready else 503, b"ok\n" if is_ready else b"not ready\n")

    return app


def build_metrics_app(expose: Callable[[], bytes], *, content_type: str, networks: Networks) -> _App:
    """The exposition text, for callers in `networks`; 403 for all others."""

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        if not is_in_networks(scope[CALLER_KEY].source_ip, networks):
            await _answer(send, 403, b"not for you; see metrics_networks\n")
            return
        await _answer(send, 200, await asyncio.to_thread(expose), content_type.encode())

    return app


async def _answer(
    send: Any, status: int, body: bytes, content_type: bytes = b"text/plain; charset=utf-8"
) -> None:
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
