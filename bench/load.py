"""The load generator: raw keep-alive sockets, a closed loop, every answer checked.

The same generator drives the peer and us: it sends prepared bytes, reads one HTTP/1.1 answer with a
Content-Length or chunked body, and hands status and body to a callback that returns the next bytes. A server that
closes after its answer is connected to again: that is its own price.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Result", "drive"]

Next = Callable[[int, bytes], bytes | None]
"""(status, body) of the last answer to the next request's bytes, or None to stop."""


@dataclass(frozen=True, slots=True)
class Result:
    """One run."""

    requests: int
    seconds: float
    latencies_ms: list[float]

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    """Status, body, and whether the server keeps the connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lower = head.lower()
    is_kept = head.startswith(b"HTTP/1.1") and b"connection: close" not in lower
    if b"transfer-encoding: chunked" in lower:
        body = b""
        while True:
            size = int((await reader.readline()).split(b";")[0], 16)
            piece = await reader.readexactly(size + 2)
            if size == 0:
                return status, body, is_kept
            body += piece[:-2]
    start = lower.find(b"content-length:")
    length = int(lower[start + 15 : lower.index(b"\r\n", start)]) if start >= 0 else 0
    return status, await reader.readexactly(length) if length else b"", is_kept


async def drive(host: str, port: int, conversations: list[tuple[bytes, Next]], *, seconds: float) -> Result:
    """Run every conversation on its own connection until the time is over or all say None."""
    latencies: list[float] = []
    deadline = time.perf_counter() + seconds

    async def one(first: bytes, step: Next) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        request: bytes | None = first
        while request is not None and time.perf_counter() < deadline:
            began = time.perf_counter()
            writer.write(request)
            status, body, is_kept = await _read_answer(reader)
            latencies.append((time.perf_counter() - began) * 1000)
            request = step(status, body)
            if not is_kept:
                writer.close()
                reader, writer = await asyncio.open_connection(host, port)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one(first, step) for first, step in conversations))
    return Result(len(latencies), time.perf_counter() - began, latencies)
