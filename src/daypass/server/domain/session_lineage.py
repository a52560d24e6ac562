"""What a role session inherits from whoever takes the role: its owner, and the login it hangs on. Pure."""

from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.role_owner import ParentLogin, RoleOwner
from daypass.server.domain.role_session import RoleSession
from daypass.server.domain.session import SignInSession
from daypass.server.domain.tokens import SessionClaims

__all__ = ["bound_owner", "is_owner_current", "owner_of", "parent_login_of", "taken_owner"]


def owner_of(claims: SessionClaims) -> RoleOwner | None:
    """Of a role these credentials assume: the user, or whose the role session is that assumes the next one."""
    if claims.principal_kind == "role":
        return claims.owner
    return RoleOwner(claims.account_id, claims.principal_id)


def parent_login_of(claims: SessionClaims) -> ParentLogin | None:
    """The nearest login behind these credentials; None behind long-term keys."""
    if not claims.login_session_id:
        return claims.parent_login
    return ParentLogin(
        claims.login_session_id,
        claims.account_id,
        claims.principal_kind,
        claims.principal_id.partition(":")[0],
    )


def taken_owner(base: SignInSession) -> RoleOwner | None:
    """Of a role taken in the pages from `base`: its user, bound, so that the role ends with the person."""
    if base.principal_kind == "role":
        return None if base.role_session is None else base.role_session.owner
    return RoleOwner(base.account_id, base.principal_id, base.credentials_epoch)


def bound_owner(role_session: RoleSession | None) -> RoleOwner | None:
    """The user with whom this session ends; None for a session of one's own and for one that is nobody's."""
    owner = None if role_session is None else role_session.owner
    return owner if owner is not None and owner.is_bound else None


def is_owner_current(owner: RoleOwner, snapshot: PrincipalSnapshot | None) -> bool:
    """Whether the user `owner` names, as `snapshot` has it, still has the credentials the role was taken with."""
    return snapshot is not None and snapshot.credentials_epoch == owner.credentials_epoch
