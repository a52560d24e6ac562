"""Who sent this request, proven: the signature, and nothing else.

The order is fixed: find the one signature, open the credentials its token carries, prove the signature.
Until `authenticate` returns, nothing of the request is believed, and no store is asked for anything but the secret of
a long-term key (AWS Signature Version 4; S3 rules: every x-amz-* header signed, 15 minutes of skew).
"""

from dataclasses import dataclass

from daypass.protocol.aws.errors import AwsError
from daypass.protocol.aws.sigv4 import S3_RULES, SigningKey, WireRequest, find_signature, verify_signature
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.tokens import SessionClaims
from daypass.server.flows.open_credentials import open_credentials
from daypass.server.gateway.errors import in_s3_words
from daypass.server.ports.principals import PrincipalDirectory

__all__ = ["Proven", "authenticate"]


@dataclass(frozen=True, slots=True)
class Proven:
    """Made only by `authenticate`."""

    claims: SessionClaims
    signing_key: SigningKey
    """For the signatures of chunks."""
    claimed_payload: str
    """What was signed about the body: a hash, a mode, or UNSIGNED-PAYLOAD."""
    is_presigned: bool
    signed_at: int
    """Epoch seconds."""


async def authenticate(
    wire: WireRequest, *, ring: KeyRing, directory: PrincipalDirectory, now: int
) -> Proven:
    """Raises the AwsError that S3 would answer, and StorageError."""
    has_session_token = False
    try:
        signature = find_signature(wire)
        has_session_token = signature.session_token is not None
        claims, secret_access_key = await open_credentials(
            ring,
            directory,
            access_key_id=signature.access_key_id,
            session_token=signature.session_token,
            now=now,
        )
        signing_key = verify_signature(
            signature,
            wire,
            secret_access_key,
            now=now,
            rules=S3_RULES,
            payload_hash=signature.claimed_payload,
        )
    except AwsError as error:
        renamed = in_s3_words(error, has_session_token=has_session_token)
        if renamed is error:
            raise
        raise renamed from error
    return Proven(claims, signing_key, signature.claimed_payload, signature.is_presigned, signature.signed_at)
