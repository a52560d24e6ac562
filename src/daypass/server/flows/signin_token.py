"""`getSigninToken`: temporary credentials are proven, and a sign-in token for one browser is made of them.

The secret is compared in constant time, the principal looked up afresh, a login session must still live. How long the
browser's session may last depends on where the credentials come from: those of AssumeRole and its siblings may ask,
up to the role's and the server's limit, unless a role session assumed them (role chaining); those of a login last as
long as the credentials, because a link must not outlive what it was made of (IAM user guide, "Enable custom identity
broker access to the AWS console").
"""

from dataclasses import dataclass

from daypass.protocol.aws.errors import AccessDenied, AwsError, InvalidClientTokenId, ValidationError
from daypass.secret import Secret
from daypass.server.domain.audit import Caller
from daypass.server.domain.audit_search import CALLER_ACCESS_KEY_ID
from daypass.server.domain.caller_credentials import (
    ancestors_of,
    check_ancestor_lives,
    open_caller_credentials,
)
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.role_session import RoleSession, check_packed_size
from daypass.server.domain.session import LoginSession
from daypass.server.domain.sign_in_events import identity_detail, sign_in_event
from daypass.server.domain.signin_token import (
    SIGNIN_TOKEN_LIFETIME,
    BrokerSession,
    SigninToken,
    seal_signin_token,
)
from daypass.server.domain.tokens import SessionClaims
from daypass.server.ports.clock import Randomness
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.storage import Storage

__all__ = ["SigninTokenFlow"]

_GONE = "The session these credentials belong to has ended"


@dataclass(frozen=True, slots=True)
class SigninTokenFlow:
    """The story with its neighbours."""

    storage: Storage
    directory: PrincipalDirectory
    ring: KeyRing
    randomness: Randomness
    session_lifetime: int
    """Seconds: the server's limit for a browser's session."""

    async def issue(self, given: BrokerSession, *, duration: int | None, caller: Caller, now: int) -> Secret:
        """The token's text. Raises InvalidClientTokenId, ExpiredToken, AccessDenied, ValidationError,
        PackedPolicyTooLarge.
        """
        claims, secret_access_key = open_caller_credentials(
            self.ring,
            access_key_id=given.access_key_id,
            session_token=given.session_token.reveal(),
            now=now,
        )
        if given.secret_access_key != secret_access_key:
            raise InvalidClientTokenId("The security token included in the request is invalid")
        try:
            token = await self._build(claims, duration=duration, now=now)
        except AwsError as refusal:
            await self._record(claims, None, caller, now, error_code=refusal.code)
            raise
        await self._record(claims, token.role_session, caller, now)
        return seal_signin_token(self.ring, token)

    async def _build(self, claims: SessionClaims, *, duration: int | None, now: int) -> SigninToken:
        snapshot = await self.directory.load(
            claims.account_id, claims.principal_kind, claims.principal_id, fresh=True
        )
        if snapshot is None:
            raise AccessDenied(_GONE, detail="the principal no longer exists")
        if claims.scope is not None or claims.userid:
            raise AccessDenied(
                "These credentials are narrowed by session policies, which a session in the pages does not have;"
                " sign in with your own"
            )
        if claims.is_session_token:
            raise AccessDenied(
                "Credentials of GetSessionToken do not open the pages, which may do more than they may;"
                " sign in with your password, or assume a role"
            )
        for ancestor in ancestors_of(claims):
            check_ancestor_lives(await self.directory.load(*ancestor, fresh=True), claims)
        login = await self._load_login(claims, snapshot, now=now)
        role_session = _role_session(claims, login)
        if role_session is not None:
            check_packed_size(role_session)
        return SigninToken(
            token_id=self.randomness.token_bytes(16).hex(),
            expires_at=now + SIGNIN_TOKEN_LIFETIME,
            session_ends_at=await self._session_end(claims, duration=duration, now=now),
            account_id=claims.account_id,
            principal_kind=claims.principal_kind,
            principal_arn=claims.principal_arn,
            principal_id=claims.principal_id,
            credentials_epoch=snapshot.credentials_epoch,
            role_session=role_session,
            mfa_at=claims.mfa_at,
        )

    async def _load_login(
        self, claims: SessionClaims, snapshot: PrincipalSnapshot, *, now: int
    ) -> LoginSession | None:
        """The login the credentials belong to, alive; None for AssumeRole's. Raises AccessDenied."""
        if not claims.login_session_id:
            return None
        login = await self.storage.login_sessions.load_login_session(claims.login_session_id)
        if login is None or login.revoked_at is not None or login.ends_at <= now:
            raise AccessDenied(_GONE, detail="the login session has ended")
        if login.credentials_epoch != snapshot.credentials_epoch:
            raise AccessDenied(_GONE, detail="the credentials changed since the login")
        return login

    async def _session_end(self, claims: SessionClaims, *, duration: int | None, now: int) -> int:
        if duration is None:
            return min(claims.expires_at, now + self.session_lifetime)
        if claims.login_session_id or claims.principal_kind != "role":
            raise ValidationError(
                "SessionDuration is for credentials of AssumeRole, AssumeRoleWithSAML or AssumeRoleWithWebIdentity;"
                " leave it out: the session then ends with these credentials"
            )
        if claims.is_chained:
            raise ValidationError(
                "SessionDuration is not for a role that another role assumed (role chaining); leave it out"
            )
        role = await self.storage.roles.load_role_by_id(
            claims.account_id, claims.principal_id.partition(":")[0]
        )
        limit = min(role.max_session_duration if role is not None else 0, self.session_lifetime)
        if duration > limit:
            raise ValidationError(
                "SessionDuration is longer than the role's MaxSessionDuration or the server's"
                " sign_in_session_lifetime allows"
            )
        provider_end = claims.identity.session_ends_at if claims.identity is not None else 0
        if provider_end and now + duration > provider_end:
            raise ValidationError("SessionDuration goes beyond the session at the identity provider")
        return now + duration

    async def _record(
        self,
        claims: SessionClaims,
        role_session: RoleSession | None,
        caller: Caller,
        now: int,
        *,
        error_code: str = "",
    ) -> None:
        await self.storage.audit.append(
            sign_in_event(
                "GetSigninToken",
                event_id=self.randomness.uuid(),
                caller=caller,
                now=now,
                principal=(claims.account_id, claims.principal_arn),
                error_code=error_code,
                detail={CALLER_ACCESS_KEY_ID: claims.access_key_id, **identity_detail(role_session)},
            )
        )


def _role_session(claims: SessionClaims, login: LoginSession | None) -> RoleSession | None:
    """What the role session carries, so that policies see the same person in browser and terminal."""
    if claims.principal_kind != "role":
        return None
    if login is not None and login.role_session is not None:
        return login.role_session
    return RoleSession(
        claims.role_arn,
        claims.source_identity,
        claims.tags,
        claims.transitive_tag_keys,
        claims.identity,
        claims.owner,
    )
