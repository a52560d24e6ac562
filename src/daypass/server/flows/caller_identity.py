"""GetCallerIdentity: who do these credentials belong to (STS reference, "GetCallerIdentity").

Needs no permission, and no policy can deny it.
"""

from dataclasses import dataclass

from daypass.server.domain.verified_call import VerifiedCall

__all__ = ["CallerIdentity", "get_caller_identity"]


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """The answer's three members."""

    user_id: str
    """Account id for root, `AIDA…` for a user, `AROA…:session` for a role session, `account:name` for a federated user."""
    account_id: str
    arn: str


async def get_caller_identity(call: VerifiedCall) -> CallerIdentity:
    """What the proven claims say."""
    return CallerIdentity(call.userid, call.claims.account_id, call.claims.principal_arn)
