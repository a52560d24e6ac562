"""What a bug of ours looks like to the peer: the wire's own form of "internal error", with the request id and nothing else.

One function per wire: the Sign-In token wire (JSON, Sign-In API reference "InternalServerException"), the Query wire
(XML, IAM "Common Errors"), the S3 wire (XML, "Error Responses"), and pages for people. The detail is in the log.
"""

from collections.abc import Callable
from typing import NamedTuple

__all__ = [
    "Failure",
    "FailureForm",
    "json_failure",
    "page_failure",
    "query_failure",
    "s3_failure",
    "token_failure",
]


class Failure(NamedTuple):
    """Headers (without length) and body of a 500."""

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


FailureForm = Callable[[str], Failure]
"""From the request id to the answer."""

_XML = ((b"content-type", b"text/xml; charset=utf-8"),)
_HTML = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


def token_failure(request_id: str) -> Failure:
    """`{"error","message"}` and the class header every SDK looks for."""
    headers = (
        (b"content-type", b"application/json"),
        (b"x-amzn-errortype", b"InternalServerException"),
        (b"cache-control", b"no-store"),
    )
    return Failure(
        headers, b'{"error":"server_error","message":"internal error, request %s"}' % request_id.encode()
    )


def query_failure(request_id: str) -> Failure:
    """`ErrorResponse` around `Error`: bare errors surface as "Unknown" in SDKs."""
    body = (
        "<ErrorResponse><Error><Type>Receiver</Type><Code>InternalFailure</Code><Message>internal error</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Failure(_XML, body.encode())


def json_failure(_request_id: str) -> Failure:
    """JSON 1.1's word; the request id is in the answer's header."""
    headers = ((b"content-type", b"application/x-amz-json-1.1"), (b"cache-control", b"no-store"))
    return Failure(headers, b'{"__type":"InternalFailure","message":"internal error"}')


def s3_failure(request_id: str) -> Failure:
    """S3's bare `Error`."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InternalError</Code><Message>internal error</Message>'
        f"<RequestId>{request_id}</RequestId></Error>"
    )
    return Failure(((b"content-type", b"application/xml"),), body.encode())


def page_failure(request_id: str) -> Failure:
    """A page that works without style sheet or script, because those may be what failed."""
    body = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>Something went wrong</title><h1>Something went wrong</h1>"
        f"<p>It is our fault, not yours. Please try again, and tell the administrator this number: {request_id}</p></html>"
    )
    return Failure(_HTML, body.encode())
