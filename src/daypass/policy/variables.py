"""Policy texts taken apart: literal text, wildcards, and variables waiting for a request.

`${key}` and `${key, 'default'}` stand for a single-valued condition key; `${*}`, `${?}` and `${$}` are the
three characters themselves (IAM reference, "Policy variables"). Documents of version 2008-10-17 have no
variables: there the text is only text.

The invariant that keeps a user's name from becoming a pattern: a resolved variable is *literal*. Only a
`*` or `?` that stands in the policy itself is a wildcard. A variable whose key is absent (or multivalued)
has no value, and a text with such a variable equals nothing and is like nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from daypass.policy.json_source import JsonElement
from daypass.policy.request_context import FoldedValues

__all__ = ["Part", "Template", "Variable", "Wildcard", "parse_template"]

_find_marks = re.compile(r"\$\{|[*?]").finditer
_is_variable = re.compile(r"\s*([\w./-]+:[\w.:/=+@ -]*[\w.:/=+@-])\s*(?:,\s*'([^'{}]*)'\s*)?").fullmatch


class Wildcard(Enum):
    """The two patterns of the policy language."""

    ANY = "*"
    ONE = "?"


@dataclass(frozen=True, slots=True)
class Variable:
    """A condition key whose value is put here at evaluation."""

    key: str
    """Lower case."""
    default: str | None

    def resolve(self, values: FoldedValues) -> str | None:
        """The text to put here, or None when there is none."""
        value = values.get(self.key)
        return value if isinstance(value, str) else self.default


Part = str | Wildcard | Variable


@dataclass(frozen=True, slots=True)
class Template:
    """A text of a policy, taken apart."""

    parts: tuple[Part, ...]

    @property
    def has_variables(self) -> bool:
        """Whether a request is needed to know what this means."""
        return any(isinstance(part, Variable) for part in self.parts)

    @property
    def landmarks(self) -> tuple[str, str]:
        """The literal start, and the longest literal after it: every text that fits has both."""
        literals = [part if isinstance(part, str) else "" for part in self.parts] or [""]
        return literals[0], max(literals[1:], key=len, default="")

    @property
    def outline(self) -> str:
        """The text with every variable drawn as `$`: its shape, for checks of form."""
        return "".join(
            part if isinstance(part, str) else part.value if isinstance(part, Wildcard) else "$"
            for part in self.parts
        )

    def resolve(self, values: FoldedValues) -> tuple[str | Wildcard, ...] | None:
        """The parts with every variable replaced by its literal value; None when one has no value."""
        resolved: list[str | Wildcard] = []
        for part in self.parts:
            if isinstance(part, Variable):
                value = part.resolve(values)
                if value is None:
                    return None
                resolved.append(value)
            else:
                resolved.append(part)
        return tuple(resolved)


def parse_template(element: JsonElement, text: str, *, has_variables: bool, has_wildcards: bool) -> Template:
    """Take `text` (the string at `element`) apart. Raises MalformedPolicyDocument for a bad variable."""
    return Template(tuple(_merge(_parts(element, text, has_variables, has_wildcards))))


def _parts(element: JsonElement, text: str, has_variables: bool, has_wildcards: bool) -> Iterator[Part]:
    done = 0
    for mark in _find_marks(text):
        at = mark.start()
        if at < done:
            continue  # inside a variable already read
        if mark[0] == "${" and has_variables:
            yield text[done:at]
            closing = text.find("}", at)
            if closing < 0:
                raise element.malformed("a policy variable has no closing brace")
            yield _read_variable(element, text[at + 2 : closing])
            done = closing + 1
        elif mark[0] != "${" and has_wildcards:
            yield text[done:at]
            yield Wildcard(mark[0])
            done = at + 1
    yield text[done:]


def _read_variable(element: JsonElement, inside: str) -> Part:
    if inside in ("*", "?", "$"):
        return inside
    found = _is_variable(inside)
    if found is None:
        raise element.malformed("a policy variable must be ${prefix:key} or ${prefix:key, 'default'}")
    return Variable(found[1].lower(), found[2])


def _merge(parts: Iterator[Part]) -> Iterator[Part]:
    """Neighbouring literals as one, empty ones dropped, `**` as `*`."""
    literal = ""
    last: Part = ""
    for part in parts:
        if isinstance(part, str):
            literal += part
            continue
        if literal:
            yield literal
            last, literal = literal, ""
        if not (part is Wildcard.ANY and last is Wildcard.ANY):
            yield part
        last = part
    if literal:
        yield literal
