"""The HTTP client side of the gateway: one pool of connections to the backend.

What `resign` made is sent as it stands: no header added, no URL re-encoded, no redirect followed, nothing
decompressed. A transfer may last as long as it moves; only connecting and standing still have limits.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
from yarl import URL

from daypass.protocol.aws.errors import AwsError
from daypass.server.gateway.asgi import ClientGone
from daypass.server.gateway.errors import BackendUnreachable, ServiceUnavailable
from daypass.server.gateway.resign import BackendRequest

__all__ = ["IDLE_SECONDS", "BackendConnections", "BodyRest", "take_rest"]

_CONNECT_SECONDS = 5.0
IDLE_SECONDS = 300.0
"""The longest silence: a store joins the parts of a large upload without sending a byte."""
_KEEP_ALIVE_SECONDS = 20.0
"""Shorter than any backend's, so that a pooled connection is not one the backend just closed."""
_READ_BUFFER_BYTES = 128 * 1024
"""Larger pieces fall out of the processor's caches between reading and writing: 256 KiB cost a tenth, 1 MiB a third."""
_LONG_REST_BYTES = 1024 * 1024
"""From here on a connection of its own is a small price for not reading the bytes."""
_LINE_BYTES = 64 * 1024
_TRY_AGAIN = "Service is unable to handle request."
_NEVER_ADDED = frozenset({"Accept", "Accept-Encoding", "Content-Type", "User-Agent"})


class BackendConnections:
    """Opened at the first request; `close` when the server ends."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self,
        request: BackendRequest,
        *,
        pieces: AsyncIterator[bytes] | bytes = b"",
        content_length: int | None = None,
    ) -> aiohttp.ClientResponse:
        """The backend's answer, body unread; the caller closes it.

        Raises ServiceUnavailable when the backend cannot be reached or gives up, and whatever `pieces` raised.
        """
        body = _Body(pieces) if not isinstance(pieces, bytes) else None
        headers = list(request.headers)
        if content_length is not None:
            headers.append(("content-length", str(content_length)))
        try:
            return await self._open().request(
                request.method,
                URL(request.url, encoded=True),
                headers=headers,
                data=body if body is not None else (pieces or None),
                allow_redirects=False,
            )
        except aiohttp.ClientConnectorError as failure:
            raise BackendUnreachable(_TRY_AGAIN, detail=f"backend: {failure}") from failure
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            if body is not None and body.failure is not None:
                raise body.failure from None
            raise ServiceUnavailable(
                _TRY_AGAIN, detail=f"backend: {type(failure).__name__}: {failure}"
            ) from failure

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=_CONNECT_SECONDS, sock_read=IDLE_SECONDS
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_NEVER_ADDED,
                auto_decompress=False,
                trust_env=False,
                read_bufsize=_READ_BUFFER_BYTES,
                max_line_size=_LINE_BYTES,
                max_field_size=_LINE_BYTES,
            )
        return self._session

    async def close(self) -> None:
        """End every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None


@dataclass(frozen=True, slots=True)
class BodyRest:
    """A long body, from where the client library is relieved of it."""

    begun: bytes
    """What it had already read."""
    source: socket.socket
    """The rest comes from here, byte for byte. Whoever took it closes it."""
    length: int
    """Of the rest, in bytes."""


def take_rest(response: aiohttp.ClientResponse) -> BodyRest | None:
    """What is left of the answer's body, when it is long, comes as it stands (no TLS, no chunks) and its length is
    known; else None. The connection serves no other request afterwards: `response.close()` ends it.
    """
    connection, length = response.connection, response.content_length
    if connection is None or connection.protocol is None or connection.transport is None:
        return None
    wire = connection.transport.get_extra_info("socket")
    is_tls = connection.transport.get_extra_info("sslcontext") is not None
    if wire is None or is_tls or length is None or "Transfer-Encoding" in response.headers:
        return None
    left = length - response.content.total_bytes
    if left < _LONG_REST_BYTES:
        return None
    begun = response.content.read_nowait()
    # Nothing was awaited since the bytes were counted: from here on they stay with the operating system.
    connection.protocol.pause_reading()
    return BodyRest(begun, wire.dup(), left)


class _Body:
    """Pieces that remember why they stopped: the client library hides it behind an error of its own."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._is_begun = False
        self.failure: AwsError | ClientGone | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._is_begun:
            raise asyncio.InvalidStateError("a streamed body is sent once")
        self._is_begun = True
        try:
            async for piece in self._pieces:
                yield piece
        except (AwsError, ClientGone) as failure:
            self.failure = failure
            raise
