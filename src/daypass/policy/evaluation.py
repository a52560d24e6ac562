"""The decision: an explicit deny wins, else an allow, else the implicit deny.

(IAM reference, "Policy evaluation logic".) `evaluate` asks identity policies, `evaluate_trust` a role's
trust policy. Both name the deciding statement: the first deny in the order given, else the first allow.

What no request can change is worked out once per set of policies and remembered, bounded: which statements
speak of an action. Policies are compared by identity, so keep the parsed objects.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from daypass.policy.decision import Decision, Effect
from daypass.policy.document import PolicyDocument
from daypass.policy.principals import Caller
from daypass.policy.request_context import FoldedValues, RequestContext
from daypass.policy.statements import Statement

__all__ = ["evaluate", "evaluate_trust", "names_caller_directly"]

_MAX_REMEMBERED_SETS = 2048
_MAX_REMEMBERED_ACTIONS = 1024

_Candidates = tuple[tuple[Statement, ...], tuple[Statement, ...]]


class _StatementIndex:
    """The denies and the allows of some policies, by action."""

    __slots__ = ("_by_action", "_statements")

    def __init__(self, policies: Iterable[PolicyDocument]) -> None:
        self._statements = tuple(statement for policy in policies for statement in policy.statements)
        self._by_action: dict[str, _Candidates] = {}

    def candidates(self, action: str) -> _Candidates:
        """The denies and the allows that speak of the action, each in order."""
        found = self._by_action.get(action)
        if found is None:
            folded = action.lower()
            covering = [statement for statement in self._statements if statement.covers_action(folded)]
            found = (
                tuple(statement for statement in covering if statement.effect is Effect.EXPLICIT_DENY),
                tuple(statement for statement in covering if statement.effect is Effect.ALLOWED),
            )
            if len(self._by_action) >= _MAX_REMEMBERED_ACTIONS:
                self._by_action.clear()
            self._by_action[action] = found
        return found


@lru_cache(maxsize=_MAX_REMEMBERED_SETS)
def _index(policies: tuple[PolicyDocument, ...]) -> _StatementIndex:
    return _StatementIndex(policies)


def evaluate(policies: Sequence[PolicyDocument], context: RequestContext) -> Decision:
    """Decide by identity policies. Never raises."""
    denies, allows = _index(tuple(policies)).candidates(context.action)
    resource = context.resource
    values = FoldedValues(context.condition_values)
    for statement in denies:
        if statement.applies(resource, values):
            return Decision(Effect.EXPLICIT_DENY, context.action, resource, statement.ref)
    for statement in allows:
        if statement.applies(resource, values):
            return Decision(Effect.ALLOWED, context.action, resource, statement.ref)
    return Decision(Effect.IMPLICIT_DENY, context.action, resource, None)


def evaluate_trust(
    policy: PolicyDocument,
    context: RequestContext,
    *,
    principal_arn: str,
    account_id: str,
    session_arn: str | None = None,
    service: str | None = None,
    federated: str | None = None,
) -> Decision:
    """Decide whether a role's trust policy lets the caller assume it.

    For a service or a federated identity the other names are not looked at. An allow that names only the
    caller's account (see `names_caller_directly`) leaves the last word to the caller's identity policies.
    """
    caller = Caller(principal_arn, account_id, session_arn, service, federated)
    denies, allows = _index((policy,)).candidates(context.action)
    values = FoldedValues(context.condition_values)
    for effect, statements in ((Effect.EXPLICIT_DENY, denies), (Effect.ALLOWED, allows)):
        for statement in statements:
            if _speaks_of(statement, caller) and statement.applies(context.resource, values):
                return Decision(effect, context.action, context.resource, statement.ref)
    return Decision(Effect.IMPLICIT_DENY, context.action, context.resource, None)


def names_caller_directly(
    policy: PolicyDocument,
    context: RequestContext,
    *,
    principal_arn: str,
    account_id: str,
    session_arn: str | None = None,
) -> bool:
    """Whether some allow names the caller (or its role) by ARN, so that within the role's own account
    no identity policy is needed. Ask only after `evaluate_trust` allowed.
    """
    caller = Caller(principal_arn, account_id, session_arn)
    values = FoldedValues(context.condition_values)
    return any(
        statement.principals is not None
        and statement.principals.names(caller)
        and statement.applies(context.resource, values)
        for statement in _index((policy,)).candidates(context.action)[1]
    )


def _speaks_of(statement: Statement, caller: Caller) -> bool:
    return (
        statement.principals is not None
        and statement.principals.includes(caller) is not statement.is_not_principal
    )
