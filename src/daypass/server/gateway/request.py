"""One request as the gateway reads it: bucket, key, parameters and headers, each with one meaning.

Path and query are decoded here once, and everything later (policy, the backend's URL) is built from the
decoded values, never from the text as sent; so no two parsers can read one request differently.
Repeated parameters and repeated x-amz-* headers are refused for the same reason. A presigned URL may
carry x-amz-* headers in its query; they are headers from here on (AWS Signature Version 4, "Query
parameters").
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from daypass.protocol.aws.sigv4 import WireRequest
from daypass.server.gateway.asgi import Scope
from daypass.server.gateway.errors import InvalidArgument, InvalidUri
from daypass.server.gateway.object_names import check_bucket_name, check_object_key, is_bucket_name

__all__ = ["SIGNATURE_PARAMETERS", "GatewayRequest", "read_request", "read_wire_request"]

SIGNATURE_PARAMETERS = frozenset(
    {
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-signedheaders",
        "x-amz-signature",
        "x-amz-security-token",
        "x-amz-content-sha256",
        "x-amz-region-set",
    }
)
_is_header_name = re.compile(r"[a-z0-9!#$%&'*+.^_`|~\-]+").fullmatch
_has_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
"""A field's name is a token, its value has no control characters but the tab (RFC 9110 §5.1, §5.5)."""
_SDK_LABEL = "x-id"
"""SDKs repeat the operation's name here; it selects nothing."""


@dataclass(frozen=True, slots=True)
class GatewayRequest:
    """A request, decoded. Nothing in it is proven or allowed yet."""

    method: str
    bucket: str
    """Empty for the service itself."""
    key: str
    """Empty for a bucket."""
    parameters: Mapping[str, str]
    """Query parameters without the signature's and without hoisted headers."""
    headers: Mapping[str, str]
    """By lower-case name, latin-1 texts; repeated ones joined by a comma."""

    @property
    def resource(self) -> str:
        """`/bucket/key`, for error answers."""
        return f"/{self.bucket}/{self.key}" if self.key else f"/{self.bucket}"


def read_wire_request(scope: Scope) -> WireRequest:
    """The request exactly as it stood on the wire."""
    raw_path: bytes = scope["raw_path"]
    raw_query: bytes = scope["query_string"]
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    return WireRequest(scope["method"], raw_path.decode("latin-1"), raw_query.decode("latin-1"), headers)


def read_request(wire: WireRequest, *, virtual_host_suffix: str | None) -> GatewayRequest:
    """Decode. Raises InvalidUri, InvalidArgument, InvalidBucketName, KeyTooLong."""
    headers = _read_headers(wire)
    parameters = _read_query(wire.raw_query)
    _hoist_headers(parameters, headers)
    bucket, key = _split_target(wire.raw_path, headers.get("host", ""), virtual_host_suffix)
    if bucket:
        check_bucket_name(bucket)
    if key:
        check_object_key(key)
    return GatewayRequest(wire.method, bucket, key, parameters, headers)


def _read_headers(wire: WireRequest) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in wire.headers:
        name = name.lower()
        value = value.strip(" \t")
        if name not in headers:
            headers[name] = value
        elif name.startswith("x-amz-") and not name.startswith("x-amz-meta-"):
            raise InvalidArgument("A header of the request is given more than once")
        else:
            headers[name] += f",{value}"
    return headers


def _decode(text: str, *, plus_is_space: bool) -> str:
    raw = text.encode("latin-1")
    if plus_is_space:
        raw = raw.replace(b"+", b" ")
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidUri("Couldn't parse the specified URI.") from None


def _read_query(raw_query: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for piece in raw_query.split("&"):
        if not piece:
            continue
        raw_name, _, raw_value = piece.partition("=")
        name = _decode(raw_name, plus_is_space=True)
        if name in parameters:
            raise InvalidArgument("A query parameter is given more than once")
        parameters[name] = _decode(raw_value, plus_is_space=True)
    parameters.pop(_SDK_LABEL, None)
    return parameters


def _hoist_headers(parameters: dict[str, str], headers: dict[str, str]) -> None:
    for name in [name for name in parameters if name.lower().startswith("x-amz-")]:
        value = parameters.pop(name)
        lower = name.lower()
        if lower in SIGNATURE_PARAMETERS:
            continue
        # A header of the client's passed the HTTP parser; this one has only been percent-decoded.
        if not _is_header_name(lower) or _has_control(value):
            raise InvalidArgument("A header given in the query cannot be a header")
        value = value.encode().decode("latin-1")
        if headers.setdefault(lower, value) != value:
            raise InvalidArgument("A value is given in the query and, differently, in a header")


def _split_target(raw_path: str, host: str, virtual_host_suffix: str | None) -> tuple[str, str]:
    path = _decode(raw_path or "/", plus_is_space=False)
    if not path.startswith("/"):
        raise InvalidUri("Couldn't parse the specified URI.")
    if virtual_host_suffix is not None:
        name, _, _ = host.lower().partition(":")
        bucket = name.removesuffix("." + virtual_host_suffix)
        if bucket != name and is_bucket_name(bucket):
            return bucket, path[1:]
    bucket, slash, key = path[1:].partition("/")
    if slash and not bucket:
        raise InvalidUri("Couldn't parse the specified URI.")
    return bucket, key
