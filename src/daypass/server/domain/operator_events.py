"""Audit rows of what the operator does at the server's own console: no request, no credentials, but an event all the same.

Accounts and service control policies are AWS Organizations' in CloudTrail, and so are their events here.
"""

from collections.abc import Mapping

from daypass.server.domain.audit import AuditEvent, Caller

__all__ = ["OPERATOR", "operator_event"]

OPERATOR = "operator"
"""What an event's detail has under `by`."""

_SOURCES = {
    "CreateAccount": "organizations.amazonaws.com",
    "PutServiceControlPolicy": "organizations.amazonaws.com",
    "DeleteServiceControlPolicy": "organizations.amazonaws.com",
    "RotateKeyRing": "signin.amazonaws.com",
}


def operator_event(
    event_name: str,
    *,
    command: str,
    event_id: str,
    now: int,
    account_id: str = "",
    detail: Mapping[str, str | int | bool] | None = None,
) -> AuditEvent:
    """`command` is what was typed, without its arguments."""
    return AuditEvent(
        event_id,
        now,
        _SOURCES[event_name],
        event_name,
        account_id,
        "",
        Caller(event_id, "", f"daypass {command}", True),
        "",
        {"by": OPERATOR, **(detail or {})},
    )
