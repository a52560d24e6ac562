"""The explain view: may this user or role do that, which kinds of policy said what, and which statement decided.

Asks and changes nothing, so the question stands in the address. The answer is `daypass server explain`'s, for those who
may `iam:SimulatePrincipalPolicy`.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from daypass.policy.decision import Effect, PolicyType, StatementRef
from daypass.policy.near_misses import NearMiss
from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import AwsError, ValidationError
from daypass.server.domain.access_refusal import refusal_reason
from daypass.server.domain.identifiers import check_text
from daypass.server.flows.explain_decision import AdministratorsExplanation, Explanation
from daypass.server.web.admin_desk import AdminDesk, AdminVisit, admin_page, told
from daypass.server.web.query_operation import Operation, Parameter

__all__ = ["AdminExplain"]

_LABELS = {
    PolicyType.SERVICE_CONTROL: "The operator's ceiling over this account",
    PolicyType.RESOURCE: "Policy of the resource",
    PolicyType.IDENTITY: "Policies of the principal and its groups",
    PolicyType.BOUNDARY: "Permissions boundary",
    PolicyType.SESSION: "Session policies",
}
_WORDS = {Effect.ALLOWED: "Allows", Effect.EXPLICIT_DENY: "Denies", Effect.IMPLICIT_DENY: "Says nothing"}
_EVENT = ("iam", "SimulatePrincipalPolicy")


@dataclass(frozen=True, slots=True)
class _Layer:
    label: str
    word: str
    effect: str
    """`allow`, `deny` or `silent`: how it looks."""
    where: str
    decides: bool


class AdminExplain:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(self, desk: AdminDesk, explanation: AdministratorsExplanation) -> None:
        self.desk = desk
        self._operation = Operation(
            explanation.explain,
            None,
            (
                Parameter("PolicySourceArn", "principal_arn", _short, is_required=True),
                Parameter("ActionName", "action", _short, is_required=True),
                Parameter("ResourceArn", "resource", _short, is_required=True),
                Parameter("Context", "condition_values", _read_context, is_logged=False),
            ),
        )

    @admin_page
    async def show(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/explain?principal=…&action=…&resource=…&context=…`."""
        question = {name: admin.asked(name) for name in ("principal", "action", "context")}
        question["resource"] = admin.asked("resource") or "*"
        found: Explanation | None = None
        error, status = "", 200
        if question["principal"] and question["action"]:
            try:
                found = await self.desk.perform(
                    admin,
                    self._operation,
                    _EVENT,
                    {
                        "PolicySourceArn": question["principal"],
                        "ActionName": question["action"],
                        "ResourceArn": question["resource"],
                        "Context": question["context"] or " ",
                    },
                )
            except AwsError as refusal:
                error, status = told(refusal), refusal.status
        return self.desk.page(
            admin,
            "admin_explain.html",
            status=status,
            here="explain",
            question=question,
            error=error,
            answer=None if found is None else _view(found),
            done="",
            commands=[_command(question)],
        )


def _view(found: Explanation) -> dict[str, object]:
    decision = found.decision
    return {
        "is_allowed": decision.is_allowed,
        "text": "" if decision.is_allowed else f"{refusal_reason(decision)}.",
        "decided_by": _place(decision.decided_by),
        "layers": _layers(found),
        "near": [_near(miss) for miss in found.near_misses],
        "values": sorted((key, _text(value)) for key, value in found.condition_values.items()),
    }


def _layers(found: Explanation) -> Sequence[_Layer]:
    looks = {Effect.ALLOWED: "allow", Effect.EXPLICIT_DENY: "deny", Effect.IMPLICIT_DENY: "silent"}
    said = {verdict.decision.policy_type: verdict for verdict in found.verdicts}
    layers = []
    for kind, label in _LABELS.items():
        verdict = said.get(kind)
        if verdict is None:
            layers.append(_Layer(label, "There is none", "none", "", decides=False))
            continue
        effect = verdict.decision.effect
        word = _WORDS[effect]
        if effect is Effect.IMPLICIT_DENY and not verdict.is_needed:
            word = "Says nothing, and need not"
        decides = kind is found.decision.policy_type and effect is found.decision.effect
        layers.append(_Layer(label, word, looks[effect], _place(verdict.decision.decided_by), decides))
    return layers


def _place(statement: StatementRef | None) -> str:
    if statement is None:
        return ""
    sid = f" ({statement.sid})" if statement.sid else ""
    return f"{statement.policy}, statement {statement.index + 1}{sid}"


def _near(miss: NearMiss) -> str:
    effect = "allow" if miss.effect is Effect.ALLOWED else "deny"
    return f"{', '.join(miss.unmet)} of the {effect} in {_place(miss.ref)}"


def _text(value: ConditionValue) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _short(member: str, text: str) -> str:
    return check_text(member, text, most=2048)


def _read_context(_member: str, text: str) -> dict[str, ConditionValue]:
    """A `key=value` on each line; a key that stands there again has several values. Raises ValidationError."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        key, equals, value = line.strip().partition("=")
        if not equals or ":" not in key:
            raise ValidationError("A condition value is written key=value, such as aws:SourceIp=192.0.2.1")
        found.setdefault(key.strip(), []).append(value.strip())
    return {key: values[0] if len(values) == 1 else tuple(values) for key, values in found.items()}


def _command(question: dict[str, str]) -> str:
    words = [
        "aws iam simulate-principal-policy",
        f"--policy-source-arn {shlex.quote(question['principal']) if question['principal'] else 'ARN'}",
        f"--action-names {shlex.quote(question['action']) if question['action'] else 'ACTION'}",
        f"--resource-arns {shlex.quote(question['resource'])}",
    ]
    return " ".join(words)
