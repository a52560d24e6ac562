"""The redemption story (RFC 6749 §4.1.3, RFC 7636 §4.6): a code and its proof become a login session.

Order: the code is ours and young; client, redirect URI and PKCE verifier fit; the principal may have
tokens; then one write that burns the code and begins the session. A genuine code is burnt on its first
presentation even when a check fails (RFC 9700 §2.1.1: a guess must cost the code). A second presentation
revokes what the first one began (RFC 6749 §4.1.2); the same request again, after a lost answer, is answered
alike.
"""

from daypass.protocol.oauth.errors import (
    InvalidDpopProof,
    InvalidRequest,
    ServerError,
    SignInError,
    TokenExpired,
)
from daypass.protocol.oauth.pkce import verify_code_verifier
from daypass.protocol.oauth.token_request import CodeGrant
from daypass.protocol.oauth.token_response import TokenSet
from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.authorization_code import check_code_life, check_redirect_uri
from daypass.server.domain.key_ring import KeyRing, SealBroken
from daypass.server.domain.lifetimes import Lifetimes
from daypass.server.domain.principal import PrincipalSnapshot, login_arn
from daypass.server.domain.role_session import RoleSession
from daypass.server.domain.session import LoginSession
from daypass.server.domain.session_lineage import bound_owner
from daypass.server.domain.session_origin import origin_of
from daypass.server.domain.sign_in_events import identity_detail, token_event
from daypass.server.domain.token_call import TokenCall
from daypass.server.domain.token_grantee import check_grantee, check_owner
from daypass.server.domain.tokens import CodeClaims, open_code
from daypass.server.ports.clock import Randomness
from daypass.server.ports.issuer import Issuer
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.storage import CodeRedemption, DpopProof, Redemption, Storage

__all__ = ["RedeemCodeFlow"]

_NOT_VALID = "the authorization code is not valid or was already used"
_MOST_DECISIONS = 3
"""How often a decision is made anew because the account changed under it."""


class RedeemCodeFlow:
    """The story with its neighbours."""

    __slots__ = (
        "_directory",
        "_issuer",
        "_lifetimes",
        "_randomness",
        "_region",
        "_ring",
        "_storage",
    )

    def __init__(
        self,
        *,
        storage: Storage,
        directory: PrincipalDirectory,
        issuer: Issuer,
        ring: KeyRing,
        randomness: Randomness,
        lifetimes: Lifetimes,
        region: str,
    ) -> None:
        self._storage = storage
        self._directory = directory
        self._issuer = issuer
        self._ring = ring
        self._randomness = randomness
        self._lifetimes = lifetimes
        self._region = region

    async def redeem(self, grant: CodeGrant, call: TokenCall) -> TokenSet:
        """Raises a SignInError, after its audit row is written."""
        try:
            claims = open_code(self._ring, grant.code.reveal())[0]
        except SealBroken as broken:
            refusal = InvalidRequest(_NOT_VALID, detail=f"unknown code: {broken}")
            await self._storage.audit.append(_event(None, call, refusal=refusal))
            raise refusal from None
        try:
            check_code_life(claims, now=call.now, lifetime=self._lifetimes.code)
            return self._answer(await self._redeem(claims, grant, call), call)
        except _Burnt as burnt:
            raise burnt.refusal from None  # the row that burnt the code is its audit row
        except SignInError as refusal:
            await self._storage.audit.append(_event(claims, call, refusal=refusal))
            raise

    async def _redeem(self, claims: CodeClaims, grant: CodeGrant, call: TokenCall) -> Redemption:
        """Decide and write; decide anew when the account changed between the two."""
        for _ in range(_MOST_DECISIONS):
            try:
                _check_presenter(claims, grant)
                snapshot, role_session = await self._check_principal(claims, grant, call)
            except SignInError as refusal:
                await self._burn(claims, call, refusal)
                raise _Burnt(refusal) from None
            session = self._begin_session(claims, snapshot, role_session, call)
            audit = _event(claims, call, session=session)
            redemption = await self._storage.login_sessions.redeem(
                self._redemption(claims, call, audit, session, snapshot.revision)
            )
            if redemption.outcome == "redeemed":
                await self._note_origin(session, call)
            if redemption.outcome != "stale":
                return redemption
        raise ServerError(
            "the account is changing, try again", detail="the revision moved under each decision"
        )

    async def _note_origin(self, session: LoginSession, call: TokenCall) -> None:
        """For its person's own page. Should this write be lost, the page says less."""
        await self._storage.session_origins.note_origin(origin_of(session, call.caller))

    async def _check_principal(
        self, claims: CodeClaims, grant: CodeGrant, call: TokenCall
    ) -> tuple[PrincipalSnapshot, RoleSession | None]:
        """Always on a fresh snapshot: a refusal would cost the code.

        The browser's session is read after the revision: a single logout after that read has raised it.
        """
        snapshot = await self._directory.load(
            claims.account_id, claims.principal_kind, claims.principal_id, fresh=True
        )
        role_session = await self._load_role_session(claims, call)
        owner = bound_owner(role_session)
        if owner is not None:
            check_owner(
                owner, await self._directory.load(owner.account_id, "user", owner.principal_id, fresh=True)
            )
        snapshot = check_grantee(
            snapshot,
            claims,
            role_session=role_session,
            redirect_uri=grant.redirect_uri,
            call=call,
            region=self._region,
        )
        return snapshot, role_session

    async def _load_role_session(self, claims: CodeClaims, call: TokenCall) -> RoleSession | None:
        """Tags and identity of the browser's session that asked for the code. Raises TokenExpired."""
        if not claims.sign_in_session_id:
            return None
        session = await self._storage.sign_in_sessions.load_sign_in_session(
            claims.sign_in_session_id, now=call.now
        )
        if session is None:
            raise TokenExpired("the session has ended, log in again", detail="the browser's session is over")
        return session.role_session

    async def _burn(self, claims: CodeClaims, call: TokenCall, refusal: SignInError) -> None:
        """Use the code up without a session."""
        outcome = await self._storage.login_sessions.redeem(
            self._redemption(claims, call, _event(claims, call, refusal=refusal), None, -1)
        )
        if outcome.outcome == "proof_replayed":
            raise InvalidDpopProof("the DPoP proof was used before with another request")
        if outcome.outcome == "replayed":
            raise InvalidRequest(_NOT_VALID, detail="a used code was presented again; its session is revoked")

    def _answer(self, redemption: Redemption, call: TokenCall) -> TokenSet:
        if redemption.outcome == "proof_replayed":
            raise InvalidDpopProof("the DPoP proof was used before with another request")
        if redemption.outcome in ("replayed", "burnt"):
            raise InvalidRequest(_NOT_VALID, detail=f"code {redemption.outcome}")
        session = redemption.session
        assert session is not None, "redeemed and repeated name their session"
        if session.generation != 0 or call.now >= self._issuer.expires_at(session):
            raise InvalidRequest(_NOT_VALID, detail="repeated after the session went on")
        return self._issuer.issue(session, now=call.now, with_id_token=True)

    def _begin_session(
        self,
        claims: CodeClaims,
        snapshot: PrincipalSnapshot,
        role_session: RoleSession | None,
        call: TokenCall,
    ) -> LoginSession:
        ends_at = call.now + self._lifetimes.login_session
        if claims.session_ends_at:
            ends_at = min(ends_at, claims.session_ends_at)
        return LoginSession(
            session_id=self._randomness.uuid(),
            account_id=claims.account_id,
            principal_kind=claims.principal_kind,
            principal_arn=login_arn(snapshot, claims.principal_id),
            principal_id=claims.principal_id,
            credentials_epoch=claims.credentials_epoch,
            client_id=claims.client_id,
            dpop_jkt=call.dpop_jkt,
            generation=0,
            rotated_at=call.now,
            sealed_by=self._ring.current.key_id,
            created_at=call.now,
            ends_at=ends_at,
            role_session=role_session,
            mfa_at=claims.mfa_at,
        )

    def _redemption(
        self,
        claims: CodeClaims,
        call: TokenCall,
        audit: AuditEvent,
        session: LoginSession | None,
        revision: int,
    ) -> CodeRedemption:
        return CodeRedemption(
            code_id=claims.code_id,
            code_expires_at=claims.issued_at + self._lifetimes.code,
            proof=DpopProof(call.proof_key, call.request_hash, call.proof_expires_at),
            session=session,
            expected_revision=revision,
            audit=audit,
            now=call.now,
        )


class _Burnt(Exception):
    """The code is used up; `refusal` is what the client hears."""

    def __init__(self, refusal: SignInError) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def _check_presenter(claims: CodeClaims, grant: CodeGrant) -> None:
    """The code was made for this client, this redirect URI and the holder of this verifier."""
    if grant.client_id != claims.client_id:
        raise InvalidRequest("the authorization code was issued to another client")
    check_redirect_uri(claims, grant.redirect_uri)
    verify_code_verifier(grant.code_verifier.reveal(), claims.code_challenge)


def _event(
    claims: CodeClaims | None,
    call: TokenCall,
    *,
    session: LoginSession | None = None,
    refusal: SignInError | None = None,
) -> AuditEvent:
    account_id = principal_arn = ""
    detail: dict[str, str | int | bool] = {"grant_type": "authorization_code"}
    if claims is not None:
        account_id = claims.account_id
        detail["client_id"] = claims.client_id
        detail["principal_id"] = claims.principal_id
    if session is not None:
        principal_arn = session.principal_arn
        detail |= identity_detail(session.role_session)
    return token_event(call, principal=(account_id, principal_arn), detail=detail, refusal=refusal)
