"""From where a session began, so that a person can tell their own from a stranger's. A record, and how it reads."""

import re
from dataclasses import dataclass, field
from typing import Literal

from daypass.server.domain.audit import Caller
from daypass.server.domain.session import LoginSession, SignInSession

__all__ = ["SessionBegan", "SessionOrigin", "describe_program", "origin_of"]


@dataclass(frozen=True, slots=True)
class SessionOrigin:
    """What the first request of a session said of itself; nothing of it is proven but the address."""

    session_id: str
    source_ip: str
    user_agent: str
    """At most 256 characters."""
    expires_at: int
    """When nobody needs to know any more, epoch seconds."""
    began: "SessionBegan | None" = field(default=None, compare=False)
    """Whose session it is, for who announces it; not kept, the session's own row says it."""


@dataclass(frozen=True, slots=True)
class SessionBegan:
    """What an announcement says beside the origin."""

    kind: Literal["browser", "terminal"]
    principal_arn: str
    account_id: str
    has_second_factor: bool
    scope_name: str
    """Of a narrowed login; empty for others."""


def origin_of(session: SignInSession | LoginSession, caller: Caller) -> SessionOrigin:
    """What `caller` said of itself when it began `session`."""
    is_login = isinstance(session, LoginSession)
    scope = session.scope if isinstance(session, LoginSession) else None
    began = SessionBegan(
        "terminal" if is_login else "browser",
        session.principal_arn,
        session.account_id,
        bool(session.mfa_at),
        "" if scope is None else scope.name,
    )
    end = session.ends_at if isinstance(session, LoginSession) else session.expires_at
    return SessionOrigin(session.session_id, caller.source_ip, caller.user_agent, end, began)


_PROGRAMS = (
    (re.compile(r"aws-cli/([0-9.]+)"), "AWS CLI {}"),
    (re.compile(r"daypass/([0-9.]+)"), "daypass {}"),
    (re.compile(r"Boto3/([0-9.]+)"), "boto3 {}"),
    (re.compile(r"Botocore/([0-9.]+)", re.IGNORECASE), "botocore {}"),
    (re.compile(r"aws-sdk-([a-z]+(?:-v[0-9])?)/([0-9.]+)"), "AWS SDK for {}"),
    (re.compile(r"Edg/([0-9]+)"), "Edge {}"),
    (re.compile(r"Firefox/([0-9]+)"), "Firefox {}"),
    (re.compile(r"Chrome/([0-9]+)"), "Chrome {}"),
    (re.compile(r"Version/([0-9]+)[0-9.]* (?:Mobile/\w+ )?Safari"), "Safari {}"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("windows", "Windows"),
    ("macos", "macOS"),
    ("Mac OS X", "macOS"),
    ("Darwin", "macOS"),
    ("linux", "Linux"),
)
"""In order: an Android browser says Linux too."""


def describe_program(user_agent: str) -> str:
    """`AWS CLI 2.33.1 on Linux`, `Firefox 140 on Windows`, or what is known of it; never empty."""
    program = "an unknown program"
    for pattern, shape in _PROGRAMS:
        found = pattern.search(user_agent)
        if found is not None:
            program = shape.format(found[1])
            break
    folded = user_agent.lower()
    for mark, system in _SYSTEMS:
        if mark.lower() in folded:
            return f"{program} on {system}"
    return program
