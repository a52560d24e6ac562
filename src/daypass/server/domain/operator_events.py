"""Audit rows of what the operator does at the server's own console: no request, no credentials, but an event all the same.

Accounts and service control policies are AWS Organizations' in CloudTrail, and so are their events here.
"""

from collections.abc import Mapping

from daypass.server.domain.account import Account
from daypass.server.domain.audit import AuditEvent, Caller

__all__ = ["OPERATOR", "account_created", "operator_event"]

OPERATOR = "operator"
"""What an event's detail has under `by`."""

_SOURCES = {
    "CreateAccount": "organizations.amazonaws.com",
    "PutServiceControlPolicy": "organizations.amazonaws.com",
    "DeleteServiceControlPolicy": "organizations.amazonaws.com",
    "RotateKeyRing": "signin.amazonaws.com",
}


def account_created(account: Account, *, command: str, event_id: str) -> AuditEvent:
    """`CreateAccount`, at the time the account says."""
    return operator_event(
        "CreateAccount",
        command=command,
        event_id=event_id,
        now=account.created_at,
        account_id=account.account_id,
        detail={"accountName": account.alias or "", "email": account.root_email},
    )


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
