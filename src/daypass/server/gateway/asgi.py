"""The three shapes of an ASGI call, and reading a request's body from it. No S3 in here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, MutableMapping
from typing import Any, TypeAlias

__all__ = ["ClientBody", "ClientGone", "Message", "Receive", "Scope", "Send", "run_while_client_stays"]

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class ClientGone(Exception):
    """The client closed its connection: nobody is left to answer."""


class ClientBody:
    """The request's body, read once and only on demand.

    Nothing is received before the first piece is asked for: the server answers `100 Continue` at that
    moment, so a request refused earlier is refused before its body is sent (RFC 9110 §10.1.1).
    """

    def __init__(self, receive: Receive, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """`headers` are the scope's; they say whether there is a body (RFC 9112 §6.3)."""
        self._receive = receive
        self.is_begun = False
        self.is_complete = not any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in headers
        )

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises ClientGone."""
        self.is_begun = True
        while not self.is_complete:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            self.is_complete = not message.get("more_body", False)
            piece = message.get("body", b"")
            if piece:
                yield piece

    async def drain(self, limit: int) -> None:
        """Read and forget at most about `limit` bytes of what is left, so that an answer can be read
        before the connection closes under unread data (RFC 9112 §9.6)."""
        try:
            async for piece in self.pieces():
                limit -= len(piece)
                if limit < 0:
                    return
        except ClientGone:
            return

    async def wait_for_disconnect(self) -> None:
        """Return when the client is gone. Only once the body is complete."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def run_while_client_stays(body: ClientBody, work: Coroutine[Any, Any, None]) -> None:
    """Run `work`; cancel it and raise ClientGone when the client leaves first. The body must be complete."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(body.wait_for_disconnect())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGone
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)
    working.result()
