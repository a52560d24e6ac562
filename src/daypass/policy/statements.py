"""One statement: parsed, checked and compiled.

Identity statements have Action and Resource and no Principal; trust statements have Principal and no
Resource, and only STS actions; resource statements (of a bucket) have both, and only S3 actions (IAM reference,
"Policy grammar" and "Trust policies"; S3 user guide, "Bucket policies"). Not-elements are exact
complements: NotAction matches what Action would not. Everything that can be decided without a request
is decided here, once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from daypass.policy.conditions import ConditionTest, parse_conditions
from daypass.policy.decision import Effect, StatementRef
from daypass.policy.json_source import JsonElement, JsonNumber
from daypass.policy.matching import PatternSet
from daypass.policy.principals import Caller, PrincipalSet, parse_principals
from daypass.policy.request_context import FoldedValues
from daypass.policy.variables import Template, parse_template

__all__ = ["PolicyKind", "Statement", "parse_statement"]

PolicyKind = Literal["identity", "trust", "resource"]

_is_action = re.compile(r"\*|(?:[A-Za-z0-9-]+|\*):[A-Za-z0-9_.*?-]+").fullmatch
_is_partition = re.compile(r"aws(?:-[a-z]+)*|[a-z-]*[*?][a-z*?-]*").fullmatch
_is_service = re.compile(r"[a-z0-9*?-]+").fullmatch
_is_place = re.compile(r"[A-Za-z0-9*?$-]*").fullmatch
_is_sid = re.compile(r"[A-Za-z0-9]*").fullmatch
_is_free_sid = re.compile(r"[^\x00-\x1f\x7f]{0,256}").fullmatch
"""S3 user guide, "Examples of bucket policies": there a Sid is a sentence."""

_EFFECTS = {"Allow": Effect.ALLOWED, "Deny": Effect.EXPLICIT_DENY}
_ELEMENTS: dict[PolicyKind, frozenset[str]] = {
    "identity": frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}),
    "trust": frozenset({"Sid", "Effect", "Action", "NotAction", "Principal", "NotPrincipal", "Condition"}),
}
_ELEMENTS["resource"] = _ELEMENTS["identity"] | _ELEMENTS["trust"]
_ARTICLES: dict[PolicyKind, str] = {
    "identity": "an identity policy",
    "trust": "a trust policy",
    "resource": "a bucket policy",
}
_SERVICES: dict[PolicyKind, str] = {"trust": "sts:", "resource": "s3:"}
"""The one service whose actions a policy of a resource may name."""
_NO_VALUES = FoldedValues({})


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One compiled statement."""

    ref: StatementRef
    effect: Effect
    """ALLOWED or EXPLICIT_DENY."""
    actions: PatternSet
    """Over lower-case names."""
    is_not_action: bool
    resources: PatternSet | None
    """None in trust policies."""
    is_not_resource: bool
    principals: PrincipalSet | None
    """None in identity policies."""
    is_not_principal: bool
    conditions: tuple[ConditionTest, ...]

    def covers_action(self, action: str) -> bool:
        """Whether the action, in lower case, is meant. No request can change this answer."""
        return self.actions.matches(action, _NO_VALUES) is not self.is_not_action

    def applies(self, resource: str, values: FoldedValues) -> bool:
        """Whether resource and conditions are met; the action was asked before."""
        if self.resources is not None and self.resources.matches(resource, values) is self.is_not_resource:
            return False
        if self.is_not_resource and self.effect is Effect.ALLOWED and not self._names_all_it_excludes(values):
            return False
        for condition in self.conditions:  # noqa: SIM110  the loop is the hot path
            if not condition.holds(values):
                return False
        return True

    def speaks_of(self, caller: Caller) -> bool:
        """Whether the caller is meant; False in identity policies, which speak of whom they are attached to.

        An Allow for everybody means everybody's principals, not whom some identity provider vouches for. A
        NotPrincipal spares only a caller who is named in every way it is known (`PrincipalSet.spares`).
        """
        if self.principals is None:
            return False
        if self.is_not_principal:
            return not self.principals.spares(caller)
        if self.effect is Effect.ALLOWED and caller.federated is not None:
            return caller.federated in self.principals.providers
        return self.principals.includes(caller)

    def _names_all_it_excludes(self, values: FoldedValues) -> bool:
        """An Allow must not cover everything because the variable that names its exception has no value.

        A Deny may: there the valueless pattern excludes nothing, and the statement stays closed.
        """
        return self.resources is None or self.resources.has_values(values)


def parse_statement(
    element: JsonElement, *, policy: str, index: int, kind: PolicyKind, has_variables: bool
) -> Statement:
    """Check and compile one statement. Raises MalformedPolicyDocument."""
    members = element.value
    if not isinstance(members, dict):
        raise element.malformed("a statement must be an object")
    _check_elements(members, kind)
    effect = _parse_effect(element, members)
    action, is_not_action = _one_of(element, members, "Action", "NotAction")
    actions = PatternSet(_action_templates(action, kind))
    resources = principals = None
    is_not_resource = is_not_principal = False
    if kind != "trust":
        resource, is_not_resource = _one_of(element, members, "Resource", "NotResource")
        resources = PatternSet(_resource_templates(resource, has_variables))
    if kind != "identity":
        principal, is_not_principal = _one_of(element, members, "Principal", "NotPrincipal")
        if is_not_principal and effect is Effect.ALLOWED:
            raise principal.malformed("NotPrincipal may stand in a Deny only")
        principals = parse_principals(principal)
        if is_not_principal and principals.is_everybody:
            raise principal.malformed("NotPrincipal with * would speak of nobody")
    conditions: tuple[ConditionTest, ...] = ()
    if "Condition" in members:
        conditions = parse_conditions(members["Condition"], has_variables=has_variables)
    return Statement(
        ref=StatementRef(policy, index, _parse_sid(members, kind)),
        effect=effect,
        actions=actions,
        is_not_action=is_not_action,
        resources=resources,
        is_not_resource=is_not_resource,
        principals=principals,
        is_not_principal=is_not_principal,
        conditions=conditions,
    )


def _check_elements(members: dict[str, JsonElement], kind: PolicyKind) -> None:
    for name, member in members.items():
        if name not in _ELEMENTS[kind]:
            known = name in _ELEMENTS["resource"]
            article = _ARTICLES[kind]
            raise member.malformed(f"the element is not allowed in {article}" if known else "unknown element")


def _parse_effect(element: JsonElement, members: dict[str, JsonElement]) -> Effect:
    if "Effect" not in members:
        raise element.malformed("Effect is missing")
    written = members["Effect"].value
    effect = _EFFECTS.get(written) if isinstance(written, str) else None
    if effect is None:
        raise members["Effect"].malformed("Effect must be Allow or Deny")
    return effect


def _parse_sid(members: dict[str, JsonElement], kind: PolicyKind) -> str:
    if "Sid" not in members:
        return ""
    sid = members["Sid"].value
    is_sid = _is_free_sid if kind == "resource" else _is_sid
    if not isinstance(sid, str) or isinstance(sid, JsonNumber) or not is_sid(sid):
        problem = "a text of one line" if kind == "resource" else "letters and digits"
        raise members["Sid"].malformed(f"Sid must be {problem}")
    return sid


def _one_of(
    element: JsonElement, members: dict[str, JsonElement], plain: str, negated: str
) -> tuple[JsonElement, bool]:
    """The one of two elements that is there, and whether it is the negated one."""
    if plain in members and negated in members:
        raise members[negated].malformed(f"{plain} and {negated} exclude each other")
    if plain not in members and negated not in members:
        raise element.malformed(f"{plain} or {negated} is missing")
    is_negated = negated in members
    return members[negated if is_negated else plain], is_negated


def _texts(element: JsonElement) -> Iterator[tuple[JsonElement, str]]:
    items = element.value if isinstance(element.value, list) else [element]
    if not items:
        raise element.malformed("the list is empty")
    for item in items:
        if not isinstance(item.value, str) or isinstance(item.value, JsonNumber):
            raise item.malformed("a text is expected")
        yield item, item.value


def _action_templates(element: JsonElement, kind: PolicyKind) -> Iterator[Template]:
    for item, text in _texts(element):
        if not _is_action(text):
            raise item.malformed("an action must be service:Action or *")
        service = _SERVICES.get(kind, "")
        if not text.lower().startswith(service) and not (kind == "resource" and text == "*"):
            raise item.malformed(f"{_ARTICLES[kind]} speaks of {service} actions only")
        yield parse_template(item, text.lower(), has_variables=False, has_wildcards=True)


def _resource_templates(element: JsonElement, has_variables: bool) -> Iterator[Template]:
    for item, text in _texts(element):
        template = parse_template(item, text, has_variables=has_variables, has_wildcards=True)
        missing = 0 if text == "*" else _missing_fields(item, template.outline)
        if missing:
            template = parse_template(
                item, text + ":*" * missing, has_variables=has_variables, has_wildcards=True
            )
        yield template


def _missing_fields(item: JsonElement, outline: str) -> int:
    """How many fields an incomplete ARN lacks; each is completed as `*` (IAM reference, "Resource element")."""
    prefix, *fields = outline.split(":", 5)
    checks = (_is_partition, _is_service, _is_place, _is_place)
    if (
        prefix != "arn"
        or not fields
        or not all(check(field) for check, field in zip(checks, fields, strict=False))
    ):
        raise item.malformed("a resource must be * or an ARN, arn:partition:service:region:account:resource")
    if len(fields) == 5 and not fields[4]:
        raise item.malformed("the ARN names no resource")
    return 5 - len(fields)
