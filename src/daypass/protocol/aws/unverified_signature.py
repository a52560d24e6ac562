"""Finding the signature a request claims to carry. Nothing here is proven; `sigv4.py` proves it.

Exactly one source is read, the Authorization header or the query, and each part exactly once; two
sources, a repeated part, an unknown algorithm or a malformed one are refused before any key is derived
(AWS Signature Version 4, "Authorization header" and "Query parameters"). Signature Version 2 is
recognised only to be refused with the client setting that ends it.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

from daypass.protocol.aws.amz_date import amz_date_of_http_date, parse_amz_date
from daypass.protocol.aws.canonical_request import WireRequest, collect_headers, query_pairs
from daypass.protocol.aws.errors import IncompleteSignature, MissingAuthenticationToken, UnsupportedSignature

__all__ = ["ECDSA", "HMAC", "UNSIGNED_PAYLOAD", "UnverifiedSignature", "find_signature"]

HMAC = "AWS4-HMAC-SHA256"
ECDSA = "AWS4-ECDSA-P256-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
MAX_PRESIGNED_SECONDS = 604_800
"""One week, the longest life of a presigned URL."""

_is_hmac_hex = re.compile(r"[0-9a-f]{64}").fullmatch
_is_der_hex = re.compile(r"30[0-9a-f]{14,142}").fullmatch
_is_header_list = re.compile(r"[a-z0-9!#$%&'*+.^_`|~\-]+(?:;[a-z0-9!#$%&'*+.^_`|~\-]+)*").fullmatch
_is_access_key_id = re.compile(r"[\w.\-]{1,128}", re.ASCII).fullmatch
_is_expires = re.compile(r"[0-9]{1,6}").fullmatch
_QUERY_MARKS = frozenset({"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"})
_SINGLE_HEADERS = (
    "authorization",
    "host",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
    "x-amz-region-set",
)


@dataclass(frozen=True, slots=True)
class UnverifiedSignature:
    """What a request says about who signed it, when, and what. Believe none of it before verification."""

    algorithm: str
    """`AWS4-HMAC-SHA256` or `AWS4-ECDSA-P256-SHA256`."""
    access_key_id: str
    session_token: str | None = field(repr=False)
    amz_date: str
    """`YYYYMMDDTHHMMSSZ`, as it enters the string to sign."""
    signed_at: int
    """The same, in epoch seconds."""
    scope_date: str
    """`YYYYMMDD` of the credential scope."""
    region: str
    """The scope's region; for the ECDSA form the claimed region set."""
    service: str
    signed_headers: tuple[str, ...]
    """Lower case, sorted, unique."""
    signature: str
    """Lower-case hexadecimal."""
    is_presigned: bool
    expires_in: int | None
    """Seconds from `signed_at`; presigned only."""
    claimed_payload: str
    """The x-amz-content-sha256 value, `UNSIGNED-PAYLOAD` for a presigned request without one, or empty."""

    @property
    def scope(self) -> str:
        """The credential scope as it enters the string to sign."""
        if self.algorithm == ECDSA:
            return f"{self.scope_date}/{self.service}/aws4_request"
        return f"{self.scope_date}/{self.region}/{self.service}/aws4_request"


def find_signature(request: WireRequest) -> UnverifiedSignature:
    """The request's one signature, unverified.

    Raises MissingAuthenticationToken when there is none, UnsupportedSignature for Signature Version 2,
    IncompleteSignature when it is malformed, repeated, or given in header and query at once.
    """
    if not (request.method.isascii() and request.method.isalpha()):
        raise IncompleteSignature("The request's method is not a word")
    headers = collect_headers(request)
    for name in _SINGLE_HEADERS:
        if len(headers.get(name, ())) > 1:
            raise IncompleteSignature(f"The request carries the header {name} more than once")
    parameters = _query_signature_parameters(request.raw_query)
    if parameters is None:
        return _read_header_signature(headers)
    if "authorization" in headers:
        raise IncompleteSignature(
            "Only one auth mechanism allowed; either the X-Amz-Algorithm query parameter or the Authorization header"
        )
    return _read_query_signature(parameters, headers)


def _query_signature_parameters(raw_query: str) -> dict[str, str] | None:
    """The X-Amz-* parameters when the query is signed. Each may stand there once."""
    if "Amz-" not in raw_query and "%" not in raw_query and "Signature" not in raw_query:
        return None
    parameters: dict[str, str] = {}
    names = set()
    for name, value in query_pairs(raw_query):
        names.add(name)
        if name.startswith("X-Amz-"):
            if name in parameters:
                raise IncompleteSignature("A signature query parameter is given more than once")
            parameters[name] = unquote(value)
    if {"AWSAccessKeyId", "Signature"} <= names:
        raise _signature_version_2()
    return parameters if _QUERY_MARKS & parameters.keys() else None


def _signature_version_2() -> UnsupportedSignature:
    return UnsupportedSignature(
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256: "
        "set signature_version='s3v4' (boto3) or s3.signature_version = s3v4 (AWS config file)",
        hint="aws configure set default.s3.signature_version s3v4",
    )


def _read_header_signature(headers: dict[str, list[str]]) -> UnverifiedSignature:
    if "authorization" not in headers:
        raise MissingAuthenticationToken("Request is missing Authentication Token")
    algorithm, _, rest = headers["authorization"][0].strip(" \t").partition(" ")
    if algorithm == "AWS":
        raise _signature_version_2()
    parts = _authorization_parts(algorithm, rest)
    amz_date = _header_date(headers)
    access_key_id, scope_date, region, service = _read_credential(algorithm, parts["Credential"])
    if algorithm == ECDSA:
        region = headers.get("x-amz-region-set", [""])[0].strip(" \t")
    return UnverifiedSignature(
        algorithm=algorithm,
        access_key_id=access_key_id,
        session_token=headers.get("x-amz-security-token", [""])[0].strip(" \t") or None,
        amz_date=amz_date,
        signed_at=parse_amz_date(amz_date),
        scope_date=scope_date,
        region=region,
        service=service,
        signed_headers=_read_signed_headers(parts["SignedHeaders"]),
        signature=_read_signature(algorithm, parts["Signature"]),
        is_presigned=False,
        expires_in=None,
        claimed_payload=headers.get("x-amz-content-sha256", [""])[0].strip(" \t"),
    )


def _authorization_parts(algorithm: str, rest: str) -> dict[str, str]:
    if algorithm not in (HMAC, ECDSA):
        raise IncompleteSignature("Unsupported algorithm in the Authorization header")
    parts: dict[str, str] = {}
    for part in rest.split(","):
        name, _, value = part.strip(" \t").partition("=")
        if name not in ("Credential", "SignedHeaders", "Signature") or name in parts:
            raise IncompleteSignature("The Authorization header has an unknown or repeated parameter")
        parts[name] = value
    for name in ("Credential", "SignedHeaders", "Signature"):
        if not parts.get(name):
            raise IncompleteSignature(f"Authorization header requires '{name}' parameter")
    return parts


def _header_date(headers: dict[str, list[str]]) -> str:
    """X-Amz-Date, or else Date."""
    if "x-amz-date" in headers:
        return headers["x-amz-date"][0].strip(" \t")
    dates = headers.get("date", [])
    if len(dates) != 1:
        raise IncompleteSignature(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header"
        )
    return amz_date_of_http_date(dates[0].strip(" \t"))


def _read_query_signature(parameters: dict[str, str], headers: dict[str, list[str]]) -> UnverifiedSignature:
    for name in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"):
        if not parameters.get(f"X-Amz-{name}"):
            raise IncompleteSignature(f"AWS query-string parameters must include X-Amz-{name}")
    algorithm = parameters["X-Amz-Algorithm"]
    if algorithm not in (HMAC, ECDSA):
        raise IncompleteSignature("X-Amz-Algorithm only supports AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256")
    amz_date = parameters["X-Amz-Date"]
    access_key_id, scope_date, region, service = _read_credential(algorithm, parameters["X-Amz-Credential"])
    if algorithm == ECDSA:
        region = parameters.get("X-Amz-Region-Set", "")
    signed_headers = _read_signed_headers(parameters["X-Amz-SignedHeaders"])
    claimed_payload = parameters.get("X-Amz-Content-Sha256", "")
    if not claimed_payload and "x-amz-content-sha256" in signed_headers:
        claimed_payload = headers.get("x-amz-content-sha256", [""])[0].strip(" \t")
    return UnverifiedSignature(
        algorithm=algorithm,
        access_key_id=access_key_id,
        session_token=parameters.get("X-Amz-Security-Token") or None,
        amz_date=amz_date,
        signed_at=parse_amz_date(amz_date),
        scope_date=scope_date,
        region=region,
        service=service,
        signed_headers=signed_headers,
        signature=_read_signature(algorithm, parameters["X-Amz-Signature"]),
        is_presigned=True,
        expires_in=_read_expires(parameters["X-Amz-Expires"]),
        claimed_payload=claimed_payload or UNSIGNED_PAYLOAD,
    )


def _read_credential(algorithm: str, credential: str) -> tuple[str, str, str, str]:
    """Access key id, date, region (empty for ECDSA) and service."""
    parts = credential.split("/")
    if algorithm == ECDSA and len(parts) == 4:
        parts.insert(2, "")
    if len(parts) != 5 or parts[4] != "aws4_request" or not parts[3] or not _is_access_key_id(parts[0]):
        raise IncompleteSignature(
            "Credential must have the form access-key-id/date/region/service/aws4_request"
        )
    return parts[0], parts[1], parts[2], parts[3]


@lru_cache(maxsize=256)
def _read_signed_headers(text: str) -> tuple[str, ...]:
    names = text.split(";")
    if not _is_header_list(text) or names != sorted(set(names)):
        raise IncompleteSignature("SignedHeaders must be lower-case names, sorted, each once")
    return tuple(names)


def _read_signature(algorithm: str, text: str) -> str:
    if algorithm == ECDSA:
        if not _is_der_hex(text):
            raise IncompleteSignature("Signature must be a DER signature in lower-case hexadecimal")
        return text
    if not _is_hmac_hex(text):
        raise IncompleteSignature("Signature must be 64 lower-case hexadecimal digits")
    return text


def _read_expires(text: str) -> int:
    if not _is_expires(text) or not 1 <= int(text) <= MAX_PRESIGNED_SECONDS:
        raise IncompleteSignature("X-Amz-Expires must be a number of seconds from 1 to 604800")
    return int(text)
