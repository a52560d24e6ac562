"""What happened, for the audit log. Records only; no field may ever hold a secret.

Structs, not dataclasses: a frozen dataclass takes twenty times as long to make, and each request makes both.

Event names and sources are CloudTrail's (AuthorizeOAuth2Access, CreateOAuth2Token, ConsoleLogin …).
"""

from collections.abc import Mapping

import msgspec

__all__ = ["CALLER_KEY", "AuditEvent", "Caller"]

CALLER_KEY = "daypass.caller"
"""ASGI scope key under which the outermost app leaves the request's `Caller`."""


class Caller(msgspec.Struct, frozen=True):
    """Where a request came from, as far as HTTP tells. Built once per request by the web layer."""

    request_id: str
    """UUID text; also the answer's x-amzn-RequestId."""
    source_ip: str
    user_agent: str
    """At most 256 characters."""
    is_secure: bool
    """TLS ended here or at the named proxy (aws:SecureTransport)."""


class AuditEvent(msgspec.Struct, frozen=True):
    """One line of the audit log."""

    event_id: str
    """UUID text."""
    event_time: int
    """Epoch seconds."""
    event_source: str
    """`signin.amazonaws.com`, `sts.amazonaws.com`, `iam.amazonaws.com`, `s3.amazonaws.com`."""
    event_name: str
    account_id: str
    """Empty when no account is known (a failed sign-in for an unknown name)."""
    principal_arn: str
    caller: Caller
    error_code: str = ""
    """Empty on success; else the wire word (`TOKEN_EXPIRED`, `AccessDenied` …)."""
    detail: Mapping[str, str | int | bool] = msgspec.field(default_factory=dict)
    """Request parameters and reasons worth keeping. Never a token, password, key or code."""
