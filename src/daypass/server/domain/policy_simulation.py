"""What would be decided, and by which statement: policies as texts in, one result per action and resource out.

The decision is the engine's own (`policy/layers.py`), so a simulation cannot say what a request would not get. Where a
statement stands in its text is found here, because only simulations ask. Of service control policies, which are the
operator's, the answer says what they decide and nothing else. (IAM reference, "SimulateCustomPolicy")
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from daypass.policy.decision import Decision, Effect, PolicyType, StatementRef
from daypass.policy.document import PolicyDocument, parse_policy
from daypass.policy.json_source import parse_json
from daypass.policy.layers import Layers, ResourcePolicy, conclude, weigh
from daypass.policy.request_context import ConditionValue, RequestContext
from daypass.server.domain.context_keys import context_keys

__all__ = ["Matched", "Position", "Simulated", "Simulation", "Source", "SourceType"]

SourceType: TypeAlias = Literal["user", "group", "role", "aws-managed", "user-managed", "resource", "none"]
"""Where a policy comes from, as the model spells it."""

_LONGEST_TEXT = 131_072


@dataclass(frozen=True, slots=True)
class Source:
    """A policy to be asked."""

    policy_id: str
    """Unique in a simulation: a name, or `PolicyInputList.1`."""
    source_type: SourceType
    text: str

    def parse(self, kind: Literal["identity", "resource"] = "identity") -> PolicyDocument:
        """Raises MalformedPolicyDocument."""
        return parse_policy(self.text, name=self.policy_id, kind=kind, max_characters=_LONGEST_TEXT)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Matched:
    """The statement that decided."""

    source: Source
    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Simulated:
    """One result."""

    action: str
    resource: str
    effect: Effect
    matched: Matched | None
    missing_context_keys: tuple[str, ...]
    by_organizations: bool | None
    """Whether the service control policies allow; None when there are none."""
    by_boundary: bool | None


class Simulation:
    """Policies, parsed once, and the questions put to them."""

    __slots__ = ("_found", "_keys", "_layers", "_resource_policy", "_sources", "characters")

    characters: int
    """Of all policies together: what one question costs, by the length of its resource."""

    def __init__(
        self,
        identity: Sequence[Source],
        *,
        boundary: Sequence[Source] = (),
        service_control: Sequence[Source] = (),
        resource_policy: tuple[Source, ResourcePolicy] | None = None,
    ) -> None:
        """`boundary` has one policy at most. Raises MalformedPolicyDocument."""
        bounding = [source.parse() for source in boundary]
        self._layers = Layers(
            tuple(source.parse() for source in identity),
            bounding[0] if bounding else None,
            (),
            tuple(source.parse() for source in service_control),
        )
        asked = [*identity, *boundary]
        self._resource_policy = None
        if resource_policy is not None:
            asked.append(resource_policy[0])
            self._resource_policy = resource_policy[1]
        self._found: dict[StatementRef, Matched] = {}
        self._sources = {source.policy_id: source for source in asked}
        self._keys = context_keys(source.text for source in asked)
        self.characters = sum(len(source.text) for source in (*asked, *service_control))

    def ask(self, action: str, resource: str, values: Mapping[str, ConditionValue]) -> Simulated:
        """The result for one request."""
        context = RequestContext(action, resource, values)
        verdicts = weigh(self._layers, context, self._resource_policy, is_remembered=False)
        decision = conclude(verdicts, context)
        by_type = {verdict.decision.policy_type: verdict.decision for verdict in verdicts}
        given = {key.lower() for key in values}
        return Simulated(
            action,
            resource,
            decision.effect,
            self._matched(decision),
            tuple(key for key in self._keys if key.lower() not in given),
            _allows(by_type.get(PolicyType.SERVICE_CONTROL)),
            _allows(by_type.get(PolicyType.BOUNDARY)),
        )

    def _matched(self, decision: Decision) -> Matched | None:
        statement = decision.decided_by
        if statement is None or decision.policy_type is PolicyType.SERVICE_CONTROL:
            return None
        found = self._found.get(statement)
        if found is None:
            source = self._sources[statement.policy]
            start, end = _statement_span(source.text, statement.index)
            found = Matched(source, _position(source.text, start), _position(source.text, end))
            self._found[statement] = found
        return found


def _allows(decision: Decision | None) -> bool | None:
    return None if decision is None else decision.is_allowed


def _statement_span(text: str, index: int) -> tuple[int, int]:
    """Offsets of a statement's first character and of the one behind its last."""
    document = parse_json(text).value
    if not isinstance(document, dict):
        return 0, len(text)
    statements = document["Statement"].value
    if isinstance(statements, list):
        start = statements[index].offset
    else:  # a member of an object stands where its name stands
        start = text.index("{", document["Statement"].offset)
    return start, json.JSONDecoder().raw_decode(text, start)[1]


def _position(text: str, offset: int) -> Position:
    before = text[:offset]
    return Position(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)
