"""`daypass server explain PRINCIPAL ACTION RESOURCE`: may it, and which statement of which policy decided?

Reads only, from the server's database; the server may be running. The answer is data on standard output; the exit
code is 0 when the request would be allowed, 1 when not, and 2 for a question that cannot be asked.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from daypass.errors import UsageError
from daypass.policy.decision import Effect, PolicyType, StatementRef
from daypass.policy.document import PolicyDocument, parse_policy
from daypass.policy.near_misses import NearMiss
from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import MalformedPolicyDocument, NoSuchEntity, ValidationError
from daypass.server.adapters.principal_cache import PrincipalCache
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.system import system_clock
from daypass.server.commands.account_create import add_database_flags, chosen_database
from daypass.server.domain.access_refusal import refusal_reason
from daypass.server.domain.managed_policies import SHIPPED_POLICIES
from daypass.server.flows.explain_decision import DecisionExplainer, Explanation

__all__ = ["run"]

_LABELS = {
    PolicyType.SERVICE_CONTROL: "service control policies",
    PolicyType.RESOURCE: "resource-based policy",
    PolicyType.IDENTITY: "identity-based policies",
    PolicyType.BOUNDARY: "permissions boundary",
    PolicyType.SESSION: "session policies",
}
_VERDICTS = {Effect.ALLOWED: "allow", Effect.EXPLICIT_DENY: "deny", Effect.IMPLICIT_DENY: "silent"}


def run(argv: Sequence[str]) -> int:
    """Print the explanation. Returns 0 or 1; raises UsageError, ConfigError, StorageError."""
    parser = argparse.ArgumentParser(
        "daypass server explain",
        description="say whether a principal may do something, and which statement decides",
        allow_abbrev=False,
    )
    parser.add_argument(
        "principal", metavar="PRINCIPAL", help="ARN of root, a user, a role or an assumed-role session"
    )
    parser.add_argument("action", metavar="ACTION", help="service:Operation, for example s3:GetObject")
    parser.add_argument("resource", metavar="RESOURCE", help="an ARN, or *")
    parser.add_argument(
        "--context",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a condition value of the request, such as aws:SourceIp=192.0.2.1; repeat a key for several values",
    )
    parser.add_argument(
        "--session-policy",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a policy that narrows the session; may be repeated",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_database_flags(parser)
    words = parser.parse_args(argv)
    try:
        explanation = asyncio.run(
            _explain(words, _read_context(words.context), tuple(map(_read_policy, words.session_policy)))
        )
    except (MalformedPolicyDocument, NoSuchEntity, ValidationError) as problem:
        raise UsageError(problem.message) from problem
    sys.stdout.write(_as_json(explanation, words.principal) if words.json else _as_text(explanation))
    return 0 if explanation.decision.is_allowed else 1


def _read_context(pairs: Sequence[str]) -> dict[str, ConditionValue]:
    found: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or ":" not in key:
            raise UsageError(
                "a condition value is written KEY=VALUE", hint="--context aws:SourceIp=192.0.2.1"
            )
        found.setdefault(key, []).append(value)
    return {key: values[0] if len(values) == 1 else tuple(values) for key, values in found.items()}


def _read_policy(file: Path) -> PolicyDocument:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError("the session policy's file cannot be read") from None
    return parse_policy(text, name=f"session policy {file.name}")


async def _explain(
    words: argparse.Namespace,
    context: dict[str, ConditionValue],
    session_policies: tuple[PolicyDocument, ...],
) -> Explanation:
    storage = await open_storage(chosen_database(words))
    try:
        await storage.migrate()
        explainer = DecisionExplainer(storage, PrincipalCache(storage, system_clock, SHIPPED_POLICIES))
        return await explainer.explain(
            principal_arn=words.principal,
            action=words.action,
            resource=words.resource,
            now=system_clock(),
            condition_values=context,
            session_policies=session_policies,
        )
    finally:
        await storage.close()


def _as_text(explanation: Explanation) -> str:
    decision = explanation.decision
    if decision.is_allowed:
        lines = [f"allowed: {decision.action} on {decision.resource}"]
    else:
        lines = [f"denied: {decision.action} on {decision.resource} {refusal_reason(decision)}"]
    said = {verdict.decision.policy_type: verdict for verdict in explanation.verdicts}
    for policy_type, label in _LABELS.items():
        verdict = said.get(policy_type)
        if verdict is None:
            lines.append(f"  {label:<26}none")
            continue
        word = _VERDICTS[verdict.decision.effect]
        statement = verdict.decision.decided_by
        where = "" if statement is None else f"  {_place(statement)}"
        waived = "" if verdict.is_needed or statement is not None else "  (not needed)"
        lines.append(f"  {label:<26}{word}{where}{waived}")
    lines += [f"  condition not met: {_near(miss)}" for miss in explanation.near_misses]
    return "\n".join(lines) + "\n"


def _place(statement: StatementRef) -> str:
    sid = f" ({statement.sid})" if statement.sid else ""
    return f"{statement.policy}, statement {statement.index + 1}{sid}"


def _near(miss: NearMiss) -> str:
    effect = "allow" if miss.effect is Effect.ALLOWED else "deny"
    return f"{', '.join(miss.unmet)} of the {effect} in {_place(miss.ref)}"


def _as_json(explanation: Explanation, principal_arn: str) -> str:
    decision = explanation.decision
    document = {
        "allowed": decision.is_allowed,
        "principal": principal_arn,
        "action": decision.action,
        "resource": decision.resource,
        "effect": decision.effect.value,
        "policy_type": decision.policy_type.value,
        "statement": _statement(decision.decided_by),
        "reason": None if decision.is_allowed else refusal_reason(decision),
        "layers": [
            {
                "policy_type": verdict.decision.policy_type.value,
                "effect": verdict.decision.effect.value,
                "is_needed": verdict.is_needed,
                "statement": _statement(verdict.decision.decided_by),
            }
            for verdict in explanation.verdicts
        ],
        "conditions_not_met": [
            {"statement": _statement(miss.ref), "effect": miss.effect.value, "keys": list(miss.unmet)}
            for miss in explanation.near_misses
        ],
        "condition_values": dict(explanation.condition_values),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _statement(ref: StatementRef | None) -> dict[str, object] | None:
    return None if ref is None else {"policy": ref.policy, "index": ref.index, "sid": ref.sid}
