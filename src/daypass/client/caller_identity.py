"""`sts:GetCallerIdentity` with given credentials: the proof that a login gave what it promised."""

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from daypass.client.clock_skew import check_clock, seconds_ahead
from daypass.client.session_cache import CacheEntry
from daypass.client.transport import Send
from daypass.errors import RemoteProtocolError
from daypass.protocol.aws.sigv4 import Credentials, WireRequest, sign_request
from daypass.protocol.http import Request

__all__ = ["CallerIdentity", "get_caller_identity"]

_SIGNATURE_LIFE = 240
"""Seconds; five minutes by AWS Signature Version 4, less one for a slow answer."""
_BODY = b"Action=GetCallerIdentity&Version=2011-06-15"


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """Who the credentials are."""

    arn: str
    account_id: str
    user_id: str


def get_caller_identity(
    entry: CacheEntry, *, endpoint: str, region: str, now: int, send: Send
) -> CallerIdentity:
    """Ask STS. Raises NetworkError, ClockSkew, or RemoteProtocolError for any other answer that is not an identity."""
    parts = urlsplit(endpoint)
    content_type = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
    headers = sign_request(
        Credentials(entry.access_key_id, entry.secret_access_key, entry.session_token),
        WireRequest("POST", parts.path or "/", "", (("Host", parts.netloc), content_type)),
        region=region,
        service="sts",
        now=now,
        payload_hash=hashlib.sha256(_BODY).hexdigest(),
        is_s3=False,
    )
    url = f"{parts.scheme}://{parts.netloc}{parts.path or '/'}"
    sendable = tuple((name, value) for name, value in headers if name.lower() != "host")
    answer = send(Request("POST", url, sendable, _BODY))
    text = answer.body.decode("utf-8", "replace")
    found = {tag: _element(text, tag) for tag in ("Arn", "Account", "UserId")}
    if answer.status != 200 or not all(found.values()):
        ahead = seconds_ahead(answer.headers, now)
        if answer.status == 403 and ahead is not None and abs(ahead) > _SIGNATURE_LIFE:
            check_clock(answer.headers, now)
        code = _element(text, "Code")
        # A stranger's text is shown only where it is the plain word it should be.
        word = code if code.isascii() and code.isalnum() and len(code) <= 100 else f"HTTP {answer.status}"
        raise RemoteProtocolError(
            f"the new credentials were not accepted by STS ({word})", hint="daypass status"
        )
    return CallerIdentity(found["Arn"], found["Account"], found["UserId"])


def _element(xml: str, tag: str) -> str:
    """The text of one flat element of an STS answer; these answers have no attributes and no nesting."""
    match = re.search(rf"<{tag}>([^<&]{{1,2048}})</{tag}>", xml)
    return match.group(1) if match else ""
