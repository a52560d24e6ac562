"""May this principal still have tokens? The one list of checks both grants go through, in order.

Gone, then changed credentials, then policy: a person whose password changed must hear that, whatever the
policies now say (Sign-In API reference, CreateOAuth2Token, Errors).
"""

from daypass.protocol.oauth.errors import InsufficientPermissions, TokenExpired, UserCredentialsChanged
from daypass.server.domain.client_permissions import TOKEN_ACTION, authorize_tokens
from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.role_owner import RoleOwner
from daypass.server.domain.role_session import RoleSession
from daypass.server.domain.token_call import TokenCall
from daypass.server.domain.tokens import CodeClaims, RefreshClaims

__all__ = ["check_grantee", "check_owner"]


def check_grantee(
    snapshot: PrincipalSnapshot | None,
    claims: CodeClaims | RefreshClaims,
    *,
    role_session: RoleSession | None,
    redirect_uri: str | None,
    call: TokenCall,
    region: str,
) -> PrincipalSnapshot:
    """The principal of these claims, allowed. Raises TokenExpired, UserCredentialsChanged, InsufficientPermissions."""
    if snapshot is None:
        raise TokenExpired("the session has ended, log in again", detail="the principal no longer exists")
    if snapshot.credentials_epoch != claims.credentials_epoch:
        raise UserCredentialsChanged("the password or other credentials changed, log in again")
    decision = authorize_tokens(
        snapshot,
        claims,
        role_session=role_session,
        redirect_uri=redirect_uri,
        caller=call.caller,
        now=call.now,
        region=region,
    )
    if not decision.is_allowed:
        raise InsufficientPermissions(
            f"the principal is not allowed to perform {TOKEN_ACTION}", detail=decision.effect.value
        )
    return snapshot


def check_owner(owner: RoleOwner, snapshot: PrincipalSnapshot | None) -> None:
    """A role that a user took in the pages has tokens while that user does. `owner` is bound, `snapshot` the user's.

    Raises TokenExpired, UserCredentialsChanged.
    """
    if snapshot is None:
        raise TokenExpired("the session has ended, log in again", detail="who took the role no longer exists")
    if snapshot.credentials_epoch != owner.credentials_epoch:
        raise UserCredentialsChanged("the password or other credentials changed, log in again")
