"""The decision: an explicit deny wins, else an allow, else the implicit deny.

(IAM reference, "Policy evaluation logic".) `evaluate` asks identity policies, `evaluate_resource` the policy of a
bucket or, as `evaluate_trust`, a role's. All name the deciding statement: the first deny in the order given, else
the first allow. How several kinds of policies make one decision stands in `layers.py`.

What no request can change is worked out once per set of policies and remembered, bounded: which statements
speak of an action, and decisions for which no condition value was looked at. Policies are compared by identity, so
keep the parsed objects.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from daypass.policy.decision import Decision, Effect, PolicyType
from daypass.policy.document import PolicyDocument
from daypass.policy.principals import Caller, Grant
from daypass.policy.request_context import FoldedValues, RequestContext
from daypass.policy.statements import Statement

__all__ = [
    "evaluate",
    "evaluate_folded",
    "evaluate_resource",
    "evaluate_trust",
    "settled_decision",
]

_MAX_REMEMBERED_SETS = 2048
_MAX_REMEMBERED_ACTIONS = 1024
_FEW = 5
"""Statements up to which asking each is quicker than a table."""
_MAX_SETTLED = 32
"""Decisions per set of policies."""


class _Candidates:
    """The statements of one effect that speak of one action, found by landmarks of the resource.

    Every resource pattern has literal text at its start and inside it. One table per length of the starts,
    and one substring search per hit, leave the few statements worth asking among many. Where there are few
    anyway, they are asked in turn.
    """

    __slots__ = ("_statements", "_tables")

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._statements = statements
        tables: dict[int, dict[str, list[tuple[str, int]]]] = {}
        for place, statement in enumerate(statements):
            for beginning, inner in _landmarks(statement):
                tables.setdefault(len(beginning), {}).setdefault(beginning, []).append((inner, place))
        self._tables = tuple(tables.items()) if len(statements) > _FEW else ()

    def first_that_applies(self, resource: str, values: FoldedValues) -> Statement | None:
        """The first statement, in the policies' order, whose resource and conditions are met."""
        if self._tables:
            return self._first_by_landmark(resource, values)
        for statement in self._statements:
            if statement.applies(resource, values):
                return statement
        return None

    def _first_by_landmark(self, resource: str, values: FoldedValues) -> Statement | None:
        places: list[int] = []
        for length, table in self._tables:
            found = table.get(resource[:length])
            if found is not None:
                for inner, place in found:
                    if inner in resource:
                        places.append(place)
        if len(places) > 1:
            places = sorted(set(places))
        for place in places:
            statement = self._statements[place]
            if statement.applies(resource, values):
                return statement
        return None


def _landmarks(statement: Statement) -> Iterable[tuple[str, str]]:
    """What the resource must begin with and contain, or nothing in particular."""
    if statement.resources is None or statement.is_not_resource:
        return (("", ""),)
    return statement.resources.landmarks


class _StatementIndex:
    """The denies and the allows of some policies, by action."""

    __slots__ = ("_by_action", "_statements", "settled")

    def __init__(self, policies: Iterable[PolicyDocument]) -> None:
        self._statements = tuple(statement for policy in policies for statement in policy.statements)
        self._by_action: dict[str, tuple[_Candidates, _Candidates]] = {}
        self.settled: dict[tuple[str, str, PolicyType], Decision] = {}
        """By action and resource (one set of policies may be of two types, to different principals): what no
        condition value can change, because none was looked at on the way to it."""

    def candidates(self, action: str) -> tuple[_Candidates, _Candidates]:
        """The denies and the allows that speak of the action."""
        found = self._by_action.get(action)
        if found is None:
            folded = action.lower()
            covering = [statement for statement in self._statements if statement.covers_action(folded)]
            found = (
                _Candidates(
                    [statement for statement in covering if statement.effect is Effect.EXPLICIT_DENY]
                ),
                _Candidates([statement for statement in covering if statement.effect is Effect.ALLOWED]),
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
    return evaluate_folded(tuple(policies), context, FoldedValues(context.condition_values))


def evaluate_folded(
    policies: tuple[PolicyDocument, ...],
    context: RequestContext,
    values: FoldedValues,
    policy_type: PolicyType = PolicyType.IDENTITY,
    *,
    is_remembered: bool = True,
) -> Decision:
    """`evaluate` with the context's values folded already, because several layers ask for them.

    `is_remembered` is False for policies that are asked now and never again: the memory has room for as many sets as
    there are principals, however large, and what somebody only supposes must not push out what others have.
    """
    index = _index(policies) if is_remembered else _StatementIndex(policies)
    values.is_asked = False
    denies, allows = index.candidates(context.action)
    statement = denies.first_that_applies(context.resource, values)
    if statement is None:
        statement = allows.first_that_applies(context.resource, values)
    decision = _decision(context, statement, policy_type)
    if not values.is_asked:
        if len(index.settled) >= _MAX_SETTLED:
            index.settled.clear()
        index.settled[(context.action, context.resource, policy_type)] = decision
    return decision


def settled_decision(
    policies: tuple[PolicyDocument, ...],
    action: str,
    resource: str,
    policy_type: PolicyType = PolicyType.IDENTITY,
) -> Decision | None:
    """What `evaluate` said of this before and says whatever the condition values are, if that is known."""
    return _index(policies).settled.get((action, resource, policy_type))


def _decision(context: RequestContext, statement: Statement | None, policy_type: PolicyType) -> Decision:
    if statement is None:
        return Decision(Effect.IMPLICIT_DENY, context.action, context.resource, None, policy_type)
    return Decision(statement.effect, context.action, context.resource, statement.ref, policy_type)


def evaluate_resource(
    policy: PolicyDocument,
    context: RequestContext,
    caller: Caller,
    values: FoldedValues,
    *,
    is_remembered: bool = True,
) -> tuple[Decision, Grant]:
    """What a bucket's or role's policy says of the caller, and how directly it allows (NONE unless it does).

    Of several allows the decision names the most direct one, and of those the first. `is_remembered` is as above.
    """
    allowing: Statement | None = None
    grant = Grant.NONE
    covering = _remembered_covering if is_remembered else _covering
    for statement in covering(policy, context.action):
        if not statement.speaks_of(caller) or not statement.applies(context.resource, values):
            continue
        if statement.effect is Effect.EXPLICIT_DENY:
            return _decision(context, statement, PolicyType.RESOURCE), Grant.NONE
        reach = Grant.NONE if statement.principals is None else statement.principals.grant_to(caller)
        if allowing is None or reach > grant:
            allowing, grant = statement, reach
    return _decision(context, allowing, PolicyType.RESOURCE), grant


def _covering(policy: PolicyDocument, action: str) -> tuple[Statement, ...]:
    """The statements that speak of the action: the denies, then the allows."""
    folded = action.lower()
    covering = [statement for statement in policy.statements if statement.covers_action(folded)]
    return tuple(sorted(covering, key=lambda statement: statement.effect is Effect.ALLOWED))


_remembered_covering = lru_cache(maxsize=_MAX_REMEMBERED_SETS)(_covering)


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

    For a service or a federated identity the other names are not looked at, and an allow must name the identity
    provider itself: `*` is not enough. An allow that names only the
    caller's account leaves the last word to the caller's identity policies (`layers.decide`).
    """
    caller = Caller(principal_arn, account_id, session_arn, service, federated)
    return evaluate_resource(policy, context, caller, FoldedValues(context.condition_values))[0]
