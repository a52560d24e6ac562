"""Statements that would have decided, had the request been another: for people who ask why, never for deciding.

A statement is near when it speaks of the action and the resource, and only conditions keep it from applying.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from daypass.policy.decision import Effect, StatementRef
from daypass.policy.document import PolicyDocument
from daypass.policy.request_context import FoldedValues, RequestContext
from daypass.policy.statements import Statement

__all__ = ["NearMiss", "find_near_misses"]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """One statement and what it asked that the request did not have."""

    ref: StatementRef
    effect: Effect
    unmet: tuple[str, ...]
    """Condition keys, in lower case."""


def find_near_misses(policies: Iterable[PolicyDocument], context: RequestContext) -> list[NearMiss]:
    """In the policies' order."""
    values = FoldedValues(context.condition_values)
    return [
        NearMiss(statement.ref, statement.effect, unmet)
        for policy in policies
        for statement in policy.statements
        if _speaks_of(statement, context, values)
        and (
            unmet := tuple(dict.fromkeys(each.key for each in statement.conditions if not each.holds(values)))
        )
    ]


def _speaks_of(statement: Statement, context: RequestContext, values: FoldedValues) -> bool:
    if not statement.covers_action(context.action.lower()):
        return False
    return statement.resources is None or (
        statement.resources.matches(context.resource, values) is not statement.is_not_resource
    )
