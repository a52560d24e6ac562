"""One request to STS or IAM whose signature holds: who calls, from where, when. And whether it may.

Only the authentication in `web/query_authentication.py` makes a `VerifiedCall`; flows take one as proof.
`check_allowed` is the one place where a refusal gets its words (IAM user guide, "Access denied error
messages"); only the caller's own ARN and what the caller named are in them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from daypass.policy.decision import Decision, Effect
from daypass.policy.document import PolicyDocument
from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import AccessDenied, ValidationError
from daypass.server.domain.audit import Caller
from daypass.server.domain.principal import PrincipalSnapshot, authorize, global_condition_values
from daypass.server.domain.session_values import claims_values
from daypass.server.domain.tokens import SessionClaims

__all__ = ["VerifiedCall", "access_refusal"]


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
        self, action: str, resource: str, condition_values: Mapping[str, ConditionValue] | None = None
    ) -> Decision:
        """What the caller's identity policies say."""
        return authorize(
            self.principal,
            action=action,
            resource=resource,
            caller=self.caller,
            now=self.now,
            region=self.region,
            userid=self.userid,
            condition_values={**self._session_values(), **(condition_values or {})},
        )

    def check_allowed(
        self, action: str, resource: str, condition_values: Mapping[str, ConditionValue] | None = None
    ) -> None:
        """Raises AccessDenied when the caller's identity policies do not allow this."""
        decision = self.decide(action, resource, condition_values)
        if not decision.is_allowed:
            raise access_refusal(self.claims.principal_arn, decision)

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


def access_refusal(principal_arn: str, decision: Decision) -> AccessDenied:
    """The refusal for a decision that is not an allow. The deciding statement goes to the log only."""
    if decision.effect is Effect.EXPLICIT_DENY:
        reason = "with an explicit deny in an identity-based policy"
    else:
        reason = f"because no identity-based policy allows the {decision.action} action"
    statement = decision.decided_by
    return AccessDenied(
        f"User: {principal_arn} is not authorized to perform: {decision.action} on resource: "
        f"{decision.resource} {reason}",
        detail="" if statement is None else f"{statement.policy}#{statement.index} {statement.sid}".strip(),
    )
