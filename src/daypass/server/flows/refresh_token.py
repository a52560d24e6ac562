"""The refresh story (RFC 6749 §6, RFC 9449 §5): a refresh token and its key become the next credentials.

Order: the token is ours, for this client and this key; its time; the principal may still have tokens; then
one conditional write, whose condition is the generation and the account's revision. Nothing is read from
the database before that write. A token one generation old, inside the life of the credentials it was
exchanged for, gets the identical answer again (Sign-In API reference: refresh is idempotent in its window);
an older one is told that the session is over, and the audit log that somebody holds an outdated token.
"""

import hmac
from collections.abc import Awaitable
from typing import Literal

from daypass.protocol.oauth.errors import (
    InvalidDpopProof,
    InvalidRequest,
    ServerError,
    SignInError,
    TokenExpired,
)
from daypass.protocol.oauth.token_request import RefreshGrant
from daypass.protocol.oauth.token_response import TokenSet
from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.key_ring import KeyRing, SealBroken
from daypass.server.domain.principal import PrincipalSnapshot, login_arn
from daypass.server.domain.role_owner import RoleOwner
from daypass.server.domain.session_lineage import bound_owner
from daypass.server.domain.sign_in_events import identity_detail, token_event
from daypass.server.domain.token_call import TokenCall
from daypass.server.domain.token_grantee import check_grantee, check_owner
from daypass.server.domain.tokens import RefreshClaims, open_refresh_token
from daypass.server.ports.issuer import Issuer
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.storage import AuditStore, DpopProof, LoginSessionStore, RefreshRotation, Rotation

__all__ = ["RefreshTokenFlow"]

_SESSION_OVER = "the session has ended, log in again"
_MOST_DECISIONS = 3
"""How often a decision is made anew because the account changed under it."""


class RefreshTokenFlow:
    """The story with its neighbours."""

    __slots__ = ("_audit", "_directory", "_issuer", "_region", "_reuse", "_ring", "_sessions")

    def __init__(
        self,
        *,
        sessions: LoginSessionStore,
        audit: AuditStore,
        directory: PrincipalDirectory,
        issuer: Issuer,
        ring: KeyRing,
        region: str,
        reuse: Literal["refuse", "revoke"],
    ) -> None:
        self._sessions = sessions
        self._audit = audit
        self._directory = directory
        self._issuer = issuer
        self._ring = ring
        self._region = region
        self._reuse = reuse

    async def refresh(self, grant: RefreshGrant, call: TokenCall) -> TokenSet:
        """Raises a SignInError, after its audit row is written."""
        claims: RefreshClaims | None = None
        try:
            claims = _open(self._ring, grant)
            _check_presenter(claims, grant, call)
            if call.now >= claims.ends_at:
                raise TokenExpired(_SESSION_OVER, detail="past the session's absolute end")
            return self._answer(claims, await self._rotate(claims, call), call)
        except _OutdatedToken as outdated:
            if self._reuse == "revoke":
                await self._sessions.revoke_login_session(outdated.session_id, now=call.now)
            raise await self._refused(outdated, claims, call) from None
        except SignInError as refusal:
            raise await self._refused(refusal, claims, call) from None

    async def _rotate(self, claims: RefreshClaims, call: TokenCall) -> Rotation:
        """Decide and write; decide anew when the account changed between the two."""
        for attempt in range(_MOST_DECISIONS):
            snapshot = await self._check_principal(claims, call, fresh=attempt > 0)
            rotation = await self._sessions.rotate(
                RefreshRotation(
                    claims.login_session_id,
                    claims.generation,
                    DpopProof(call.proof_key, call.request_hash, call.proof_expires_at),
                    snapshot.revision,
                    self._ring.current.key_id,
                    _event(claims, call, login_arn(snapshot, claims.principal_id)),
                    call.now,
                )
            )
            if rotation.outcome != "stale":
                return rotation
        raise ServerError(
            "the account is changing, try again", detail="the revision moved under each decision"
        )

    async def _check_principal(
        self, claims: RefreshClaims, call: TokenCall, *, fresh: bool
    ) -> PrincipalSnapshot:
        """An allow may rest on a snapshot a second old, because the write checks its revision; a refusal may
        not: it is final for the client, so it is decided on a fresh one.
        """
        try:
            owner = bound_owner(claims.role_session)
            if owner is not None:
                check_owner(owner, await self._load_owner(owner, fresh=fresh))
            return check_grantee(
                await self._load(claims, fresh=fresh),
                claims,
                role_session=claims.role_session,
                redirect_uri=None,
                call=call,
                region=self._region,
            )
        except SignInError:
            if fresh:
                raise
        return await self._check_principal(claims, call, fresh=True)

    def _answer(self, claims: RefreshClaims, rotation: Rotation, call: TokenCall) -> TokenSet:
        """The tokens of the session's current generation, if this token may have them."""
        session = rotation.session
        if rotation.outcome == "proof_replayed":
            raise InvalidDpopProof("the DPoP proof was used before with another request")
        if rotation.outcome == "ended" or session is None:
            raise TokenExpired(_SESSION_OVER, detail="revoked, past its end or unknown")
        if rotation.outcome == "superseded":
            is_predecessor = claims.generation == session.generation - 1
            if not is_predecessor or call.now >= self._issuer.expires_at(session):
                raise _OutdatedToken(session.session_id)
        try:
            return self._issuer.issue(session, now=call.now, with_id_token=False)
        except SealBroken:
            raise TokenExpired(_SESSION_OVER, detail="the key of this generation is no longer kept") from None

    def _load(self, claims: RefreshClaims, *, fresh: bool) -> Awaitable[PrincipalSnapshot | None]:
        return self._directory.load(
            claims.account_id, claims.principal_kind, claims.principal_id, fresh=fresh
        )

    def _load_owner(self, owner: RoleOwner, *, fresh: bool) -> Awaitable[PrincipalSnapshot | None]:
        """Of a role taken in the pages: the user. The write's condition is the role's account; of a user of another
        account the answer may be a second old.
        """
        return self._directory.load(owner.account_id, "user", owner.principal_id, fresh=fresh)

    async def _refused(
        self, refusal: SignInError, claims: RefreshClaims | None, call: TokenCall
    ) -> SignInError:
        """The refusal, once it stands in the audit log."""
        principal_arn = ""
        if claims is not None:
            snapshot = await self._load(claims, fresh=False)
            principal_arn = "" if snapshot is None else login_arn(snapshot, claims.principal_id)
        await self._audit.append(_event(claims, call, principal_arn, refusal=refusal))
        return refusal


class _OutdatedToken(TokenExpired):
    """A genuine refresh token, too old even to be repeated: somebody kept a copy."""

    def __init__(self, session_id: str) -> None:
        super().__init__(_SESSION_OVER, detail="an outdated refresh token was presented")
        self.session_id = session_id


def _open(ring: KeyRing, grant: RefreshGrant) -> RefreshClaims:
    try:
        return open_refresh_token(ring, grant.refresh_token.reveal())[0]
    except SealBroken as broken:
        raise TokenExpired(_SESSION_OVER, detail=f"unknown refresh token: {broken}") from None


def _check_presenter(claims: RefreshClaims, grant: RefreshGrant, call: TokenCall) -> None:
    """Sender constraint: a stolen refresh token is worth nothing without its key (RFC 9449 §5)."""
    if not hmac.compare_digest(claims.dpop_jkt.encode(), call.dpop_jkt.encode()):
        raise InvalidDpopProof("the refresh token is bound to another key")
    if claims.client_id != grant.client_id:
        raise InvalidRequest("the refresh token was issued to another client")


def _event(
    claims: RefreshClaims | None, call: TokenCall, principal_arn: str, *, refusal: SignInError | None = None
) -> AuditEvent:
    detail: dict[str, str | int | bool] = {"grant_type": "refresh_token"}
    if claims is not None:
        detail["client_id"] = claims.client_id
        detail["login_session"] = claims.login_session_id
        detail["generation"] = claims.generation
        if claims.role_session is not None:
            detail |= identity_detail(claims.role_session)
    return token_event(
        call,
        principal=(claims.account_id if claims is not None else "", principal_arn),
        detail=detail,
        refusal=refusal,
    )
