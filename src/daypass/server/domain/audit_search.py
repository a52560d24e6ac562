"""What is looked for in the audit log, and where in it one stands: records only.

The log is read newest first, in order of (time, number). A search looks at a bounded part of it at a time: a page may
hold fewer events than asked for, even none, and still say where to go on, as CloudTrail's LookupEvents may.
"""

from dataclasses import dataclass

from daypass.server.domain.audit import AuditEvent

__all__ = [
    "CALLER_ACCESS_KEY_ID",
    "CALLER_MFA",
    "CALLER_PRINCIPAL_ID",
    "CALLER_SESSION_SINCE",
    "EventFilter",
    "EventPage",
    "EventPosition",
    "LoggedEvent",
]

CALLER_ACCESS_KEY_ID = "caller_access_key_id"
"""Member of an event's detail: the id of the access key that signed the call."""
CALLER_PRINCIPAL_ID = "caller_principal_id"
"""Member of an event's detail: the unique id of the caller (`AIDA…`, `AROA…:session`)."""
CALLER_SESSION_SINCE = "caller_since"
"""Member of an event's detail: when temporary credentials were made, epoch seconds."""
CALLER_MFA = "caller_mfa"
"""Member of an event's detail: whether temporary credentials carry a second factor."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Every member that is given must hold; empty texts and None stand for not given."""

    account_id: str | None = None
    """None: every account, and events of none."""
    since: int = 0
    """Epoch seconds; an event at this second belongs."""
    until: int | None = None
    """Epoch seconds; an event at this second belongs."""
    event_id: str = ""
    event_name: str = ""
    event_source: str = ""
    principal: str = ""
    """A whole ARN, or its last part (a user's name, a role session's name, `root`); letters of either case."""
    access_key_id: str = ""
    """The key that signed the call."""
    source_ip: str = ""
    only_errors: bool = False


@dataclass(frozen=True, slots=True)
class EventPosition:
    """A place in the log; what is older lies behind it."""

    event_time: int
    audit_number: int


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event with its number in the log."""

    audit_number: int
    event: AuditEvent

    @property
    def position(self) -> EventPosition:
        """Where it stands."""
        return EventPosition(self.event.event_time, self.audit_number)


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events newest first."""

    events: tuple[LoggedEvent, ...]
    older: EventPosition | None
    """Where to go on; None when there is nothing older."""
