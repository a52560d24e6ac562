"""Answers on the ASGI wire: refusals and documents of our own, and the backend's answers streamed through.

A streamed answer is passed on unchanged, status and headers alike, without the backend's hop-by-hop headers,
name and private attributes (RFC 9110 §7.6.1). If the backend fails in the middle, the client's connection is cut: an answer is
never ended as if it were whole.
"""

import aiohttp

from daypass.protocol.aws.errors import AwsError
from daypass.protocol.aws.xml import build_s3_error_xml
from daypass.server.gateway.asgi import ClientBody, Message, Send
from daypass.server.gateway.connection import IDLE_SECONDS, BodyRest, take_rest
from daypass.server.ports.relay import RELAY, SourceEnded

__all__ = ["AnswerCut", "relay_answer", "send_document", "send_refusal"]

_DROPPED = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-connection",
        b"server",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"date",
    }
)
_STORE_INTERNAL = b"seaweed-"
"""Prefix of a store's private attributes, which it also shows."""
_BODILESS = frozenset({204, 304})
_LINGER_BYTES = 8 * 1024 * 1024


class AnswerCut(Exception):
    """The backend stopped in the middle of its answer; the client must see a broken connection."""


async def send_document(
    send: Send,
    document: bytes,
    *,
    request_id: str,
    location: str = "",
    content_type: bytes = b"application/xml",
    status: int = 200,
) -> None:
    """A successful answer of our own: a document, nothing but a Location, or nothing (204)."""
    headers = [(b"x-amz-request-id", request_id.encode())]
    if status not in _BODILESS:
        headers.append((b"content-length", str(len(document)).encode()))
    if document:
        headers.append((b"content-type", content_type))
    if location:
        headers.append((b"location", location.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": document})


async def send_refusal(
    send: Send,
    error: AwsError,
    *,
    resource: str,
    request_id: str,
    body: ClientBody,
    expects_continue: bool,
) -> None:
    """The refusal as S3 XML, ahead of a body that was not read.

    A client that waits for `100 Continue` keeps its body; the connection ends, because the body would
    otherwise be read as the next request. Others may already be sending: a bounded rest is read away.
    """
    document = build_s3_error_xml(error, resource=resource, request_id=request_id)
    headers = [
        (b"content-type", b"application/xml"),
        (b"content-length", str(len(document)).encode()),
        (b"x-amz-request-id", request_id.encode()),
    ]
    if not body.is_complete:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    if not body.is_complete and (body.is_begun or not expects_continue):
        await send({"type": "http.response.body", "body": document, "more_body": True})
        await body.drain(_LINGER_BYTES)
        document = b""
    await send({"type": "http.response.body", "body": document})


async def relay_answer(
    response: aiohttp.ClientResponse, send: Send, body: ClientBody, *, takes_relay: bool = False
) -> None:
    """Pass the backend's answer on and close it. Raises AnswerCut when the backend breaks off.

    `takes_relay`: the listener offers RELAY, so a long body need not be read here. When the backend answered before
    the request body was read to its end, the client's connection ends too.
    """
    is_early = not body.is_complete
    try:
        await send(_answer_start(response, is_early=is_early))
        rest = take_rest(response) if takes_relay else None
        if rest is not None:
            await _send_rest(rest, send)
        else:
            async for piece in response.content.iter_any():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
    except (aiohttp.ClientError, SourceEnded, TimeoutError, OSError) as failure:
        raise AnswerCut(f"{type(failure).__name__}: {failure}") from failure
    finally:
        response.close()
    if is_early:
        await body.drain(_LINGER_BYTES)
    await send({"type": "http.response.body", "body": b""})


async def _send_rest(rest: BodyRest, send: Send) -> None:
    with rest.source:
        await send({"type": "http.response.body", "body": rest.begun, "more_body": True})
        await send({"type": RELAY, "source": rest.source, "count": rest.length, "patience": IDLE_SECONDS})


def _answer_start(response: aiohttp.ClientResponse, *, is_early: bool) -> Message:
    headers = [
        pair
        for name, value in response.raw_headers
        if (pair := _passed_header(name.lower(), value)) is not None
    ]
    if response.status in _BODILESS:
        headers = [pair for pair in headers if pair[0] != b"content-length"]
    if is_early:
        headers.append((b"connection", b"close"))
    return {"type": "http.response.start", "status": response.status, "headers": headers}


def _passed_header(name: bytes, value: bytes) -> tuple[bytes, bytes] | None:
    if name in _DROPPED or name.startswith(_STORE_INTERNAL):
        return None
    if name == b"content-encoding" and b"aws-chunked" in value:
        # The frame of an upload, not an encoding of the object; some stores keep it all the same.
        kept = [coding for coding in value.replace(b" ", b"").split(b",") if coding != b"aws-chunked"]
        return (name, b",".join(kept)) if kept else None
    return name, value
