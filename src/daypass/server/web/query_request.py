"""Reading a Query request off the wire: is it one, its body, its parameters.

The parameters come from the form body, or from the query of a signed GET; a name in both places is
refused like any other repetition. The signature's own X-Amz-* names are not parameters.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from daypass.protocol.aws.errors import RequestEntityTooLarge, ValidationError
from daypass.protocol.aws.query import MAX_PARAMETERS_BYTES, parse_query_parameters

__all__ = ["Receive", "Scope", "read_body", "read_parameters", "wants"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

_SIGNATURE_NAMES = "X-Amz-"


def wants(scope: Mapping[str, Any]) -> bool:
    """Whether this is a Query API request: any `POST /`, or a `GET /` with a signature or an Action.

    A browser's `GET /` has neither and is the pages' business.
    """
    if scope["path"] != "/":
        return False
    if scope["method"] != "GET":
        return bool(scope["method"] == "POST")
    names = {piece.partition(b"=")[0].lower() for piece in scope["query_string"].split(b"&")}
    if b"action" in names or any(name.startswith(b"x-amz-") for name in names):
        return True
    return any(name == b"authorization" and value.startswith(b"AWS") for name, value in scope["headers"])


async def read_body(receive: Receive) -> bytes | None:
    """The whole body, or None when the peer has gone. Raises RequestEntityTooLarge beyond 256 KiB."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message["type"] == "http.request" and message.get("more_body"):
        if len(body) > MAX_PARAMETERS_BYTES:
            break
        message = await receive()
        body += message.get("body", b"")
    if message["type"] != "http.request":
        return None
    if len(body) > MAX_PARAMETERS_BYTES:
        raise RequestEntityTooLarge("The request is too large")
    return body


def read_parameters(scope: Mapping[str, Any], body: bytes) -> dict[str, str]:
    """Names and values. Raises MalformedQueryString, ValidationError, RequestEntityTooLarge."""
    parameters = parse_query_parameters(body) if scope["method"] == "POST" else {}
    if scope["query_string"]:
        for name, value in parse_query_parameters(scope["query_string"]).items():
            if name.startswith(_SIGNATURE_NAMES):
                continue
            if name in parameters:
                raise ValidationError("A parameter is given more than once")
            parameters[name] = value
    return parameters
