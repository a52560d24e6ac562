"""The built-in issuer: credentials that our own STS, IAM and gateway verify.

Everything is derived from the login session's row and the key that sealed its generation, and nothing is
stored: access key id, secret, session token and successor refresh token of one generation are a pure
function. That is what makes a repeated refresh return the identical answer (Sign-In API reference,
CreateOAuth2Token: idempotent within the validity window).
"""

import msgspec

from daypass.protocol.oauth.id_token import build_id_token
from daypass.protocol.oauth.token_response import TokenSet
from daypass.secret import Secret
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.role_session import RoleSession, federated_provider_of
from daypass.server.domain.session import LoginSession
from daypass.server.domain.tokens import (
    RefreshClaims,
    SessionClaims,
    access_key_id,
    seal_refresh_token,
    seal_session_token,
    temporary_secret_key,
)

__all__ = ["BuiltInIssuer"]


class BuiltInIssuer:
    """`ports.issuer.Issuer` over the key ring."""

    __slots__ = ("_credentials_lifetime", "_id_token_issuer", "_ring")

    def __init__(self, ring: KeyRing, *, credentials_lifetime: int, id_token_issuer: str) -> None:
        self._ring = ring
        self._credentials_lifetime = credentials_lifetime
        self._id_token_issuer = id_token_issuer

    def expires_at(self, session: LoginSession) -> int:
        """The credentials' life, cut at the session's absolute end."""
        return min(session.rotated_at + self._credentials_lifetime, session.ends_at)

    def issue(self, session: LoginSession, *, now: int, with_id_token: bool) -> TokenSet:
        """See the port."""
        expires_in = self.expires_at(session) - now
        if expires_in < 1:
            raise ValueError("these credentials are over")
        claims = self._session_claims(session)
        return TokenSet(
            access_key_id=claims.access_key_id,
            secret_access_key=Secret(temporary_secret_key(self._ring, claims, key_id=session.sealed_by)),
            session_token=Secret(seal_session_token(self._ring, claims, key_id=session.sealed_by)),
            expires_in=min(expires_in, self._credentials_lifetime),
            refresh_token=Secret(self._refresh_token(session)),
            id_token=self._id_token(session) if with_id_token else None,
        )

    def _session_claims(self, session: LoginSession) -> SessionClaims:
        seed = self._ring.derive(
            "access-key",
            f"{session.session_id}|{session.generation}|{session.rotated_at}".encode(),
            key_id=session.sealed_by,
        )
        claims = SessionClaims(
            access_key_id=access_key_id(session.account_id, seed),
            account_id=session.account_id,
            principal_kind=session.principal_kind,
            principal_arn=session.principal_arn,
            principal_id=session.principal_id,
            issued_at=session.rotated_at,
            expires_at=self.expires_at(session),
            login_session_id=session.session_id,
            mfa_at=session.mfa_at,
            scope=session.scope,
        )
        return claims if session.role_session is None else _with_role_session(claims, session.role_session)

    def _refresh_token(self, session: LoginSession) -> str:
        claims = RefreshClaims(
            login_session_id=session.session_id,
            generation=session.generation,
            dpop_jkt=session.dpop_jkt,
            client_id=session.client_id,
            account_id=session.account_id,
            ends_at=session.ends_at,
            principal_kind=session.principal_kind,
            principal_id=session.principal_id,
            credentials_epoch=session.credentials_epoch,
            role_session=session.role_session,
            mfa_at=session.mfa_at,
        )
        return seal_refresh_token(self._ring, claims, key_id=session.sealed_by)

    def _id_token(self, session: LoginSession) -> str:
        key_id = session.sealed_by
        return build_id_token(
            self._ring.id_token_key(key_id),
            key_id=key_id,
            issuer=self._id_token_issuer,
            subject=session.principal_arn,
            audience=session.client_id,
            now=session.rotated_at,
            session_ends_at=session.ends_at,
        )


def _with_role_session(claims: SessionClaims, role_session: RoleSession) -> SessionClaims:
    """The role, and what policies ask about its session."""
    return msgspec.structs.replace(
        claims,
        role_arn=role_session.role_arn,
        source_identity=role_session.source_identity,
        tags=role_session.tags,
        transitive_tag_keys=role_session.transitive_tag_keys,
        federated_provider=federated_provider_of(role_session.identity),
        owner=role_session.owner,
    )
