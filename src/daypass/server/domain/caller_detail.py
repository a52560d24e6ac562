"""Who signed a call, for an event's detail: what CloudTrail keeps of credentials, and nothing that opens anything.

An access key's id is public (it travels in every request); its secret and its session token never come near.
"""

from daypass.server.domain.audit_search import (
    CALLER_ACCESS_KEY_ID,
    CALLER_MFA,
    CALLER_PRINCIPAL_ID,
    CALLER_SESSION_SINCE,
)
from daypass.server.domain.tokens import SessionClaims, is_long_term

__all__ = ["caller_detail"]


def caller_detail(claims: SessionClaims) -> dict[str, str | int | bool]:
    """The members of `userIdentity` that an ARN does not say (CloudTrail user guide, "userIdentity element")."""
    detail: dict[str, str | int | bool] = {
        CALLER_ACCESS_KEY_ID: claims.access_key_id,
        CALLER_PRINCIPAL_ID: claims.userid or claims.principal_id,
    }
    if not is_long_term(claims.access_key_id):
        detail[CALLER_SESSION_SINCE] = claims.issued_at
        detail[CALLER_MFA] = bool(claims.mfa_at)
    return detail
