"""`Action=login`: a sign-in token becomes a session in this browser, once.

Order: the seal and the times; the principal as it is now; then in one transaction burn the token, give the browser a new
secret and the session a place in it, and write it down. A browser that is full burns no token. The rules of any sign-in hold: no session under a secret that somebody could have planted, at
most five identities, one audit row either way.
"""

from dataclasses import dataclass, field

from daypass.server.domain.audit import AuditEvent, Caller
from daypass.server.domain.browser import BROWSER_SECRET_LENGTH, browser_hash
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.session import MAX_ACTIVE_SESSIONS, SignInSession
from daypass.server.domain.session_origin import origin_of
from daypass.server.domain.sign_in_events import identity_detail, sign_in_event
from daypass.server.domain.signin_token import (
    SigninToken,
    SigninTokenInvalid,
    open_signin_token,
    token_use_key,
)
from daypass.server.ports.clock import Randomness
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.sign_in_session_storage import UseOnce
from daypass.server.ports.storage import Storage

__all__ = ["BrokerSignIn", "BrokerSignInFlow"]

_LONGEST_ISSUER = 256


@dataclass(frozen=True, slots=True)
class BrokerSignIn:
    """Done. The browser's cookie must now hold `browser_secret`."""

    session: SignInSession
    browser_secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class BrokerSignInFlow:
    """The story with its neighbours."""

    storage: Storage
    directory: PrincipalDirectory
    ring: KeyRing
    randomness: Randomness

    async def sign_in(
        self, text: str, *, issuer: str, old_browser: bytes, caller: Caller, now: int
    ) -> BrokerSignIn:
        """Raises SigninTokenInvalid: `unknown`, `expired`, `gone`, `used`, `full`."""
        token = open_signin_token(self.ring, text, now=now)
        try:
            outcome = await self._begin_session(token, old_browser, issuer, caller, now)
        except SigninTokenInvalid as refusal:
            event = self._event(token, None, issuer, caller, now, error_code=refusal.reason)
            await self.storage.audit.append(event)
            raise
        await self.storage.session_origins.note_origin(origin_of(outcome.session, caller))
        return outcome

    async def _begin_session(
        self, token: SigninToken, old_browser: bytes, issuer: str, caller: Caller, now: int
    ) -> BrokerSignIn:
        snapshot = await self.directory.load(
            token.account_id, token.principal_kind, token.principal_id, fresh=True
        )
        if snapshot is None or snapshot.credentials_epoch != token.credentials_epoch:
            raise SigninTokenInvalid("gone")
        browser_secret = self.randomness.token_bytes(BROWSER_SECRET_LENGTH)
        session = SignInSession(
            session_id=self.randomness.uuid(),
            browser_hash=browser_hash(browser_secret),
            account_id=token.account_id,
            principal_kind=token.principal_kind,
            principal_arn=token.principal_arn,
            principal_id=token.principal_id,
            credentials_epoch=token.credentials_epoch,
            authenticated_at=0,
            expires_at=token.session_ends_at,
            last_used_at=now,
            role_session=token.role_session,
            mfa_at=token.mfa_at,
        )
        placement = await self.storage.sign_in_sessions.place_sign_in_session(
            session,
            old_browser=old_browser,
            limit=MAX_ACTIVE_SESSIONS,
            now=now,
            audit=self._event(token, session, issuer, caller, now),
            once=UseOnce(token_use_key(token), token.expires_at),
        )
        if placement != "placed":
            raise SigninTokenInvalid(placement)
        return BrokerSignIn(session, browser_secret)

    def _event(
        self,
        token: SigninToken,
        session: SignInSession | None,
        issuer: str,
        caller: Caller,
        now: int,
        *,
        error_code: str = "",
    ) -> AuditEvent:
        detail: dict[str, str | int | bool] = {"broker": issuer[:_LONGEST_ISSUER]}
        if session is not None:
            detail["sign_in_session"] = session.session_id
        return sign_in_event(
            "ConsoleLogin",
            event_id=self.randomness.uuid(),
            caller=caller,
            now=now,
            principal=(token.account_id, token.principal_arn),
            error_code=error_code,
            detail={**detail, **identity_detail(token.role_session)},
        )
