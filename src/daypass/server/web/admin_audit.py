"""The audit log of the account in the admin pages, newest first, and one event as CloudTrail writes it.

Those who may `cloudtrail:LookupEvents` see it; only events of their own account, and nothing can be changed here.
"""

import json
import re

from starlette.responses import Response

from daypass.protocol.aws.errors import NoSuchEntity, ValidationError
from daypass.server.domain.audit_search import EventFilter, EventPage, EventPosition
from daypass.server.domain.cloudtrail_record import cloudtrail_record
from daypass.server.domain.identifiers import check_text
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.storage import AuditStore
from daypass.server.web.admin_desk import AdminDesk, AdminVisit, admin_page, link
from daypass.server.web.query_operation import Operation, Parameter

__all__ = ["AdminAudit"]

_PAGE = 50
_COMMAND = "aws cloudtrail lookup-events"
_EVENT = ("cloudtrail", "LookupEvents")
_is_position = re.compile(r"([0-9]{1,12})-([0-9]{1,18})").fullmatch


class AdminAudit:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(self, desk: AdminDesk, store: AuditStore) -> None:
        self.desk = desk
        self._store = store
        self._operation = Operation(
            self._look_up,
            None,
            (
                Parameter("EventId", "event_id", _short),
                Parameter("EventName", "event_name", _short),
                Parameter("Principal", "principal", _short),
                Parameter("OnlyErrors", "only_errors", lambda _, text: text == "true"),
                Parameter("Behind", "behind", _position, is_logged=False),
            ),
        )

    @admin_page
    async def show(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/audit?name=…&principal=…&errors=yes&behind=…`."""
        asked = {
            "EventName": admin.asked("name"),
            "Principal": admin.asked("principal"),
            "OnlyErrors": "true" if admin.asked("errors") else "",
            "Behind": admin.asked("behind"),
        }
        page = await self._ask(admin, asked)
        older = None
        if page.older is not None:
            older = link(
                "audit",
                name=asked["EventName"],
                principal=asked["Principal"],
                errors="yes" if asked["OnlyErrors"] else "",
                behind=f"{page.older.event_time}-{page.older.audit_number}",
            )
        return self.desk.page(
            admin,
            "admin_audit.html",
            here="audit",
            asked=asked,
            events=[logged.event for logged in page.events],
            older=older,
            done="",
            commands=_commands(asked),
        )

    @admin_page
    async def event(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/event?id=…`."""
        event_id = admin.asked("id")
        page = await self._ask(admin, {"EventId": event_id or "-"})
        if not page.events:
            raise NoSuchEntity("There is no such event in this account.")
        event = page.events[0].event
        record = cloudtrail_record(event, region=self.desk.tools.parts.region)
        return self.desk.page(
            admin,
            "admin_event.html",
            here="audit",
            event=event,
            record=json.dumps(record, indent=2, ensure_ascii=False),
            done="",
            commands=[f"{_COMMAND} --lookup-attributes AttributeKey=EventId,AttributeValue={event.event_id}"],
        )

    async def _ask(self, admin: AdminVisit, asked: dict[str, str]) -> EventPage:
        given = {name: text for name, text in asked.items() if text}
        page: EventPage = await self.desk.perform(admin, self._operation, _EVENT, given)
        return page

    async def _look_up(
        self,
        call: VerifiedCall,
        *,
        event_id: str = "",
        event_name: str = "",
        principal: str = "",
        only_errors: bool = False,
        behind: EventPosition | None = None,
    ) -> EventPage:
        call.check_allowed("cloudtrail:LookupEvents", "*")
        wanted = EventFilter(
            call.account_id,
            event_id=event_id,
            event_name=event_name,
            principal=principal,
            only_errors=only_errors,
        )
        return await self._store.search_events(wanted, behind=behind, limit=_PAGE)


def _commands(asked: dict[str, str]) -> list[str]:
    words = [_COMMAND]
    if asked["EventName"]:
        words.append(f"--lookup-attributes AttributeKey=EventName,AttributeValue={asked['EventName']}")
    elif asked["Principal"]:
        words.append(f"--lookup-attributes AttributeKey=Username,AttributeValue={asked['Principal']}")
    return [" ".join(words)]


def _short(member: str, text: str) -> str:
    return check_text(member, text, most=2048)


def _position(_member: str, text: str) -> EventPosition:
    found = _is_position(text)
    if found is None:
        raise ValidationError("The place in the log is not valid.")
    return EventPosition(int(found[1]), int(found[2]))
