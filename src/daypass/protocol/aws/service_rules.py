"""What each service demands of a signature beyond the mathematics: scope, time, which headers.

One check per function; `check_claims` is the visible list. All of it is decided on unverified claims,
so nothing here may answer "yes", only refuse. The words are AWS's (AWS Signature Version 4,
"Troubleshooting"; S3 "Error Responses").
"""

from collections.abc import Mapping
from dataclasses import dataclass

from daypass.protocol.aws.amz_date import format_amz_date
from daypass.protocol.aws.errors import (
    AccessDenied,
    AwsError,
    IncompleteSignature,
    InvalidRequest,
    RequestTimeTooSkewed,
    SignatureDoesNotMatch,
)
from daypass.protocol.aws.unverified_signature import ECDSA, UnverifiedSignature

__all__ = [
    "CLOUDTRAIL_RULES",
    "IAM_RULES",
    "S3_RULES",
    "SIGNIN_RULES",
    "STS_RULES",
    "ServiceRules",
    "check_claims",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRules:
    """How one service reads Signature Version 4."""

    service: str
    """The credential scope's service."""
    max_skew: int
    """Seconds a signing time may lie from now, either way."""
    is_s3: bool
    """Path encoded once and not normalised; every x-amz-* header signed; S3's words for refusals."""
    is_token_signed: bool
    """Whether a session token must be part of what is signed. Off admits clients that append it afterwards;
    the token chooses the key, so a changed token never verifies either way."""
    is_path_normalised: bool = True
    """Whether dot segments and empty segments are removed first. S3 never does."""


STS_RULES = ServiceRules(service="sts", max_skew=300, is_s3=False, is_token_signed=False)
IAM_RULES = ServiceRules(service="iam", max_skew=300, is_s3=False, is_token_signed=False)
SIGNIN_RULES = ServiceRules(service="signin", max_skew=300, is_s3=False, is_token_signed=False)
CLOUDTRAIL_RULES = ServiceRules(service="cloudtrail", max_skew=300, is_s3=False, is_token_signed=False)
S3_RULES = ServiceRules(service="s3", max_skew=900, is_s3=True, is_token_signed=True)


def check_claims(
    signature: UnverifiedSignature, headers: Mapping[str, list[str]], *, now: int, rules: ServiceRules
) -> None:
    """Every refusal that needs no key, in order. `headers` are the request's, by lower-case name."""
    check_scope(signature, rules)
    check_time(signature, now=now, rules=rules)
    check_signed_headers(signature, headers, rules)


def check_scope(signature: UnverifiedSignature, rules: ServiceRules) -> None:
    """The scope is for this service and for the day of the signing time."""
    if signature.service != rules.service:
        raise SignatureDoesNotMatch(f"Credential should be scoped to correct service: '{rules.service}'.")
    if signature.scope_date != signature.amz_date[:8]:
        raise SignatureDoesNotMatch(
            "Date in Credential scope does not match YYYYMMDD from the date of the request."
        )
    if not signature.region:
        raise SignatureDoesNotMatch("Credential should be scoped to a valid region.")


def check_time(signature: UnverifiedSignature, *, now: int, rules: ServiceRules) -> None:
    """The request was signed close to now, or its presigned life is running."""
    ends_at = signature.signed_at + (rules.max_skew if signature.expires_in is None else signature.expires_in)
    if signature.signed_at - rules.max_skew <= now <= ends_at:
        return
    if rules.is_s3:
        raise _s3_time_refusal(signature, has_expired=now > ends_at)
    today = format_amz_date(now)
    if now > ends_at:
        raise SignatureDoesNotMatch(
            f"Signature expired: {signature.amz_date} is now earlier than {format_amz_date(now - (ends_at - signature.signed_at))} ({today} - {_in_words(ends_at - signature.signed_at)}.)"
        )
    raise SignatureDoesNotMatch(
        f"Signature not yet current: {signature.amz_date} is still later than "
        f"{format_amz_date(now + rules.max_skew)} ({today} + {_in_words(rules.max_skew)}.)"
    )


def _s3_time_refusal(signature: UnverifiedSignature, *, has_expired: bool) -> AwsError:
    if not signature.is_presigned:
        return RequestTimeTooSkewed(
            "The difference between the request time and the current time is too large."
        )
    return AccessDenied("Request has expired" if has_expired else "Request is not yet valid")


def _in_words(seconds: int) -> str:
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} sec"


def check_signed_headers(
    signature: UnverifiedSignature, headers: Mapping[str, list[str]], rules: ServiceRules
) -> None:
    """`host` and what the service insists on is signed, and what is signed is there."""
    signed = signature.signed_headers
    if "host" not in signed:
        raise SignatureDoesNotMatch(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        )
    if any(name not in headers for name in signed):
        raise SignatureDoesNotMatch("A header named in SignedHeaders is not in the request.")
    if rules.is_token_signed and "x-amz-security-token" in headers and "x-amz-security-token" not in signed:
        raise AccessDenied("There were headers present in the request which were not signed")
    if signature.algorithm == ECDSA and not signature.is_presigned and "x-amz-region-set" not in signed:
        raise IncompleteSignature("X-Amz-Region-Set must be a 'SignedHeader' in the AWS Authorization.")
    if rules.is_s3:
        if any(
            name.startswith("x-amz-") and name not in signed
            for name in headers
            if name != "x-amz-security-token"
        ):
            raise AccessDenied("There were headers present in the request which were not signed")
        if not signature.claimed_payload:
            raise InvalidRequest("Missing required header for this request: x-amz-content-sha256")
        if signature.algorithm == ECDSA and signature.claimed_payload.startswith("STREAMING-AWS4-HMAC-"):
            raise InvalidRequest("The payload mode in x-amz-content-sha256 is not for this signing algorithm")
