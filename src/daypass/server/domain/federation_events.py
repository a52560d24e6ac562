"""Audit rows of federated sign-in: `ConsoleLogin` and `ConsoleLogout` with the provider and its name for the person.

Subject and roles are the provider's words, kept within bounds; tokens, assertions and attributes are never kept.
"""

from daypass.server.domain.audit import AuditEvent, Caller
from daypass.server.domain.federation_refusal import FederationRefused
from daypass.server.domain.identity_provider import provider_account
from daypass.server.domain.role_session import FederatedIdentity
from daypass.server.domain.session import SignInSession
from daypass.server.domain.sign_in_events import sign_in_event

__all__ = ["federated_login_event", "federated_logout_event", "federated_refusal_event"]

_LONGEST_TEXT = 512


def federated_login_event(
    session: SignInSession,
    identity: FederatedIdentity,
    *,
    role_arn: str,
    event_id: str,
    caller: Caller,
    now: int,
) -> AuditEvent:
    """A person became a role."""
    return sign_in_event(
        "ConsoleLogin",
        event_id=event_id,
        caller=caller,
        now=now,
        principal=(session.account_id, session.principal_arn),
        detail={
            "identity_provider": identity.provider_arn,
            "idp_subject": identity.subject[:_LONGEST_TEXT],
            "role": role_arn,
            "sign_in_session": session.session_id,
        },
    )


def federated_refusal_event(
    refusal: FederationRefused, *, subject: str = "", event_id: str, caller: Caller, now: int
) -> AuditEvent:
    """A provider of ours was named, and nobody was signed in."""
    detail: dict[str, str | int | bool] = {
        "identity_provider": refusal.provider_arn,
        "reason": refusal.detail[:_LONGEST_TEXT],
    }
    if subject:
        detail["idp_subject"] = subject[:_LONGEST_TEXT]
    if refusal.role_arns:
        detail["roles"] = " ".join(refusal.role_arns)[:_LONGEST_TEXT]
    return sign_in_event(
        "ConsoleLogin",
        event_id=event_id,
        caller=caller,
        now=now,
        principal=(provider_account(refusal.provider_arn) if refusal.provider_arn else "", ""),
        error_code=refusal.reason,
        detail=detail,
    )


def federated_logout_event(
    provider_arn: str, *, subject: str, ended: int, event_id: str, caller: Caller, now: int
) -> AuditEvent:
    """A provider ended a person's sessions."""
    return sign_in_event(
        "ConsoleLogout",
        event_id=event_id,
        caller=caller,
        now=now,
        principal=(provider_account(provider_arn), ""),
        detail={
            "identity_provider": provider_arn,
            "idp_subject": subject[:_LONGEST_TEXT],
            "ended_sessions": ended,
        },
    )
