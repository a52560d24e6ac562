"""Audit rows of the sign-in service, in CloudTrail's words (event source `signin.amazonaws.com`).

What a person changes on the own page is IAM's event, as it is when the console or a command does it.

`ConsoleLogin`, `ConsoleLogout`, `AuthorizeOAuth2Access`, `CreateOAuth2Token`: the names CloudTrail gives the
same happenings. A failed sign-in keeps no name that was typed: people type passwords into the wrong box.
"""

from collections.abc import Mapping

from daypass.protocol.oauth.errors import SignInError
from daypass.server.domain.audit import AuditEvent, Caller
from daypass.server.domain.role_session import RoleSession
from daypass.server.domain.token_call import TokenCall

__all__ = ["EVENT_SOURCE", "identity_detail", "sign_in_event", "token_event"]

EVENT_SOURCE = "signin.amazonaws.com"
_IAM_SOURCE = "iam.amazonaws.com"
_IAM_EVENTS = frozenset({"ChangePassword", "DeactivateMFADevice", "EnableMFADevice"})


def sign_in_event(
    event_name: str,
    *,
    event_id: str,
    caller: Caller,
    now: int,
    principal: tuple[str, str] = ("", ""),
    error_code: str = "",
    detail: Mapping[str, str | int | bool] | None = None,
) -> AuditEvent:
    """`principal` is (account id, ARN); empty texts when nobody is known."""
    account_id, principal_arn = principal
    source = _IAM_SOURCE if event_name in _IAM_EVENTS else EVENT_SOURCE
    return AuditEvent(
        event_id, now, source, event_name, account_id, principal_arn, caller, error_code, detail or {}
    )


def token_event(
    call: TokenCall,
    *,
    principal: tuple[str, str],
    detail: Mapping[str, str | int | bool],
    refusal: SignInError | None = None,
) -> AuditEvent:
    """`CreateOAuth2Token`: one row per answered grant; a refusal adds its wire word and its reason."""
    account_id, principal_arn = principal
    error_code = ""
    if refusal is not None:
        error_code = refusal.error
        detail = {**detail, "reason": refusal.detail or refusal.message}
    return AuditEvent(
        call.event_id,
        call.now,
        EVENT_SOURCE,
        "CreateOAuth2Token",
        account_id,
        principal_arn,
        call.caller,
        error_code,
        detail,
    )


def identity_detail(role_session: RoleSession | None) -> dict[str, str]:
    """Who the person is at the identity provider, for an event's detail; empty without one."""
    identity = None if role_session is None else role_session.identity
    if identity is None:
        return {}
    return {"identity_provider": identity.provider_arn, "idp_subject": identity.subject}
