"""An event of the audit log as a record of CloudTrail: what `lookup-events`, the page and `daypass server audit` show.

Pure rendering at reading time: a row is stored once, flat, and dressed here. Members and their meaning are CloudTrail's
(user guide, "CloudTrail record contents", "userIdentity element", "AWS Management Console sign-in events"). What a row
does not know is left out, never invented; what CloudTrail has no member for stands in `additionalEventData`.
"""

from collections.abc import Mapping
from typing import Any

from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.audit_search import (
    CALLER_ACCESS_KEY_ID,
    CALLER_MFA,
    CALLER_PRINCIPAL_ID,
    CALLER_SESSION_SINCE,
)
from daypass.server.domain.cloudtrail_identity import user_identity
from daypass.server.domain.cloudtrail_times import time_text

__all__ = ["cloudtrail_record", "is_console_event", "is_read_only"]

Detail = Mapping[str, str | int | bool]

_EVENT_VERSION = "1.11"
_SIGN_IN = "signin.amazonaws.com"
_S3 = "s3.amazonaws.com"

_CONSOLE_EVENTS = frozenset({"ConsoleLogin", "ConsoleLogout", "GetSigninToken", "SwitchRole"})
_READING_EVENTS = frozenset(
    {"AuthorizeOAuth2Access", "CreateOAuth2Token", "DecodeAuthorizationMessage", "GetSigninToken"}
)
_READING_PREFIXES = ("Get", "List", "Head", "Describe", "Lookup", "Simulate", "AssumeRole", "Select")

_CALLER_MEMBERS = frozenset({CALLER_ACCESS_KEY_ID, CALLER_MFA, CALLER_PRINCIPAL_ID, CALLER_SESSION_SINCE})
_SIGN_IN_PARAMETERS = frozenset(
    {"client_id", "code_challenge_method", "redirect_uri", "resource", "response_type", "scope"}
)
_RESPONSE_MEMBERS = frozenset(
    {"arn", "assumedRoleArn", "createdAccessKeyId", "createdVersionId", "expiresAt", "ofUser"}
)
"""What is kept of an answer; every other member was asked for."""
_ADDED_MEMBERS = frozenset(
    {"by", "decision", "identity_provider", "idp_subject", "mfaAuthenticated", "reason"}
)
"""Of any service: neither asked for nor answered."""

_NO_ADDRESS = "AWS Internal"
"""CloudTrail's word where there was no request."""
_FAILED_SIGN_IN = "Failed authentication"
"""What CloudTrail says of every sign-in that failed; alarms look for these words."""


def cloudtrail_record(event: AuditEvent, *, region: str) -> dict[str, Any]:
    """The record, ready for JSON. `region` is the server's. Raises nothing, whatever the row holds."""
    is_console = is_console_event(event)
    record: dict[str, Any] = {
        "eventVersion": _EVENT_VERSION,
        "userIdentity": user_identity(event),
        "eventTime": time_text(event.event_time),
        "eventSource": event.event_source,
        "eventName": event.event_name,
        "awsRegion": region,
        "sourceIPAddress": event.caller.source_ip or _NO_ADDRESS,
        "userAgent": event.caller.user_agent,
        **_error(event),
        **_members(event),
        "requestID": event.caller.request_id,
        "eventID": event.event_id,
        "readOnly": is_read_only(event),
        "eventType": "AwsConsoleSignIn" if is_console else "AwsApiCall",
        "managementEvent": not _is_data_event(event),
        "recipientAccountId": event.account_id,
        "eventCategory": "Data" if _is_data_event(event) else "Management",
    }
    if not event.account_id:
        del record["recipientAccountId"]
    return record


def is_console_event(event: AuditEvent) -> bool:
    """Whether a person did it in the pages."""
    return event.event_source == _SIGN_IN and event.event_name in _CONSOLE_EVENTS


def is_read_only(event: AuditEvent) -> bool:
    """CloudTrail's `readOnly`: the sign-in service's two OAuth events and every way to credentials count as reading."""
    return event.event_name in _READING_EVENTS or event.event_name.startswith(_READING_PREFIXES)


def _is_data_event(event: AuditEvent) -> bool:
    """What concerns objects rather than buckets."""
    return event.event_source == _S3 and "Bucket" not in event.event_name


def _error(event: AuditEvent) -> dict[str, str]:
    if not event.error_code:
        return {}
    if is_console_event(event) and event.event_name == "ConsoleLogin":
        return {"errorMessage": _FAILED_SIGN_IN}
    reason = event.detail.get("reason", "")
    return {"errorCode": event.error_code} | ({"errorMessage": str(reason)} if reason else {})


def _members(event: AuditEvent) -> dict[str, Any]:
    """`requestParameters`, `responseElements` and `additionalEventData`."""
    detail = {name: value for name, value in event.detail.items() if name not in _CALLER_MEMBERS}
    if event.event_source == _SIGN_IN:
        return _sign_in_members(event, detail)
    added = {name: value for name, value in detail.items() if name in _ADDED_MEMBERS and name != "reason"}
    answered = {name: value for name, value in detail.items() if name in _RESPONSE_MEMBERS}
    asked = {
        name: value for name, value in detail.items() if name not in answered and name not in _ADDED_MEMBERS
    }
    if event.event_source == "sts.amazonaws.com" and "accessKeyId" in asked:
        answered = {"accessKeyId": asked.pop("accessKeyId"), **answered}
    members: dict[str, Any] = {"requestParameters": asked or None, "responseElements": answered or None}
    return members | ({"additionalEventData": added} if added else {})


def _sign_in_members(event: AuditEvent, detail: Detail) -> dict[str, Any]:
    asked = {name: value for name, value in detail.items() if name in _SIGN_IN_PARAMETERS}
    added: dict[str, Any] = {
        name: value for name, value in detail.items() if name not in _SIGN_IN_PARAMETERS and name != "reason"
    }
    answered: dict[str, str] | None = None
    if event.event_name in _CONSOLE_EVENTS:
        answered = {event.event_name: "Failure" if event.error_code else "Success"}
        added = {"MobileVersion": "No", **added}
        if event.event_name == "ConsoleLogin":
            added = {"MFAUsed": "No", **added}
        if event.error_code:
            added["reason"] = detail.get("reason", event.error_code)
    else:
        added["success"] = "false" if event.error_code else "true"
    return {
        "requestParameters": asked or None,
        "responseElements": answered,
        "additionalEventData": added,
    }
