"""One request to STS or IAM whose signature holds: who calls, from where, when. And whether it may.

Only the authentication in `web/query_authentication.py` makes a `VerifiedCall`; flows take one as proof.
A refusal gets its words in `access_refusal.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from daypass.policy.decision import Decision
from daypass.policy.document import PolicyDocument
from daypass.policy.layers import ResourcePolicy
from daypass.policy.principals import Caller as PolicyCaller
from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import ValidationError
from daypass.server.domain.access_refusal import RefusedRequest, access_refusal
from daypass.server.domain.audit import Caller
from daypass.server.domain.principal import PrincipalSnapshot, authorize, global_condition_values
from daypass.server.domain.session_values import claims_values
from daypass.server.domain.tokens import SessionClaims

__all__ = ["VerifiedCall"]


@dataclass(frozen=True, slots=True)
class VerifiedCall:
    """A call proven by its signature, and its principal as the directory knows it."""

    claims: SessionClaims
    principal: PrincipalSnapshot
    caller: Caller
    now: int
    """Epoch seconds."""
    region: str
    """The region of the credential scope; any well-formed one."""
    session_policies: tuple[PolicyDocument, ...] = ()
    """What narrows these credentials; empty means nothing does."""

    @property
    def userid(self) -> str:
        """aws:userid."""
        return self.claims.userid or self.claims.principal_id

    @property
    def account_id(self) -> str:
        """The caller's account."""
        return self.claims.account_id

    def own_user_name(self) -> str:
        """The calling user's name, for operations whose UserName may be left out. Raises ValidationError."""
        if self.principal.kind != "user":
            raise ValidationError("Must specify userName when calling with non-User credentials")
        return self.principal.name

    def decide(
        self,
        action: str,
        resource: str,
        condition_values: Mapping[str, ConditionValue] | None = None,
        *,
        resource_policy: ResourcePolicy | None = None,
    ) -> Decision:
        """What all policies over this call say, the resource's own among them where it has one."""
        return authorize(
            self.principal,
            action=action,
            resource=resource,
            caller=self.caller,
            now=self.now,
            region=self.region,
            userid=self.userid,
            condition_values={**self._session_values(), **(condition_values or {})},
            session_policies=self.session_policies,
            resource_policy=resource_policy,
        )

    def check_allowed(
        self, action: str, resource: str, condition_values: Mapping[str, ConditionValue] | None = None
    ) -> None:
        """Raises AccessRefused when the policies do not allow this."""
        decision = self.decide(action, resource, condition_values)
        if not decision.is_allowed:
            raise access_refusal(self.refused(decision, condition_values))

    def refused(
        self, decision: Decision, condition_values: Mapping[str, ConditionValue] | None = None
    ) -> RefusedRequest:
        """What a refusal keeps of this call."""
        values = {**self.condition_values(), **(condition_values or {})}
        return RefusedRequest(self.account_id, self.claims.principal_arn, self.userid, decision, values)

    def resource_caller(self) -> PolicyCaller:
        """Whom a resource's policy must name to mean this caller."""
        is_session = self.principal.kind == "role" or bool(self.claims.userid)
        return PolicyCaller(
            self.principal.arn,
            self.account_id,
            session_arn=self.claims.principal_arn if is_session else None,
        )

    def condition_values(self) -> dict[str, ConditionValue]:
        """The global condition keys of this call, for policies of resources."""
        values = global_condition_values(
            self.principal,
            caller=self.caller,
            now=self.now,
            region=self.region,
            userid=self.userid,
        )
        values.update(self._session_values())
        return values

    def _session_values(self) -> dict[str, ConditionValue]:
        """The keys that come from the credentials."""
        return claims_values(self.claims, principal_tags=self.principal.tags, now=self.now)
