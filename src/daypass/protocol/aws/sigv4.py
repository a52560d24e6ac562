"""Signature Version 4, both directions: proving a request's signature, and signing a request.

The face of the package for signatures: the parts live in `canonical_request` (the text), `service_rules`
(scope, time, headers), `unverified_signature` (parsing), `presigned_url`, and `sigv4a` (the ECDSA form).
Verification raises or returns the key that proved it; the comparison is constant-time and in here, and
no message tells which part was wrong (AWS Signature Version 4, "Calculate the signature").
"""

import hmac
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from daypass.errors import LocalProtocolError
from daypass.protocol.aws.amz_date import format_amz_date
from daypass.protocol.aws.canonical_request import (
    WireRequest,
    canonical_paths,
    canonical_queries,
    canonical_request,
    collect_headers,
)
from daypass.protocol.aws.errors import SignatureDoesNotMatch
from daypass.protocol.aws.service_rules import (
    CLOUDTRAIL_RULES,
    IAM_RULES,
    S3_RULES,
    SIGNIN_RULES,
    STS_RULES,
    ServiceRules,
    check_claims,
)
from daypass.protocol.aws.sigv4a import derive_public_key, verify_ecdsa
from daypass.protocol.aws.unverified_signature import (
    ECDSA,
    HMAC,
    UNSIGNED_PAYLOAD,
    UnverifiedSignature,
    find_signature,
)
from daypass.secret import Secret

__all__ = [
    "CLOUDTRAIL_RULES",
    "EMPTY_PAYLOAD_HASH",
    "IAM_RULES",
    "S3_RULES",
    "SIGNIN_RULES",
    "STS_RULES",
    "UNSIGNED_PAYLOAD",
    "Credentials",
    "ServiceRules",
    "SigningKey",
    "UnverifiedSignature",
    "WireRequest",
    "derive_signing_key",
    "find_signature",
    "sign_request",
    "string_to_sign",
    "verify_signature",
]

EMPTY_PAYLOAD_HASH = sha256(b"").hexdigest()

_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)
_NEVER_SIGNED = frozenset(
    {
        "accept-encoding",
        "authorization",
        "connection",
        "expect",
        "keep-alive",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amzn-trace-id",
    }
)
"""Headers that HTTP libraries and proxies rewrite on the way."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client signs with."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret | None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The proven key of one request: what its chunk signatures chain from."""

    key: bytes = field(repr=False)
    """Derived for one date, region and service; empty for the ECDSA form."""
    scope: str
    amz_date: str
    seed_signature: str
    algorithm: str


@lru_cache(maxsize=4096)
def derive_signing_key(secret_access_key: Secret, *, date: str, region: str, service: str) -> bytes:
    """The key for one date (`YYYYMMDD`), region and service.

    Bounded cache: a client's requests of one day share the key, and deriving costs as much as verifying.
    """
    key = hmac.digest(b"AWS4" + secret_access_key.reveal().encode(), date.encode(), "sha256")
    key = hmac.digest(key, region.encode(), "sha256")
    key = hmac.digest(key, service.encode(), "sha256")
    return hmac.digest(key, b"aws4_request", "sha256")


def string_to_sign(*, algorithm: str, amz_date: str, scope: str, canonical: bytes) -> bytes:
    """The text the key signs for a canonical request."""
    return f"{algorithm}\n{amz_date}\n{scope}\n{sha256(canonical).hexdigest()}".encode()


def verify_signature(
    signature: UnverifiedSignature,
    request: WireRequest,
    secret_access_key: Secret,
    *,
    now: int,
    rules: ServiceRules,
    payload_hash: str,
) -> SigningKey:
    """Prove that the holder of the secret signed this request for this service, now.

    `payload_hash` is the hexadecimal SHA-256 of the body; for S3 the claimed x-amz-content-sha256 value,
    whose truth the caller checks while the body streams by.
    Raises SignatureDoesNotMatch, IncompleteSignature, and for S3 RequestTimeTooSkewed, AccessDenied, InvalidRequest.
    """
    headers = collect_headers(request)
    check_claims(signature, headers, now=now, rules=rules)
    spellings = _canonical_spellings(signature, request, headers, rules=rules, payload_hash=payload_hash)
    if signature.algorithm == ECDSA:
        return _verify_asymmetric(signature, secret_access_key, spellings)
    key = derive_signing_key(
        secret_access_key, date=signature.scope_date, region=signature.region, service=signature.service
    )
    for canonical in spellings:
        signed_text = string_to_sign(
            algorithm=HMAC, amz_date=signature.amz_date, scope=signature.scope, canonical=canonical
        )
        if hmac.compare_digest(hmac.digest(key, signed_text, "sha256").hex(), signature.signature):
            return SigningKey(key, signature.scope, signature.amz_date, signature.signature, HMAC)
    raise SignatureDoesNotMatch(_MISMATCH)


def _verify_asymmetric(
    signature: UnverifiedSignature, secret_access_key: Secret, spellings: list[bytes]
) -> SigningKey:
    public_key = derive_public_key(signature.access_key_id, secret_access_key)
    for canonical in spellings:
        signed_text = string_to_sign(
            algorithm=ECDSA, amz_date=signature.amz_date, scope=signature.scope, canonical=canonical
        )
        try:
            verify_ecdsa(public_key, signed_text, signature=signature.signature)
        except SignatureDoesNotMatch:
            continue
        return SigningKey(b"", signature.scope, signature.amz_date, signature.signature, ECDSA)
    raise SignatureDoesNotMatch(_MISMATCH)


def _canonical_spellings(
    signature: UnverifiedSignature,
    request: WireRequest,
    headers: dict[str, list[str]],
    *,
    rules: ServiceRules,
    payload_hash: str,
) -> list[bytes]:
    """The canonical requests this request may have been signed as, most likely first."""
    queries = canonical_queries(
        request.raw_query, may_omit_token=signature.is_presigned and not rules.is_token_signed
    )
    return [
        canonical_request(
            method=request.method,
            path=path,
            query=query,
            headers=headers,
            signed_headers=signature.signed_headers,
            payload_hash=payload_hash,
        )
        for path in canonical_paths(
            request.raw_path, is_s3=rules.is_s3, is_normalised=rules.is_path_normalised
        )
        for query in queries
    ]


def sign_request(
    credentials: Credentials,
    request: WireRequest,
    *,
    region: str,
    service: str,
    now: int,
    payload_hash: str,
    is_s3: bool,
) -> tuple[tuple[str, str], ...]:
    """All headers to send: the request's own, and the ones that carry the signature.

    The request must name its `Host`. Any earlier signature headers it holds are replaced.
    """
    amz_date = format_amz_date(now)
    added = {"X-Amz-Date": amz_date}
    if credentials.session_token is not None:
        added["X-Amz-Security-Token"] = credentials.session_token.reveal()
    if is_s3:
        added["X-Amz-Content-Sha256"] = payload_hash
    replaced = {name.lower() for name in added} | {"authorization", "x-amz-security-token"}
    kept = tuple(pair for pair in request.headers if pair[0].lower() not in replaced)
    unsigned = WireRequest(request.method, request.raw_path, request.raw_query, kept + tuple(added.items()))
    headers = collect_headers(unsigned)
    if "host" not in headers:
        raise LocalProtocolError("a request to sign must name its host")
    signed_headers = tuple(sorted(headers.keys() - _NEVER_SIGNED))
    canonical = canonical_request(
        method=request.method,
        path=canonical_paths(request.raw_path, is_s3=is_s3, is_normalised=True)[0],
        query=canonical_queries(request.raw_query, may_omit_token=False)[0],
        headers=headers,
        signed_headers=signed_headers,
        payload_hash=payload_hash,
    )
    scope = f"{amz_date[:8]}/{region}/{service}/aws4_request"
    key = derive_signing_key(credentials.secret_access_key, date=amz_date[:8], region=region, service=service)
    text = string_to_sign(algorithm=HMAC, amz_date=amz_date, scope=scope, canonical=canonical)
    authorization = (
        f"{HMAC} Credential={credentials.access_key_id}/{scope}, "
        f"SignedHeaders={';'.join(signed_headers)}, Signature={hmac.digest(key, text, 'sha256').hex()}"
    )
    return (*unsigned.headers, ("Authorization", authorization))
