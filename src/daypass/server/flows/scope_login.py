"""A login makes a smaller one: for an agent, a script, a tool that needs less than its person.

Order: the refresh token and its key; the login behind it, alive and not narrowed itself; the person, as for any refresh;
the proof, used once; the session policies; then one write, which holds only while the parent lives and has
not made too many. The smaller login has
a key, an end and a refresh token of its own, shows on its person's page, and can be revoked alone; it ends with its parent
at the latest. Its session policies go along into every set of credentials (IAM user guide, "Session policies").
"""

import hmac
import re
from dataclasses import dataclass, field

from daypass.protocol.aws.errors import AwsError
from daypass.protocol.oauth.errors import InvalidDpopProof, InvalidRequest, SignInError, TokenExpired
from daypass.protocol.oauth.token_response import TokenSet
from daypass.secret import Secret
from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.key_ring import KeyRing, SealBroken
from daypass.server.domain.principal import login_arn
from daypass.server.domain.session import LoginSession
from daypass.server.domain.session_lineage import bound_owner
from daypass.server.domain.session_origin import origin_of
from daypass.server.domain.session_scope import SessionScope, build_scope
from daypass.server.domain.sign_in_events import token_event
from daypass.server.domain.token_call import TokenCall
from daypass.server.domain.token_grantee import check_grantee, check_owner
from daypass.server.domain.tokens import RefreshClaims, open_refresh_token
from daypass.server.domain.use_once import use_once_key
from daypass.server.ports.clock import Randomness
from daypass.server.ports.issuer import Issuer
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.session_policies import SessionPolicyCheck
from daypass.server.ports.storage import Storage

__all__ = ["MOST_SCOPED", "ScopeLoginFlow", "ScopeRequest"]

MIN_DURATION = 300
"""Seconds."""
MAX_DURATION = 43_200
"""Seconds; and never beyond the parent's end."""
MOST_SCOPED = 50
"""Live ones of one login: enough for every agent of a person, and an end to what a runaway script can write."""

_ENDED = "the login session has ended, log in again"
_is_thumbprint = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII).fullmatch
_is_scope_name = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class ScopeRequest:
    """What is asked for."""

    refresh_token: Secret
    name: str
    """How the person calls it; shown wherever the login is."""
    dpop_jkt: str
    """Thumbprint of the key the new login will prove."""
    policy: str | None = field(default=None, repr=False)
    policy_arns: tuple[str, ...] = ()
    duration_seconds: int = 3600


@dataclass(frozen=True, slots=True)
class ScopeLoginFlow:
    """The story with its neighbours."""

    storage: Storage
    directory: PrincipalDirectory
    issuer: Issuer
    ring: KeyRing
    randomness: Randomness
    session_policies: SessionPolicyCheck
    region: str

    async def scope(self, asked: ScopeRequest, call: TokenCall) -> TokenSet:
        """The tokens of the smaller login. Raises InvalidDpopProof, InvalidRequest, TokenExpired and what any refresh may."""
        claims: RefreshClaims | None = None
        try:
            claims = self._open(asked.refresh_token, call)
            return await self._begin(asked, claims, call)
        except SignInError as refusal:
            await self.storage.audit.append(_refusal_event(claims, call, refusal))
            raise

    async def _begin(self, asked: ScopeRequest, claims: RefreshClaims, call: TokenCall) -> TokenSet:
        parent = await self._load_parent(claims, call.now)
        owner = bound_owner(claims.role_session)
        if owner is not None:
            check_owner(
                owner, await self.directory.load(owner.account_id, "user", owner.principal_id, fresh=True)
            )
        snapshot = check_grantee(
            await self.directory.load(
                claims.account_id, claims.principal_kind, claims.principal_id, fresh=True
            ),
            claims,
            role_session=claims.role_session,
            redirect_uri=None,
            call=call,
            region=self.region,
        )
        scope = await self._build_scope(asked, claims.account_id)
        await self._use_proof(call)
        session = self._session(asked, parent, login_arn(snapshot, claims.principal_id), scope, call.now)
        beginning = await self.storage.login_sessions.begin_scoped_session(
            parent.session_id, session, limit=MOST_SCOPED, now=call.now
        )
        if beginning == "full":
            raise InvalidRequest(
                f"the login has {MOST_SCOPED} narrowed logins already, the most at a time",
                hint="daypass logout --profile NAME, for one that is no longer used; or end them on your own page",
                detail="as many live scoped sessions as one parent may have",
            )
        if beginning == "ended":
            raise TokenExpired(_ENDED, detail="the parent ended, or is narrowed itself")
        await self.storage.session_origins.note_origin(origin_of(session, call.caller))
        await self.storage.audit.append(
            token_event(
                call,
                principal=(session.account_id, session.principal_arn),
                detail={
                    "grant_type": "scoped_session",
                    "scope_name": asked.name,
                    "login_session": session.session_id,
                    "parent_session": parent.session_id,
                },
            )
        )
        return self.issuer.issue(session, now=call.now, with_id_token=True)

    def _open(self, refresh_token: Secret, call: TokenCall) -> RefreshClaims:
        try:
            claims = open_refresh_token(self.ring, refresh_token.reveal())[0]
        except SealBroken as broken:
            raise TokenExpired(_ENDED, detail=str(broken)) from None
        if not hmac.compare_digest(claims.dpop_jkt.encode(), call.dpop_jkt.encode()):
            raise InvalidDpopProof("the refresh token is bound to another key")
        return claims

    async def _load_parent(self, claims: RefreshClaims, now: int) -> LoginSession:
        """Any generation will do: the key is proven, and another process may just have refreshed."""
        parent = await self.storage.login_sessions.load_login_session(claims.login_session_id)
        if parent is None or parent.revoked_at is not None or parent.ends_at <= now:
            raise TokenExpired(_ENDED)
        if parent.scope is not None:
            raise InvalidRequest("a narrowed login cannot make another one")
        return parent

    async def _build_scope(self, asked: ScopeRequest, account_id: str) -> SessionScope:
        if not _is_scope_name(asked.name):
            raise InvalidRequest("the name has 1 to 64 letters, digits and + = , . @ _ -")
        if not _is_thumbprint(asked.dpop_jkt):
            raise InvalidRequest("dpop_jkt is no SHA-256 thumbprint")
        if not MIN_DURATION <= asked.duration_seconds <= MAX_DURATION:
            raise InvalidRequest(f"the duration is {MIN_DURATION} to {MAX_DURATION} seconds")
        try:
            scope = build_scope(policy=asked.policy, policy_arns=asked.policy_arns, name=asked.name)
            await self.session_policies.check_exist(account_id, asked.policy_arns)
        except AwsError as refusal:
            raise InvalidRequest(str(refusal), detail=refusal.code) from None
        if scope is None:
            raise InvalidRequest("a policy or a policy ARN must narrow the login")
        return scope

    async def _use_proof(self, call: TokenCall) -> None:
        """RFC 9449 §11.1. Another table than the token endpoint's: the proof names this endpoint's address."""
        key = use_once_key("scoped-session", call.proof_key)
        if not await self.storage.federation.use_once(key, now=call.now, expires_at=call.proof_expires_at):
            raise InvalidDpopProof("the proof was used before")

    def _session(
        self, asked: ScopeRequest, parent: LoginSession, arn: str, scope: SessionScope, now: int
    ) -> LoginSession:
        return LoginSession(
            session_id=self.randomness.uuid(),
            account_id=parent.account_id,
            principal_kind=parent.principal_kind,
            principal_arn=arn,
            principal_id=parent.principal_id,
            credentials_epoch=parent.credentials_epoch,
            client_id=parent.client_id,
            dpop_jkt=asked.dpop_jkt,
            generation=0,
            rotated_at=now,
            sealed_by=self.ring.current.key_id,
            created_at=now,
            ends_at=min(parent.ends_at, now + asked.duration_seconds),
            role_session=parent.role_session,
            mfa_at=parent.mfa_at,
            scope=scope,
        )


def _refusal_event(claims: RefreshClaims | None, call: TokenCall, refusal: SignInError) -> AuditEvent:
    detail: dict[str, str | int | bool] = {"grant_type": "scoped_session"}
    if claims is not None:
        detail["parent_session"] = claims.login_session_id
    return token_event(
        call, principal=("" if claims is None else claims.account_id, ""), detail=detail, refusal=refusal
    )
