"""AssumeRoleWithSAML: an assertion becomes credentials (STS reference, "AssumeRoleWithSAML").

The provider named must have signed the assertion, the assertion must name the pair of role and provider, and
the role's trust policy must take it. The provider or role that does not exist is refused in the words of one
that does not trust. An assertion may be used again while it lives, as AWS allows: tools take several roles with
one. So its id is not remembered here; the sign-in pages remember it.
"""

from dataclasses import dataclass

from daypass.protocol.aws.arn import parse_arn
from daypass.protocol.aws.errors import AccessDenied, ValidationError
from daypass.server.domain.assumed_role import (
    DEFAULT_DURATION,
    KEY_SEED_BYTES,
    check_duration,
    check_role_maximum,
    issue_assumed_role,
    parse_role_arn,
)
from daypass.server.domain.federated_caller import (
    ASSUME_WITH_SAML,
    FederatedCaller,
    check_federated_trust,
    federation_refusal,
    not_after_provider,
    role_session_of,
)
from daypass.server.domain.federation_places import saml_audiences
from daypass.server.domain.identity_provider import SamlProvider
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.saml_claims import RolePair, read_role_pairs, read_saml_caller
from daypass.server.domain.saml_keys import open_service_keys
from daypass.server.domain.session_scope import SessionScope, build_scope
from daypass.server.domain.unsigned_call import FederatedRole, FederationDenied, UnsignedCall
from daypass.server.domain.verified_identity import VerifiedAssertion
from daypass.server.ports.clock import Randomness
from daypass.server.ports.saml import SamlServiceProvider
from daypass.server.ports.session_policies import SessionPolicyCheck
from daypass.server.ports.storage import Storage

__all__ = ["SamlRoleAssumption"]


@dataclass(frozen=True, slots=True)
class SamlRoleAssumption:
    """The story of AssumeRoleWithSAML, over the ports it needs."""

    storage: Storage
    ring: KeyRing
    randomness: Randomness
    saml: SamlServiceProvider
    own_urls: frozenset[str]
    """Every address of this server, without trailing slash."""
    session_policies: SessionPolicyCheck

    async def assume_role(
        self,
        call: UnsignedCall,
        *,
        role_arn: str,
        principal_arn: str,
        saml_assertion: str,
        duration_seconds: int | None = None,
        policy: str | None = None,
        policy_arns: tuple[str, ...] = (),
    ) -> FederatedRole:
        """Raises InvalidIdentityToken, ExpiredIdentityToken, IDPRejectedClaim, AccessDenied, ValidationError,
        MalformedPolicyDocument, PackedPolicyTooLarge.
        """
        check_duration(duration_seconds)
        scope = build_scope(policy=policy, policy_arns=policy_arns)
        parse_role_arn(role_arn)
        provider = await self._load_provider(principal_arn)
        assertion = self._verify(provider, saml_assertion, now=call.now)
        who = read_saml_caller(assertion)
        try:
            if RolePair(role_arn, provider.arn) not in read_role_pairs(assertion):
                raise federation_refusal(who.action, detail="the assertion does not name this role")
            return await self._assume(call, role_arn, who, assertion, duration_seconds, scope)
        except AccessDenied as denied:
            raise FederationDenied(denied, who) from None

    async def _load_provider(self, principal_arn: str) -> SamlProvider:
        arn = parse_arn(principal_arn)
        if arn.service != "iam" or not arn.resource.startswith("saml-provider/"):
            raise ValidationError("The principal ARN is not the ARN of a SAML provider")
        provider = await self.storage.saml_providers.load_saml_provider(principal_arn)
        if provider is None:
            raise federation_refusal(ASSUME_WITH_SAML, detail="no such provider")
        return provider

    def _verify(self, provider: SamlProvider, saml_assertion: str, *, now: int) -> VerifiedAssertion:
        _, decryption_keys = open_service_keys(self.ring, provider)
        places = saml_audiences(self.own_urls, provider)  # a response made for either may be brought here
        return self.saml.verify_response(
            saml_assertion,
            provider,
            decryption_keys=decryption_keys,
            recipients=places,
            audiences=places,
            now=now,
        )

    async def _assume(
        self,
        call: UnsignedCall,
        role_arn: str,
        who: FederatedCaller,
        assertion: VerifiedAssertion,
        duration_seconds: int | None,
        scope: SessionScope | None,
    ) -> FederatedRole:
        role = await self.storage.roles.load_role(*parse_role_arn(role_arn))
        if role is None or role.arn != role_arn:
            raise federation_refusal(who.action, detail="no such role")
        check_federated_trust(role, who, caller=call.caller, now=call.now, region=call.region)
        asked = [seconds for seconds in (duration_seconds, who.asked_duration) if seconds is not None]
        duration = min(asked, default=DEFAULT_DURATION)
        check_role_maximum(role, duration)
        await self.session_policies.check_exist(role.account_id, scope.policy_arns if scope else ())
        assumed = issue_assumed_role(
            self.ring,
            role,
            role_session_of(role, who),
            session_name=who.session_name,
            key_seed=self.randomness.token_bytes(KEY_SEED_BYTES),
            now=call.now,
            expires_at=not_after_provider(who, call.now + duration, now=call.now),
            scope=scope,
        )
        return FederatedRole(who, assumed, assertion.audience, assertion.name_qualifier)
