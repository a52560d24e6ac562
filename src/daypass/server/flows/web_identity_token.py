"""GetWebIdentityToken: a caller's own identity as a signed statement for other services.

(STS reference, "GetWebIdentityToken".) The token may not outlive the credentials it was asked for with, and the account
may have switched the tokens off.
"""

from dataclasses import dataclass

from daypass.protocol.aws.errors import (
    AccessDenied,
    JwtPayloadSizeExceeded,
    OutboundFederationDisabled,
    SessionDurationEscalation,
    ValidationError,
)
from daypass.secret import Secret
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.resource_tags import request_tag_values
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.domain.web_identity_token import (
    Algorithm,
    NoSigningKey,
    WebIdentity,
    build_web_identity_token,
)
from daypass.server.ports.clock import Randomness
from daypass.server.ports.storage import Storage

__all__ = ["WebIdentityToken", "WebIdentityTokens"]

DEFAULT_DURATION = 300
"""Seconds."""
MAX_TOKEN_SIZE = 20_000
"""Characters: what AssumeRoleWithWebIdentity takes, here and at AWS."""
_SIGN_IN_CLIENTS = "arn:aws:signin:"


@dataclass(frozen=True, slots=True)
class WebIdentityToken:
    """The statement and its end."""

    token: Secret
    expires_at: int


@dataclass(frozen=True, slots=True)
class WebIdentityTokens:
    """The story, over what it needs. `issuer` is the server's URL without trailing slash."""

    storage: Storage
    ring: KeyRing
    randomness: Randomness
    issuer: str

    async def get_web_identity_token(
        self,
        call: VerifiedCall,
        *,
        audience: tuple[str, ...],
        signing_algorithm: Algorithm,
        duration_seconds: int = DEFAULT_DURATION,
        tags: Tags = (),
    ) -> WebIdentityToken:
        """Raises AccessDenied, ValidationError, OutboundFederationDisabled, SessionDurationEscalation,
        JwtPayloadSizeExceeded.
        """
        if call.principal.kind == "root":
            raise AccessDenied("GetWebIdentityToken may not be called by root accounts.")
        if any(name.startswith(_SIGN_IN_CLIENTS) for name in audience):
            raise ValidationError("A sign-in client cannot be the audience of a web identity token")
        values = request_tag_values(tags)
        values["sts:IdentityTokenAudience"] = audience
        values["sts:DurationSeconds"] = str(duration_seconds)
        values["sts:SigningAlgorithm"] = signing_algorithm
        call.check_allowed("sts:GetWebIdentityToken", "*", values)
        if tags:
            call.check_allowed("sts:TagGetWebIdentityToken", "*", values)
        await self._check_enabled(call.account_id)
        expires_at = call.now + duration_seconds
        if expires_at > call.claims.expires_at:
            raise SessionDurationEscalation("The token would outlive the credentials it is asked for with.")
        identity = WebIdentity(
            issuer=self.issuer,
            claims=call.claims,
            principal_tags=(*call.principal.tags, *call.claims.tags),
            audience=audience,
            request_tags=tags,
            token_id=self.randomness.uuid(),
            region=call.region,
            issued_at=call.now,
            expires_at=expires_at,
        )
        return WebIdentityToken(self._sign(identity, signing_algorithm), expires_at)

    async def _check_enabled(self, account_id: str) -> None:
        if not await self.storage.account_settings.is_web_identity_enabled(account_id):
            raise OutboundFederationDisabled(
                "Outbound web identity federation is not enabled for this account."
            )

    def _sign(self, identity: WebIdentity, algorithm: Algorithm) -> Secret:
        try:
            token = build_web_identity_token(self.ring, identity, algorithm)
        except NoSigningKey:
            raise ValidationError(
                "This server has no RSA key: ask for ES384, or its operator for `daypass server upgrade`"
            ) from None
        if len(token) > MAX_TOKEN_SIZE:
            raise JwtPayloadSizeExceeded("The token would be too long; pass fewer tags.")
        return Secret(token)
