"""Carrying one request to the backend and its answer back, a piece at a time.

Neither body is ever held: each side is read only as fast as the other side takes it. When either peer
leaves, the other side's transfer is broken off too.
"""

from collections.abc import AsyncIterator

import aiohttp

from daypass.server.gateway.answers import relay_answer
from daypass.server.gateway.asgi import run_while_client_stays
from daypass.server.gateway.backend import Backend
from daypass.server.gateway.connection import BackendConnections
from daypass.server.gateway.exchange import Exchange
from daypass.server.gateway.payload import verified_pieces
from daypass.server.gateway.resign import forwarded_headers, resign
from daypass.server.gateway.upload import build_upload

__all__ = ["forward", "open_transfer"]


async def forward(exchange: Exchange, *, backend: Backend, connections: BackendConnections) -> None:
    """Send the request on and stream the answer back. Raises AwsError before an answer, AnswerCut within."""
    if exchange.payload.is_empty:
        await run_while_client_stays(
            exchange.body, _carry(exchange, backend=backend, connections=connections)
        )
    else:
        await _carry(exchange, backend=backend, connections=connections)


async def _carry(exchange: Exchange, *, backend: Backend, connections: BackendConnections) -> None:
    response = await open_transfer(exchange, backend=backend, connections=connections)
    await relay_answer(response, exchange.send, exchange.body, takes_relay=exchange.takes_relay)


async def open_transfer(
    exchange: Exchange, *, backend: Backend, connections: BackendConnections
) -> aiohttp.ClientResponse:
    """The backend's answer to the request as it stands, its body streamed along if it has one."""
    headers = forwarded_headers(exchange.request, exchange.operation.copy_source)
    now = exchange.question.now
    if exchange.payload.is_empty:
        return await connections.send(resign(exchange.request, headers, backend=backend, now=now))
    trailers: dict[str, str] = {}
    verified: AsyncIterator[bytes] = verified_pieces(
        exchange.payload, exchange.body.pieces(), exchange.proven.signing_key, trailers
    )
    upload = build_upload(
        exchange.payload, verified, trailers, content_encoding=headers.get("content-encoding", "")
    )
    signed = resign(
        exchange.request,
        {**headers, **upload.headers},
        backend=backend,
        now=now,
        payload_hash=upload.payload_hash,
    )
    return await connections.send(signed, pieces=upload.pieces, content_length=upload.content_length)
