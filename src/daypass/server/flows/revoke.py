"""The revocation story (RFC 7009): a terminal signs out, and its chain of refresh tokens ends here and now.

The token is bound to a key, so only who proves that key may revoke it; a proof used twice revokes what is
revoked already, so proofs are not remembered. A token that is not ours, or ended long ago, is answered like one
that was just revoked (§2.2): the person wants it gone, and it is. Credentials already handed out end
within seconds where the principal is read anew (`domain.caller_credentials.check_login_lives`).
"""

import hmac

from daypass.protocol.oauth.errors import InvalidDpopProof
from daypass.secret import Secret
from daypass.server.domain.audit import Caller
from daypass.server.domain.key_ring import KeyRing, SealBroken
from daypass.server.domain.principal import login_arn
from daypass.server.domain.sign_in_events import identity_detail, sign_in_event
from daypass.server.domain.tokens import RefreshClaims, open_refresh_token
from daypass.server.ports.clock import Randomness
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.storage import AuditStore, LoginSessionStore

__all__ = ["RevokeFlow"]


class RevokeFlow:
    """The story with its neighbours."""

    __slots__ = ("_audit", "_directory", "_randomness", "_ring", "_sessions")

    def __init__(
        self,
        *,
        sessions: LoginSessionStore,
        audit: AuditStore,
        directory: PrincipalDirectory,
        ring: KeyRing,
        randomness: Randomness,
    ) -> None:
        self._sessions = sessions
        self._audit = audit
        self._directory = directory
        self._ring = ring
        self._randomness = randomness

    async def revoke(self, refresh_token: Secret, *, dpop_jkt: str, caller: Caller, now: int) -> bool:
        """End the session behind the token. False when there was nothing left to end.

        Raises InvalidDpopProof for a token that is bound to another key.
        """
        try:
            claims = open_refresh_token(self._ring, refresh_token.reveal())[0]
        except SealBroken:
            return False
        if not hmac.compare_digest(claims.dpop_jkt.encode(), dpop_jkt.encode()):
            raise InvalidDpopProof("the refresh token is bound to another key")
        is_revoked = await self._sessions.revoke_login_session(claims.login_session_id, now=now)
        if is_revoked:
            await self._record(claims, caller, now)
        return is_revoked

    async def _record(self, claims: RefreshClaims, caller: Caller, now: int) -> None:
        snapshot = await self._directory.load(claims.account_id, claims.principal_kind, claims.principal_id)
        principal_arn = "" if snapshot is None else login_arn(snapshot, claims.principal_id)
        await self._audit.append(
            sign_in_event(
                "RevokeOAuth2Token",
                event_id=self._randomness.uuid(),
                caller=caller,
                now=now,
                principal=(claims.account_id, principal_arn),
                detail={
                    "login_session": claims.login_session_id,
                    "client_id": claims.client_id,
                    **identity_detail(claims.role_session),
                },
            )
        )
