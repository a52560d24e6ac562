"""Conditions: does the request satisfy this operator on this key?

    written            the policy's values    key missing
    StringEquals …     any of them            false
    StringNotEquals …  none of them           true
    …IfExists                                 true
    ForAllValues:…     for every value asked  true (also when empty)
    ForAnyValue:…      for some value asked   false
    Null               the key is absent

(IAM reference, "Condition operators" and "Multivalued context keys".) A negated operator is the exact
complement of its positive form, so a request value that cannot be read (a word under NotIpAddress) is
"not equal": such a Deny stays closed. Without a set operator a multivalued key counts as any of its
values. Literals were checked when the policy was parsed; deciding never raises.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from daypass.policy.json_source import JsonElement, JsonNumber
from daypass.policy.literals import read_bool
from daypass.policy.operators import OPERATORS, Matcher
from daypass.policy.operators import Literal as ConditionLiteral
from daypass.policy.request_context import FoldedValues

__all__ = ["Condition", "ConditionTest", "NullCondition", "parse_conditions"]

Quantifier = Literal["", "ForAllValues", "ForAnyValue"]

_NO_VALUES = ("", (), ("",))
"""To a set operator a key whose value is a null data set, "such as an empty string", is absent."""

_SPELLING = {name.lower(): name for name in OPERATORS}
_QUANTIFIERS: dict[str, Quantifier] = {"forallvalues": "ForAllValues", "foranyvalue": "ForAnyValue"}
_is_condition_key = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*:[^\x00-\x1f\x7f]+").fullmatch


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison operator on one key."""

    key: str
    """Lower case."""
    matches: Matcher
    is_negated: bool
    quantifier: Quantifier
    holds_when_missing: bool

    def holds(self, values: FoldedValues) -> bool:
        """Whether the request satisfies it."""
        value = values.get(self.key)
        if value is None or (self.quantifier and value in _NO_VALUES):
            return self.holds_when_missing
        if isinstance(value, str):
            return self.matches(value, values) is not self.is_negated
        if self.quantifier == "ForAllValues":
            return all(self.matches(one, values) is not self.is_negated for one in value)
        if self.quantifier == "ForAnyValue":
            return any(self.matches(one, values) is not self.is_negated for one in value)
        if not value:
            return self.holds_when_missing
        return any(self.matches(one, values) for one in value) is not self.is_negated


@dataclass(frozen=True, slots=True)
class NullCondition:
    """Whether the key is there at all."""

    key: str
    """Lower case."""
    accepts_missing: bool
    accepts_present: bool

    def holds(self, values: FoldedValues) -> bool:
        """Whether the request satisfies it. A multivalued key without values is absent."""
        is_missing = values.get(self.key) in (None, ())
        return self.accepts_missing if is_missing else self.accepts_present


ConditionTest = Condition | NullCondition


def parse_conditions(block: JsonElement, *, has_variables: bool) -> tuple[ConditionTest, ...]:
    """Compile a `Condition` element; all its tests must hold. Raises MalformedPolicyDocument."""
    return tuple(_parse_block(block, has_variables))


def _parse_block(block: JsonElement, has_variables: bool) -> Iterator[ConditionTest]:
    if not isinstance(block.value, dict):
        raise block.malformed("Condition must be an object of operators")
    for name, keys in block.value.items():
        parse = _find_operator(name, keys)
        if not isinstance(keys.value, dict) or not keys.value:
            raise keys.malformed("an operator must be an object of condition keys")
        for key, literals in keys.value.items():
            if not _is_condition_key(key):
                raise literals.malformed("a condition key must have the form prefix:name")
            yield parse.build(key.lower(), list(_literals(literals, has_variables)))


@dataclass(frozen=True, slots=True)
class _OperatorName:
    """An operator's name taken apart; `""` is Null."""

    base: str
    quantifier: Quantifier
    is_if_exists: bool

    def build(self, key: str, literals: list[ConditionLiteral]) -> ConditionTest:
        if not self.base:
            return _build_null(key, literals)
        operator = OPERATORS[self.base]
        if self.quantifier == "ForAllValues":
            holds_when_missing = True
        elif self.quantifier == "ForAnyValue":
            holds_when_missing = self.is_if_exists
        else:
            holds_when_missing = self.is_if_exists or operator.is_negated
        return Condition(
            key, operator.compile(literals), operator.is_negated, self.quantifier, holds_when_missing
        )


def _find_operator(name: str, element: JsonElement) -> _OperatorName:
    prefix, colon, base = name.lower().rpartition(":")
    quantifier = _QUANTIFIERS.get(prefix, "")
    if colon and not quantifier:
        raise element.malformed("unknown set operator; ForAllValues and ForAnyValue exist")
    if base == "null" and not colon:
        return _OperatorName("", "", is_if_exists=False)
    is_if_exists = base.endswith("ifexists")
    spelling = _SPELLING.get(base.removesuffix("ifexists"))
    if spelling is None:
        raise element.malformed("unknown condition operator")
    return _OperatorName(spelling, quantifier, is_if_exists)


def _build_null(key: str, literals: list[ConditionLiteral]) -> NullCondition:
    accepted = set()
    for literal in literals:
        answer = read_bool(literal.text)
        if answer is None:
            raise literal.element.malformed("the value must be true or false")
        accepted.add(answer)
    return NullCondition(key, accepts_missing=True in accepted, accepts_present=False in accepted)


def _literals(element: JsonElement, has_variables: bool) -> Iterator[ConditionLiteral]:
    items = element.value if isinstance(element.value, list) else [element]
    if not items:
        raise element.malformed("the list of values is empty")
    for item in items:
        match item.value:
            case bool(truth):
                yield ConditionLiteral(item, "true" if truth else "false", has_variables)
            case JsonNumber() | str():
                yield ConditionLiteral(item, str(item.value), has_variables)
            case _:
                raise item.malformed("a condition value must be a text, a number or true/false")
