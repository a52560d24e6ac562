"""From where a session began, so that a person can tell their own from a stranger's. A record, and how it reads."""

import re
from dataclasses import dataclass

from daypass.server.domain.audit import Caller
from daypass.server.domain.session import LoginSession, SignInSession

__all__ = ["SessionOrigin", "describe_program", "origin_of"]


@dataclass(frozen=True, slots=True)
class SessionOrigin:
    """What the first request of a session said of itself; nothing of it is proven but the address."""

    session_id: str
    source_ip: str
    user_agent: str
    """At most 256 characters."""
    expires_at: int
    """When nobody needs to know any more, epoch seconds."""


def origin_of(session: SignInSession | LoginSession, caller: Caller) -> SessionOrigin:
    """What `caller` said of itself when it began `session`."""
    end = session.ends_at if isinstance(session, LoginSession) else session.expires_at
    return SessionOrigin(session.session_id, caller.source_ip, caller.user_agent, end)


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
