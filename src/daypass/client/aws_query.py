"""One signed call of an AWS Query API (STS, IAM) with any credentials, and its flat answer.

The secret goes into the signature and nowhere else. Refusals are AWS's own, as errors of that family; a word that is
not one of ours is shown only where it is a plain word. Shapes: AWS Query Protocol; STS and IAM API references.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from daypass.client.transport import Send
from daypass.errors import DaypassError, NetworkError, RemoteProtocolError
from daypass.protocol.aws.endpoints import iam_endpoint, partition_of_region, sts_endpoint
from daypass.protocol.aws.errors import (
    AccessDenied,
    ExpiredToken,
    InvalidClientTokenId,
    MalformedPolicyDocument,
    NoSuchEntity,
    PackedPolicyTooLarge,
    SignatureDoesNotMatch,
    Throttling,
    ValidationError,
)
from daypass.protocol.aws.sigv4 import Credentials, WireRequest, sign_request
from daypass.protocol.http import Request

__all__ = ["QueryService", "ask_service", "element", "iam_service", "sts_service"]

_REFUSALS: dict[str, type[DaypassError]] = {
    kind.code: kind
    for kind in (
        AccessDenied,
        ExpiredToken,
        InvalidClientTokenId,
        MalformedPolicyDocument,
        NoSuchEntity,
        PackedPolicyTooLarge,
        SignatureDoesNotMatch,
        Throttling,
        ValidationError,
    )
}
_IAM_SIGNING_REGIONS = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
}
"""IAM is one service per partition and signed for one region (IAM's endpoint rules in the AWS SDKs)."""


@dataclass(frozen=True, slots=True)
class QueryService:
    """Where and how one service is asked."""

    name: str
    version: str
    endpoint: str
    region: str
    """Of the signature."""


def sts_service(region: str, endpoint: str | None = None) -> QueryService:
    """STS of the region, or at an endpoint of its own. Raises ConfigError for a bad region."""
    return QueryService("sts", "2011-06-15", endpoint or sts_endpoint(region), region)


def iam_service(region: str, endpoint: str | None = None) -> QueryService:
    """IAM of the region's partition, or at an endpoint of its own. Raises ConfigError for a bad region."""
    signing_region = _IAM_SIGNING_REGIONS[partition_of_region(region).name]
    return QueryService("iam", "2010-05-08", endpoint or iam_endpoint(region), signing_region)


def ask_service(
    service: QueryService,
    action: str,
    parameters: Mapping[str, str],
    *,
    credentials: Credentials,
    now: int,
    send: Send,
) -> str:
    """The answer's XML. Raises AccessDenied, InvalidClientTokenId and other refusals, NetworkError, RemoteProtocolError."""
    parts = urlsplit(service.endpoint)
    body = urlencode({"Action": action, "Version": service.version, **parameters}).encode()
    content_type = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
    path = parts.path or "/"
    headers = sign_request(
        credentials,
        WireRequest("POST", path, "", (("Host", parts.netloc), content_type)),
        region=service.region,
        service=service.name,
        now=now,
        payload_hash=hashlib.sha256(body).hexdigest(),
        is_s3=False,
    )
    sendable = tuple((name, value) for name, value in headers if name.lower() != "host")
    answer = send(Request("POST", f"{parts.scheme}://{parts.netloc}{path}", sendable, body))
    text = answer.body.decode("utf-8", "replace")
    if answer.status == 200:
        return text
    code = element(text, "Code")
    word = code if re.fullmatch(r"[A-Za-z]{1,100}", code) else f"HTTP {answer.status}"
    detail = _sentence(text)
    if code in _REFUSALS:
        raise _REFUSALS[code](f"{service.name} refused {action} ({word})", detail=detail)
    if answer.status >= 500:
        raise NetworkError(f"{service.name} failed ({word})", hint="try again in a moment")
    raise RemoteProtocolError(f"{service.name} refused {action} ({word})", detail=detail)


def _sentence(xml: str) -> str:
    """What the service wrote, for the log and for telling refusals of one kind apart."""
    match = re.search(r"<Message>([^<]{1,4000})</Message>", xml)
    return match.group(1) if match else ""


def element(xml: str, tag: str) -> str:
    """The text of one flat element; empty when it is not there. These elements have no attributes and no children."""
    match = re.search(rf"<{tag}>([^<&]{{1,2048}})</{tag}>", xml)
    return match.group(1) if match else ""
