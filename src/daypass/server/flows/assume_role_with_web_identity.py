"""AssumeRoleWithWebIdentity: an OpenID Connect token becomes credentials (STS reference, same name).

The provider is the one of the role's account whose URL is the token's issuer. The token is verified against it,
then the role's trust policy decides over its claims. The provider or role that does not exist is refused in the
words of one that does not trust.
"""

import re
from dataclasses import dataclass

from daypass.protocol.aws.errors import AccessDenied
from daypass.secret import Secret
from daypass.server.domain.assumed_role import (
    KEY_SEED_BYTES,
    check_duration,
    check_role_maximum,
    issue_assumed_role,
    parse_role_arn,
)
from daypass.server.domain.federated_caller import (
    ASSUME_WITH_WEB_IDENTITY,
    FederatedCaller,
    check_federated_trust,
    federation_refusal,
    role_session_of,
)
from daypass.server.domain.identity_provider import OidcProvider, provider_path
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.session_scope import SessionScope, build_scope
from daypass.server.domain.unsigned_call import FederatedRole, FederationDenied, UnsignedCall
from daypass.server.domain.web_identity_claims import read_web_identity_caller
from daypass.server.ports.clock import Randomness
from daypass.server.ports.oidc import OpenIdRelyingParty
from daypass.server.ports.session_policies import SessionPolicyCheck
from daypass.server.ports.storage import Storage

__all__ = ["WebIdentityRoleAssumption"]

_is_issuer = re.compile(r"https?://[A-Za-z0-9._:-]{1,255}(?:/[\x21-\x7e]{0,255})?").fullmatch
"""Of a token nobody has verified: it becomes a key into the database."""


@dataclass(frozen=True, slots=True)
class WebIdentityRoleAssumption:
    """The story of AssumeRoleWithWebIdentity, over the ports it needs."""

    storage: Storage
    ring: KeyRing
    randomness: Randomness
    oidc: OpenIdRelyingParty
    session_policies: SessionPolicyCheck

    async def assume_role(
        self,
        call: UnsignedCall,
        *,
        role_arn: str,
        role_session_name: str,
        web_identity_token: Secret,
        duration_seconds: int | None = None,
        policy: str | None = None,
        policy_arns: tuple[str, ...] = (),
    ) -> FederatedRole:
        """Raises InvalidIdentityToken, ExpiredIdentityToken, IDPRejectedClaim, IDPCommunicationError, AccessDenied,
        ValidationError, MalformedPolicyDocument, PackedPolicyTooLarge.
        """
        duration = check_duration(duration_seconds)
        scope = build_scope(policy=policy, policy_arns=policy_arns)
        account_id, _ = parse_role_arn(role_arn)
        provider = await self._load_provider(account_id, self.oidc.read_issuer(web_identity_token))
        token = await self.oidc.verify_token(provider, web_identity_token, now=call.now)
        who = read_web_identity_caller(token, provider, session_name=role_session_name)
        try:
            return await self._assume(
                call, role_arn, who, audience=token.audience, duration=duration, scope=scope
            )
        except AccessDenied as denied:
            raise FederationDenied(denied, who) from None

    async def _load_provider(self, account_id: str, issuer: str) -> OidcProvider:
        if not _is_issuer(issuer):
            raise federation_refusal(ASSUME_WITH_WEB_IDENTITY, detail="the issuer is no URL of a provider")
        arn = f"arn:aws:iam::{account_id}:oidc-provider/{provider_path(issuer)}"
        provider = await self.storage.oidc_providers.load_oidc_provider(arn)
        if provider is None or provider.url != issuer:
            raise federation_refusal(
                ASSUME_WITH_WEB_IDENTITY, detail="no such provider in the role's account"
            )
        return provider

    async def _assume(
        self,
        call: UnsignedCall,
        role_arn: str,
        who: FederatedCaller,
        *,
        audience: str,
        duration: int,
        scope: SessionScope | None,
    ) -> FederatedRole:
        role = await self.storage.roles.load_role(*parse_role_arn(role_arn))
        if role is None or role.arn != role_arn:
            raise federation_refusal(who.action, detail="no such role")
        check_federated_trust(role, who, caller=call.caller, now=call.now, region=call.region)
        check_role_maximum(role, duration)
        await self.session_policies.check_exist(role.account_id, scope.policy_arns if scope else ())
        assumed = issue_assumed_role(
            self.ring,
            role,
            role_session_of(role, who),
            session_name=who.session_name,
            key_seed=self.randomness.token_bytes(KEY_SEED_BYTES),
            now=call.now,
            expires_at=call.now + duration,
            scope=scope,
        )
        return FederatedRole(who, assumed, audience)
