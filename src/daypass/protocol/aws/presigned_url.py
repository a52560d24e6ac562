"""Presigned URLs: a request whose signature travels in its query, valid for at most a week.

Made here, verified like any other request by `sigv4.verify_signature` (AWS Signature Version 4, "Query
parameters"). Only `host` is signed, so whoever holds the URL needs no header of ours.
"""

import hmac
from urllib.parse import quote, urlsplit

from daypass.errors import LocalProtocolError
from daypass.protocol.aws.amz_date import format_amz_date
from daypass.protocol.aws.canonical_request import canonical_paths, canonical_queries, canonical_request
from daypass.protocol.aws.sigv4 import EMPTY_PAYLOAD_HASH, Credentials, derive_signing_key, string_to_sign
from daypass.protocol.aws.unverified_signature import HMAC, MAX_PRESIGNED_SECONDS, UNSIGNED_PAYLOAD

__all__ = ["presign_url"]


def presign_url(
    credentials: Credentials,
    url: str,
    *,
    region: str,
    service: str,
    now: int,
    expires_in: int,
    is_s3: bool,
    method: str = "GET",
) -> str:
    """The URL with its signature. `url` is percent-encoded and has no signature yet; `expires_in` in seconds."""
    parts = urlsplit(url)
    if not parts.netloc or not 1 <= expires_in <= MAX_PRESIGNED_SECONDS:
        raise LocalProtocolError("a presigned URL has a host, and lives 1 to 604800 seconds")
    amz_date = format_amz_date(now)
    scope = f"{amz_date[:8]}/{region}/{service}/aws4_request"
    added = {
        "X-Amz-Algorithm": HMAC,
        "X-Amz-Credential": f"{credentials.access_key_id}/{scope}",
        "X-Amz-Date": amz_date,
        "X-Amz-Expires": str(expires_in),
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.session_token is not None:
        added["X-Amz-Security-Token"] = credentials.session_token.reveal()
    query = "&".join(
        filter(None, [parts.query, *(f"{name}={quote(value, safe='~')}" for name, value in added.items())])
    )
    canonical = canonical_request(
        method=method,
        path=canonical_paths(parts.path, is_s3=is_s3, is_normalised=True)[0],
        query=canonical_queries(query, may_omit_token=False)[0],
        headers={"host": [parts.netloc]},
        signed_headers=("host",),
        payload_hash=UNSIGNED_PAYLOAD if is_s3 else EMPTY_PAYLOAD_HASH,
    )
    key = derive_signing_key(credentials.secret_access_key, date=amz_date[:8], region=region, service=service)
    text = string_to_sign(algorithm=HMAC, amz_date=amz_date, scope=scope, canonical=canonical)
    signature = hmac.digest(key, text, "sha256").hex()
    return f"{parts.scheme}://{parts.netloc}{parts.path or '/'}?{query}&X-Amz-Signature={signature}"
