"""A person in the pages asks for what the API offers: their browser's session stands where a signature stood.

The one other maker of a `VerifiedCall` beside `web/query_authentication.py`. What proves the caller is a live session
of this browser and a form of ours; from here on the same flows ask the same policies and write the same audit rows, so
every button is also an API call.
"""

from daypass.policy.document import PolicyDocument
from daypass.server.domain.audit import Caller
from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.role_session import RoleSession, federated_provider_of
from daypass.server.domain.session import SignInSession
from daypass.server.domain.tokens import SessionClaims
from daypass.server.domain.verified_call import VerifiedCall

__all__ = ["call_of_session"]

_NO_POLICIES: tuple[PolicyDocument, ...] = ()


def call_of_session(
    session: SignInSession, snapshot: PrincipalSnapshot, *, caller: Caller, now: int, region: str
) -> VerifiedCall:
    """`session` is live, of the asking browser, and current with `snapshot`."""
    role_session = session.role_session or RoleSession("")
    claims = SessionClaims(
        access_key_id="",
        account_id=session.account_id,
        principal_kind=session.principal_kind,
        principal_arn=session.principal_arn,
        principal_id=session.principal_id,
        issued_at=session.authenticated_at or now,
        expires_at=session.expires_at,
        role_arn=role_session.role_arn,
        source_identity=role_session.source_identity,
        tags=role_session.tags,
        transitive_tag_keys=role_session.transitive_tag_keys,
        federated_provider=federated_provider_of(role_session.identity),
        identity=role_session.identity,
        mfa_at=session.mfa_at,
        owner=role_session.owner,
    )
    return VerifiedCall(claims, snapshot, caller, now, region, _NO_POLICIES)
