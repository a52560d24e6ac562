"""Several kinds of policies, one decision (IAM user guide, "Policy evaluation logic").

    explicit deny      in any of them                                    refuses
    service control    of the caller's account, where there are any      must allow; binds root too
    resource           where the resource is another account's, or a role must allow
    identity           of the caller; root needs none                    must allow
    boundary           of the caller, where there is one                 must allow
    session            of the credentials, where there are any           must allow

Within one account an Allow of the resource's policy may stand in for those below it; how many of them is said by
`_WITHHELD`, and never for one that denies. A trust policy's Allow must be there besides, and makes up for missing
identity policies only, and only where it names the caller. In another account both sides must allow, and nothing
stands in for anything.

Each kind is asked once and on its own (`weigh`), so that no order of statements or policies can matter and
`explain` can show them all; the order of the table only says which of several reasons a refusal names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from daypass.policy.decision import Decision, Effect, PolicyType
from daypass.policy.document import PolicyDocument
from daypass.policy.evaluation import evaluate_folded, evaluate_resource, settled_decision
from daypass.policy.principals import Caller, Grant
from daypass.policy.request_context import FoldedValues, RequestContext

__all__ = ["Layers", "ResourcePolicy", "Verdict", "conclude", "decide", "settled_layers", "weigh"]


@dataclass(frozen=True, slots=True)
class Layers:
    """The policies on the caller's side."""

    identity: tuple[PolicyDocument, ...] | None
    """None for root, who needs none."""
    boundary: PolicyDocument | None = None
    session: tuple[PolicyDocument, ...] = ()
    """Empty when nothing narrows the credentials; several allow together what any of them allows."""
    service_control: tuple[PolicyDocument, ...] = ()
    """Empty when the account has no ceiling; several allow together what any of them allows."""

    def sets(self) -> Iterator[tuple[PolicyType, tuple[PolicyDocument, ...]]]:
        """What must allow, in the order of the module's table."""
        if self.service_control:
            yield PolicyType.SERVICE_CONTROL, self.service_control
        if self.identity is not None:
            yield PolicyType.IDENTITY, self.identity
        if self.boundary is not None:
            yield PolicyType.BOUNDARY, (self.boundary,)
        if self.session:
            yield PolicyType.SESSION, self.session


@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    """The resource's side, and who the caller is to it."""

    document: PolicyDocument | None
    """None when the resource has no policy."""
    caller: Caller
    owner_account_id: str
    """Of the resource."""

    @property
    def is_cross_account(self) -> bool:
        """Whether two accounts have to agree."""
        return self.caller.account_id != self.owner_account_id

    @property
    def is_required(self) -> bool:
        """Whether nothing is allowed without it."""
        return self.is_cross_account or (self.document is not None and self.document.kind == "trust")

    def withheld(self, grant: Grant) -> frozenset[PolicyType]:
        """Whose silence this allow makes up for."""
        if self.is_cross_account or self.document is None:
            return _WITHHELD[Grant.NONE]
        if self.document.kind == "trust":
            return _WITHHELD[Grant.ROLE if grant >= Grant.ROLE else Grant.NONE]
        return _WITHHELD[grant]


_WITHHELD: Mapping[Grant, frozenset[PolicyType]] = {
    Grant.NONE: frozenset(),
    Grant.ACCOUNT: frozenset(),
    Grant.EVERYBODY: frozenset({PolicyType.IDENTITY}),
    Grant.ROLE: frozenset({PolicyType.IDENTITY}),
    Grant.USER: frozenset({PolicyType.IDENTITY, PolicyType.BOUNDARY}),
    Grant.SESSION: frozenset({PolicyType.IDENTITY, PolicyType.BOUNDARY, PolicyType.SESSION}),
}
"""Within one account: the layers whose implicit deny does not count (see `principals.Grant` for the source)."""


class Verdict(NamedTuple):
    """What one kind of policy says. A tuple for the reason `Decision` is one."""

    decision: Decision
    """Its `policy_type` is the kind."""
    is_needed: bool
    """Whether the request is refused unless this allows."""


def decide(
    layers: Layers, context: RequestContext, resource_policy: ResourcePolicy | None = None
) -> Decision:
    """The decision of all layers together. Never raises."""
    return conclude(weigh(layers, context, resource_policy), context)


def weigh(
    layers: Layers,
    context: RequestContext,
    resource_policy: ResourcePolicy | None = None,
    *,
    is_remembered: bool = True,
) -> list[Verdict]:
    """What each kind of policy that is there says, in the order of the module's table.

    `is_remembered` is False for policies that nobody has (`evaluation.evaluate_folded`).
    """
    values = FoldedValues(context.condition_values)
    verdicts: list[Verdict] = []
    withheld: frozenset[PolicyType] = frozenset()
    if resource_policy is not None:
        caller = resource_policy.caller if layers.boundary is None else _bounded(resource_policy.caller)
        verdict, withheld = _weigh_resource(
            resource_policy, caller, context, values, is_remembered=is_remembered
        )
        verdicts.append(verdict)
    for policy_type, policies in layers.sets():
        decision = evaluate_folded(policies, context, values, policy_type, is_remembered=is_remembered)
        verdicts.append(Verdict(decision, policy_type not in withheld))
    if layers.service_control and resource_policy is not None:
        verdicts[0], verdicts[1] = verdicts[1], verdicts[0]
    return verdicts


@lru_cache(maxsize=1024)
def _bounded(caller: Caller) -> Caller:
    """The caller as one whom a permissions boundary limits. Remembered: it is asked on each of its requests."""
    return replace(caller, is_bounded=True)


def _weigh_resource(
    resource_policy: ResourcePolicy,
    caller: Caller,
    context: RequestContext,
    values: FoldedValues,
    *,
    is_remembered: bool,
) -> tuple[Verdict, frozenset[PolicyType]]:
    if resource_policy.document is None:
        decision = Decision(Effect.IMPLICIT_DENY, context.action, context.resource, None, PolicyType.RESOURCE)
        return Verdict(decision, resource_policy.is_required), frozenset()
    decision, grant = evaluate_resource(
        resource_policy.document, context, caller, values, is_remembered=is_remembered
    )
    return Verdict(decision, resource_policy.is_required), resource_policy.withheld(grant)


def conclude(verdicts: list[Verdict], context: RequestContext) -> Decision:
    """An explicit deny of any; else the first that is needed and does not allow; else the allow.

    The allow that is named is the identity policies', or the resource policy's where those have none.
    """
    allowing: Decision | None = None
    refusing: Decision | None = None
    for verdict in verdicts:
        decision = verdict.decision
        if decision.effect is Effect.EXPLICIT_DENY:
            return decision
        if decision.effect is Effect.IMPLICIT_DENY:
            if verdict.is_needed and refusing is None:
                refusing = decision
        elif decision.policy_type is PolicyType.IDENTITY or (
            decision.policy_type is PolicyType.RESOURCE and allowing is None
        ):
            allowing = decision
    return refusing or allowing or Decision(Effect.ALLOWED, context.action, context.resource, None)


def settled_layers(layers: Layers, action: str, resource: str) -> Decision | None:
    """What `decide` without a resource policy says whatever the condition values are, if every layer knows that."""
    verdicts = []
    for policy_type, policies in layers.sets():
        settled = settled_decision(policies, action, resource, policy_type)
        if settled is None:
            return None
        verdicts.append(Verdict(settled, is_needed=True))
    return conclude(verdicts, RequestContext(action, resource))
