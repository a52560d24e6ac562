"""LookupEvents: a caller reads the caller's own account's part of the audit log (CloudTrail API reference, "LookupEvents").

At most one attribute is looked up by. Those that columns do not hold are asked of each event here, within a bounded
number of events per call: a page may be short, even empty, and still have a NextToken. A token continues one question
of one account. Events of no account (a sign-in under a name nobody has) are nobody's to look up.
"""

import json
from dataclasses import dataclass

from daypass.protocol.aws.cloudtrail_errors import InvalidNextToken
from daypass.protocol.aws.errors import ValidationError
from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.audit_search import EventFilter, EventPosition, LoggedEvent
from daypass.server.domain.cloudtrail_identity import touched_resources, user_name
from daypass.server.domain.cloudtrail_record import is_read_only
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.paging import Listing, open_marker, seal_marker
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.audit_storage import AuditStore

__all__ = ["LOOKUP_ATTRIBUTES", "EventLookup", "LookupQuestion"]

LOOKUP_ATTRIBUTES = (
    "AccessKeyId",
    "EventId",
    "EventName",
    "EventSource",
    "ReadOnly",
    "ResourceName",
    "ResourceType",
    "Username",
)

_SLICES = 20
_SLICE_EVENTS = 200


@dataclass(frozen=True, slots=True)
class LookupQuestion:
    """What is asked for; values are checked."""

    attribute: str = ""
    """One of `LOOKUP_ATTRIBUTES`, or empty."""
    value: str = ""
    since: int = 0
    """Epoch seconds, inclusive."""
    until: int | None = None
    """Epoch seconds, inclusive."""
    max_results: int = 50
    next_token: str | None = None


class EventLookup:
    """The operation."""

    def __init__(self, audit: AuditStore, ring: KeyRing) -> None:
        self._audit = audit
        self._ring = ring

    async def lookup_events(self, call: VerifiedCall, question: LookupQuestion) -> Listing[LoggedEvent]:
        """Newest first. Raises AccessRefused, InvalidNextToken, StorageError."""
        call.check_allowed("cloudtrail:LookupEvents", "*")
        listing = _listing(call.account_id, question)
        behind = self._open(question.next_token, listing)
        wanted = _filter(call.account_id, question)
        found: list[LoggedEvent] = []
        for _ in range(_SLICES):
            page = await self._audit.search_events(wanted, behind=behind, limit=_SLICE_EVENTS)
            for each in page.events:
                if _matches(each.event, question):
                    found.append(each)
                    if len(found) == question.max_results:
                        return Listing(tuple(found), self._seal(each.position, listing))
            behind = page.older
            if behind is None:
                return Listing(tuple(found), None)
        return Listing(tuple(found), self._seal(behind, listing))

    def _open(self, token: str | None, listing: str) -> EventPosition | None:
        if token is None:
            return None
        try:
            time, _, number = open_marker(self._ring, token, listing=listing).partition(":")
        except ValidationError:
            raise InvalidNextToken("The NextToken is not valid for this request.") from None
        return EventPosition(int(time), int(number))

    def _seal(self, position: EventPosition | None, listing: str) -> str | None:
        if position is None:
            return None
        return seal_marker(self._ring, f"{position.event_time}:{position.audit_number}", listing=listing)


def _listing(account_id: str, question: LookupQuestion) -> str:
    parts = [account_id, question.attribute, question.value, question.since, question.until]
    return f"cloudtrail:LookupEvents {json.dumps(parts)}"


def _filter(account_id: str, question: LookupQuestion) -> EventFilter:
    """What storage can filter by."""
    value = {question.attribute: question.value}.get
    return EventFilter(
        account_id=account_id,
        since=question.since,
        until=question.until,
        event_id=value("EventId", ""),
        event_name=value("EventName", ""),
        event_source=value("EventSource", ""),
        principal=value("Username", ""),
        access_key_id=value("AccessKeyId", ""),
    )


def _matches(event: AuditEvent, question: LookupQuestion) -> bool:
    """The rest of it."""
    if question.attribute == "ReadOnly":
        return is_read_only(event) == (question.value == "true")
    if question.attribute == "ResourceType":
        return any(kind == question.value for kind, _ in touched_resources(event))
    if question.attribute == "ResourceName":
        return any(name == question.value for _, name in touched_resources(event))
    if question.attribute == "Username":
        return user_name(event.principal_arn).lower() == question.value.lower()
    return True
