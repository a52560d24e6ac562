"""Events and the chain's state as `daypass server audit` prints them: lines of at most 100 columns, or JSON.

Whatever came over the network is shown without control characters, and JSON is ASCII: no line of the log can move the
cursor of who reads it.
"""

import json

from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.cloudtrail_identity import user_name
from daypass.server.domain.cloudtrail_record import cloudtrail_record
from daypass.server.domain.cloudtrail_times import time_text
from daypass.server.domain.operator_events import OPERATOR
from daypass.server.flows.verify_audit_log import ChainBreak, ChainReport

__all__ = ["chain_json", "chain_lines", "event_json", "event_lines"]

_WIDTH = 100
_NAME_WIDTH = 15
_ABOUT = (
    "userName",
    "roleName",
    "groupName",
    "policyArn",
    "roleArn",
    "accessKeyId",
    "bucketName",
    "resource",
    "client_id",
)


def event_lines(event: AuditEvent) -> list[str]:
    """One line, and a second one for why it was refused: when, account, who, from where, what."""
    who = OPERATOR if event.detail.get("by") == OPERATOR else _plain(user_name(event.principal_arn)) or "-"
    line = "  ".join(
        (
            time_text(event.event_time),
            f"{event.account_id or '-':12}",
            f"{_cut(who, _NAME_WIDTH):{_NAME_WIDTH}}",
            f"{_plain(event.caller.source_ip) or '-':15}",
            _plain(event.event_name),
        )
    )
    about = next((str(event.detail[name]) for name in _ABOUT if event.detail.get(name)), "")
    lines = [_cut(f"{line} {_plain(about)}".rstrip(), _WIDTH)]
    if event.error_code:
        reason = _plain(str(event.detail.get("reason", "")))
        lines.append(_cut(f"    refused: {_plain(event.error_code)}{reason and f': {reason}'}", _WIDTH))
    return lines


def event_json(event: AuditEvent, *, region: str) -> str:
    """CloudTrail's record, on one line."""
    return json.dumps(cloudtrail_record(event, region=region), separators=(",", ":")) + "\n"


def chain_lines(report: ChainReport) -> list[str]:
    """What holds, what does not, and the head to note."""
    state = "broken" if report.breaks else "whole"
    sealed = f"{_count(report.block_count, 'block')} for {_count(report.event_count, 'event')}"
    lines = [f"{state}: {sealed}; {_count(report.unsealed_count, 'newer event')} not sealed yet"]
    lines += map(_break_line, report.breaks)
    if report.head is not None:
        lines.append(f"head: {report.head.block_number}:{report.head.digest.hex()}")
    return lines


def chain_json(report: ChainReport) -> str:
    """The same as one object."""
    head = report.head
    document = {
        "whole": not report.breaks,
        "blocks": report.block_count,
        "events": report.event_count,
        "unsealed_events": report.unsealed_count,
        "head": None if head is None else f"{head.block_number}:{head.digest.hex()}",
        "breaks": [
            {
                "block": each.block_number,
                "first_number": each.numbers[0],
                "last_number": each.numbers[1],
                "reason": each.reason,
            }
            for each in report.breaks
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _break_line(broken: ChainBreak) -> str:
    first, last = broken.numbers
    return f"  block {broken.block_number} (events {first}–{last}): {broken.reason}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
