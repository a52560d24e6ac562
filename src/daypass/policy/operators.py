"""The comparison operators: one table, one compiler per family.

A compiler receives the policy's values for one key, refuses those that are not literals of its family
(MalformedPolicyDocument at their position) and returns a matcher: given one value of the request, does it
match *any* of them? Negation, missing keys and set operators are the business of `conditions.py`
(IAM reference, "Condition operators"). Only String… and Arn… values may hold policy variables.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from daypass.policy.json_source import JsonElement
from daypass.policy.literals import read_address, read_binary, read_bool, read_date, read_network, read_number
from daypass.policy.matching import Glob, PatternSet, match_arn, split_arn_pattern
from daypass.policy.request_context import FoldedValues
from daypass.policy.variables import Template, Wildcard, parse_template

__all__ = ["OPERATORS", "Literal", "Matcher", "Operator"]

Matcher = Callable[[str, FoldedValues], bool]
"""Whether one value of the request matches any of the policy's values."""


@dataclass(frozen=True, slots=True)
class Literal:
    """One value of a condition, as text, and where it stands."""

    element: JsonElement
    text: str
    has_variables: bool
    """Whether the document's version knows policy variables."""


@dataclass(frozen=True, slots=True)
class Operator:
    """A row of the table."""

    compile: Callable[[Sequence[Literal]], Matcher]
    is_negated: bool = False


_Value = TypeVar("_Value")


def _read_all(literals: Sequence[Literal], read: Callable[[str], _Value | None], what: str) -> list[_Value]:
    values = []
    for literal in literals:
        value = read(literal.text)
        if value is None:
            raise literal.element.malformed(f"the value must be {what}")
        values.append(value)
    return values


def _templates(literals: Sequence[Literal], *, has_wildcards: bool) -> list[Template]:
    return [
        parse_template(
            literal.element, literal.text, has_variables=literal.has_variables, has_wildcards=has_wildcards
        )
        for literal in literals
    ]


def _compile_string_equals(literals: Sequence[Literal]) -> Matcher:
    return PatternSet(_templates(literals, has_wildcards=False)).matches


def _compile_string_like(literals: Sequence[Literal]) -> Matcher:
    return PatternSet(_templates(literals, has_wildcards=True)).matches


def _compile_string_equals_ignoring_case(literals: Sequence[Literal]) -> Matcher:
    templates = _templates(literals, has_wildcards=False)
    fixed = frozenset(template.outline.lower() for template in templates if not template.has_variables)
    late = tuple(template for template in templates if template.has_variables)

    def matches(text: str, values: FoldedValues) -> bool:
        folded = text.lower()
        if folded in fixed:
            return True
        for template in late:
            resolved = template.resolve(values)
            if resolved is not None and "".join(map(str, resolved)).lower() == folded:
                return True
        return False

    return matches


def _ordered(
    compare: Callable[[Any, Any], bool], read: Callable[[str], Any], what: str
) -> Callable[[Sequence[Literal]], Matcher]:
    def compile_literals(literals: Sequence[Literal]) -> Matcher:
        bounds = tuple(_read_all(literals, read, what))

        def matches(text: str, _: FoldedValues) -> bool:
            value = read(text)
            return value is not None and any(compare(value, bound) for bound in bounds)

        return matches

    return compile_literals


def _compile_ip_address(literals: Sequence[Literal]) -> Matcher:
    networks = tuple(_read_all(literals, read_network, "an IP address or a CIDR range"))

    def matches(text: str, _: FoldedValues) -> bool:
        address = read_address(text)
        return address is not None and any(network.contains(address) for network in networks)

    return matches


def _compile_arn(literals: Sequence[Literal]) -> Matcher:
    fixed: list[list[Glob]] = []
    late: list[Template] = []
    for literal, template in zip(literals, _templates(literals, has_wildcards=True), strict=True):
        if template.has_variables:
            late.append(template)
            continue
        fields = _arn_fields(template.resolve(FoldedValues({})) or ())
        if len(fields) != 6 or not literal.text.startswith(("arn:", "*")):
            raise literal.element.malformed("the value must be an ARN of six fields, or *")
        fixed.append(fields)

    def matches(text: str, values: FoldedValues) -> bool:
        if any(match_arn(fields, text) for fields in fixed):
            return True
        resolved = (template.resolve(values) for template in late)
        return any(parts is not None and match_arn(_arn_fields(parts), text) for parts in resolved)

    return matches


def _arn_fields(parts: Sequence[str | Wildcard]) -> list[Glob]:
    """One pattern per field; a single `*` is every ARN."""
    if tuple(parts) == (Wildcard.ANY,):
        return [Glob(parts)] * 6
    return [Glob(field) for field in split_arn_pattern(parts)]


def _number(compare: Callable[[Any, Any], bool]) -> Callable[[Sequence[Literal]], Matcher]:
    return _ordered(compare, read_number, "a number")


def _date(compare: Callable[[Any, Any], bool]) -> Callable[[Sequence[Literal]], Matcher]:
    return _ordered(compare, read_date, "an ISO 8601 date or epoch seconds")


OPERATORS: dict[str, Operator] = {
    "StringEquals": Operator(_compile_string_equals),
    "StringNotEquals": Operator(_compile_string_equals, is_negated=True),
    "StringEqualsIgnoreCase": Operator(_compile_string_equals_ignoring_case),
    "StringNotEqualsIgnoreCase": Operator(_compile_string_equals_ignoring_case, is_negated=True),
    "StringLike": Operator(_compile_string_like),
    "StringNotLike": Operator(_compile_string_like, is_negated=True),
    "NumericEquals": Operator(_number(operator.eq)),
    "NumericNotEquals": Operator(_number(operator.eq), is_negated=True),
    "NumericLessThan": Operator(_number(operator.lt)),
    "NumericLessThanEquals": Operator(_number(operator.le)),
    "NumericGreaterThan": Operator(_number(operator.gt)),
    "NumericGreaterThanEquals": Operator(_number(operator.ge)),
    "DateEquals": Operator(_date(operator.eq)),
    "DateNotEquals": Operator(_date(operator.eq), is_negated=True),
    "DateLessThan": Operator(_date(operator.lt)),
    "DateLessThanEquals": Operator(_date(operator.le)),
    "DateGreaterThan": Operator(_date(operator.gt)),
    "DateGreaterThanEquals": Operator(_date(operator.ge)),
    "Bool": Operator(_ordered(operator.is_, read_bool, "true or false")),
    "BinaryEquals": Operator(_ordered(operator.eq, read_binary, "base64")),
    "IpAddress": Operator(_compile_ip_address),
    "NotIpAddress": Operator(_compile_ip_address, is_negated=True),
    "ArnEquals": Operator(_compile_arn),
    "ArnLike": Operator(_compile_arn),
    "ArnNotEquals": Operator(_compile_arn, is_negated=True),
    "ArnNotLike": Operator(_compile_arn, is_negated=True),
}
"""Every operator of the reference but Null, which compares nothing."""
