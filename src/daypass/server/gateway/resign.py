"""The same request, spoken to the backend with the backend's own credentials.

Only what is listed here crosses: entity headers, conditions, ranges and x-amz-* headers, without the
caller's signature and token. Path and query are written anew from the decoded request. What policy did not
see, the backend does not get (so no `Seaweed-*`, `X-Forwarded-*` or `Cookie`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from daypass.protocol.aws.sigv4 import UNSIGNED_PAYLOAD, WireRequest, sign_request
from daypass.server.gateway.backend import Backend
from daypass.server.gateway.copy_source import CopySource
from daypass.server.gateway.errors import InvalidArgument
from daypass.server.gateway.request import SIGNATURE_PARAMETERS, GatewayRequest

__all__ = ["BackendRequest", "forwarded_headers", "resign"]

_PASSED = frozenset(
    {
        "accept",
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-md5",
        "content-type",
        "expires",
        "origin",
        "range",
    }
)
_NOT_PASSED = SIGNATURE_PARAMETERS | {
    "x-amz-copy-source",
    "x-amz-decoded-content-length",
    "x-amz-expected-bucket-owner",
    "x-amz-source-expected-bucket-owner",
    "x-amz-trailer",
}


@dataclass(frozen=True, slots=True)
class BackendRequest:
    """A signed request, ready to be sent as it stands."""

    method: str
    url: str
    """Percent-encoded; must not be re-encoded."""
    headers: tuple[tuple[str, str], ...]


def forwarded_headers(request: GatewayRequest, copy_source: CopySource | None) -> dict[str, str]:
    """The caller's headers that cross, and the copy source in our spelling."""
    headers = {
        name: value
        for name, value in request.headers.items()
        if name in _PASSED
        or name.startswith("if-")
        or (name.startswith("x-amz-") and name not in _NOT_PASSED)
    }
    encodings = [coding.strip(" \t") for coding in headers.pop("content-encoding", "").split(",")]
    kept = [coding for coding in encodings if coding and coding.lower() != "aws-chunked"]
    if kept:
        headers["content-encoding"] = ",".join(kept)
    if copy_source is not None:
        headers["x-amz-copy-source"] = copy_source.header_value()
    return headers


def resign(
    request: GatewayRequest,
    headers: Mapping[str, str],
    *,
    backend: Backend,
    now: int,
    payload_hash: str = UNSIGNED_PAYLOAD,
    parameters: Mapping[str, str] | None = None,
) -> BackendRequest:
    """Sign for the backend. `headers` are what `forwarded_headers` made; Content-Length is added by the sender."""
    path = quote(request.resource, safe="/~") if request.bucket else "/"
    chosen = request.parameters if parameters is None else parameters
    query = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in chosen.items())
    host = urlsplit(backend.endpoint_url).netloc
    wire = WireRequest(request.method, path, query, (("host", host), *headers.items()))
    signed = sign_request(
        backend.credentials,
        wire,
        region=backend.region,
        service="s3",
        now=now,
        payload_hash=payload_hash,
        is_s3=True,
    )
    url = backend.endpoint_url + path + (f"?{query}" if query else "")
    return BackendRequest(request.method, url, tuple((name, _as_utf8(value)) for name, value in signed))


def _as_utf8(value: str) -> str:
    """The same bytes as the client library will write: it encodes header values as UTF-8."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidArgument("A header of the request is not UTF-8") from None
