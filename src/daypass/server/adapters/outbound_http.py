"""The server's one way out over HTTP: small JSON documents of identity providers, nothing else.

A host is resolved once, every address it has must pass `outbound_addresses`, and the connection goes to a checked
address while TLS and `Host` keep the name: a second, different answer of the resolver changes nothing (DNS
rebinding). No redirect is followed, no proxy of the environment is used, TLS is verified against the system's trust
store. One deadline covers everything: waiting, resolving, connecting, reading; when it passes, the socket is shut,
so a peer that drips bytes does not keep a thread. Every failure is IDPCommunicationError.
"""

import asyncio
import contextlib
import http.client
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from daypass.server.adapters.outbound_addresses import (
    OutboundUrl,
    check_address,
    is_internal,
    normalize_host,
    parse_url,
    unreachable,
)

__all__ = ["DEADLINE_SECONDS", "MAX_BODY", "HttpAnswer", "OutboundHttp", "Resolve"]

DEADLINE_SECONDS = 5.0
MAX_BODY = 256 * 1024
"""Bytes, after decompression."""

_THREADS = 4
_QUEUE = 32
_MAX_ADDRESSES = 4

Resolve = Callable[[str, int], Sequence[str]]
"""(host, port) → addresses as text, best first. May raise OSError."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back; any status but a redirect."""

    status: int
    body: bytes


def resolve_host(host: str, port: int) -> list[str]:
    """The system resolver's addresses, each once, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class OutboundHttp:
    """Calls from at most four threads. `internal_hosts` (`host` or `host:port`) may be on private or loopback
    addresses; on loopback ones even without TLS. `tls` replaces the system's trust store.
    """

    def __init__(
        self,
        *,
        internal_hosts: Iterable[str] = (),
        tls: ssl.SSLContext | None = None,
        resolve: Resolve = resolve_host,
        deadline: float = DEADLINE_SECONDS,
    ) -> None:
        self._internal_hosts = frozenset(normalize_host(entry) for entry in internal_hosts)
        self._tls = tls or ssl.create_default_context()
        self._resolve = resolve
        self._deadline = deadline
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="outbound")
        self._room = _THREADS + _QUEUE

    def check_url(self, url: str) -> None:
        """What can be said without resolving: https, or http for an internal host. Raises IDPCommunicationError."""
        parsed = parse_url(url)
        if not parsed.is_tls and not is_internal(parsed, self._internal_hosts):
            raise unreachable("plain http is for internal loopback hosts only")

    async def get(self, url: str) -> HttpAnswer:
        """A JSON document. Raises IDPCommunicationError."""
        return await self._run("GET", url, {}, None)

    async def post_form(
        self, url: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        """`fields` form-encoded. Raises IDPCommunicationError."""
        body = urlencode(fields).encode("ascii")
        form = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return await self._run("POST", url, form, body)

    async def close(self) -> None:
        """Refuse new calls; running ones end by their deadline."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> HttpAnswer:
        self.check_url(url)
        if self._room <= 0:
            raise unreachable("too many calls to identity providers wait already")
        call = _Call(parse_url(url), method, headers, body, ends_at=time.monotonic() + self._deadline)
        loop = asyncio.get_running_loop()
        try:
            future = loop.run_in_executor(self._pool, self._call, call)
        except RuntimeError:  # the pool is closed
            raise unreachable("the server is stopping") from None
        self._room -= 1
        future.add_done_callback(self._end_call)
        try:
            async with asyncio.timeout(self._deadline):
                return await asyncio.shield(future)
        except TimeoutError:
            raise unreachable("no whole answer in time") from None
        finally:
            call.abort()

    def _end_call(self, future: "asyncio.Future[HttpAnswer]") -> None:
        self._room += 1
        if not future.cancelled():
            future.exception()  # seen, even where nobody waits any more

    def _call(self, call: "_Call") -> HttpAnswer:
        """In a thread."""
        try:
            call.addresses = self._checked_addresses(call.url)
            return call.perform(self._tls)
        except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            detail = f"{type(error).__name__} from {call.url.host}"
            raise unreachable(detail) from error

    def _checked_addresses(self, url: OutboundUrl) -> list[str]:
        addresses = list(self._resolve(url.host, url.port))
        if not addresses:
            raise unreachable("the host has no address")
        internal = is_internal(url, self._internal_hosts)
        for address in addresses:
            check_address(address, internal=internal, tls=url.is_tls)
        return addresses[:_MAX_ADDRESSES]


class _Call:
    """One exchange on one connection; `abort` may come from another thread."""

    def __init__(
        self, url: OutboundUrl, method: str, headers: Mapping[str, str], body: bytes | None, *, ends_at: float
    ) -> None:
        self.url = url
        self.addresses: list[str] = []
        self._method = method
        self._headers = headers
        self._body = body
        self._ends_at = ends_at
        self._wire: socket.socket | None = None
        self._is_over = False

    def abort(self) -> None:
        """Shut the connection, whatever it is doing. Harmless afterwards."""
        self._is_over = True
        wire = self._wire
        if wire is not None:
            with contextlib.suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)

    def connect(self) -> socket.socket:
        """To the first checked address that takes the connection."""
        for position, address in enumerate(self.addresses):
            left = self._seconds_left()
            is_last = position == len(self.addresses) - 1
            try:
                connected = socket.create_connection(
                    (address, self.url.port), timeout=left if is_last else min(left, self._share(position))
                )
            except OSError:
                if is_last:
                    raise
                continue
            connected.settimeout(self._seconds_left())
            # The duplicate stays ours while TLS takes the socket itself over: shutting it ends a handshake too.
            self._wire = connected.dup()
            return connected
        raise OSError("no address to connect to")

    def perform(self, tls: ssl.SSLContext) -> HttpAnswer:
        """Send, read at most MAX_BODY, close. Raises IDPCommunicationError, OSError, HTTPError, HTTPException."""
        connection = self._open(tls)
        try:
            headers = {
                "Host": self.url.host_header,
                "Accept": "application/json",
                "Accept-Encoding": "identity",
            }
            connection.request(
                self._method, self.url.target, self._body, {**headers, **self._headers}, preload_content=False
            )
            # The answer holds the socket by itself: without closing it too, an unread one would stay open.
            with contextlib.closing(connection.getresponse()) as answer:
                return HttpAnswer(answer.status, _read_body(answer))
        finally:
            connection.close()
            if self._wire is not None:
                self._wire.close()

    def _open(self, tls: ssl.SSLContext) -> HTTPConnection:
        left = self._seconds_left()
        if not self.url.is_tls:
            return _PinnedConnection(self, timeout=left)
        return _PinnedTlsConnection(self, timeout=left, tls=tls)

    def _seconds_left(self) -> float:
        left = self._ends_at - time.monotonic()
        if left <= 0 or self._is_over:
            raise TimeoutError("the deadline passed")
        return left

    def _share(self, position: int) -> float:
        return self._seconds_left() / (len(self.addresses) - position)


class _PinnedConnection(HTTPConnection):
    """Goes where the call's checked address says, whatever the name resolves to now."""

    def __init__(self, call: _Call, *, timeout: float) -> None:
        super().__init__(call.url.host, call.url.port, timeout=timeout)
        self._call = call

    def _new_conn(self) -> socket.socket:
        return self._call.connect()


class _PinnedTlsConnection(HTTPSConnection):
    """The same with TLS; the certificate must be the name's."""

    def __init__(self, call: _Call, *, timeout: float, tls: ssl.SSLContext) -> None:
        super().__init__(call.url.host, call.url.port, timeout=timeout, ssl_context=tls)
        self._call = call

    def _new_conn(self) -> socket.socket:
        return self._call.connect()


def _read_body(answer: BaseHTTPResponse) -> bytes:
    if 300 <= answer.status < 400:
        raise unreachable(f"status {answer.status}: redirects are not followed")
    body = bytearray()
    while len(body) <= MAX_BODY:
        piece = answer.read(MAX_BODY + 1 - len(body), decode_content=True)
        if not piece:
            return bytes(body)
        body += piece
    raise unreachable(f"the answer is longer than {MAX_BODY} bytes")
