"""The administrator's desk: what every page under `/admin/{session_id}` uses, and no decision of its own.

The session in the address is one of this browser's own live ones; it stands where a signature stood, and every look and
every change is an operation of the API's own table (`audited_calls.py`). Whether it may be is policy's business, so a
page has nothing to allow: what the API refuses, the page shows in the API's words.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from daypass.protocol.aws.errors import AccessDenied, AwsError, NoSuchEntity
from daypass.server.domain.own_account import RECENT_SIGN_IN
from daypass.server.domain.page_call import call_of_session
from daypass.server.domain.session import SignInSession
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.choose_session import choose_session
from daypass.server.web.audited_calls import AuditedCalls
from daypass.server.web.page_tools import PageTools, Visit
from daypass.server.web.query_operation import Operation
from daypass.server.web.session_view import view_session

__all__ = ["AdminDesk", "AdminVisit", "Look", "address", "admin_page", "link", "sentence", "told"]

_LARGEST_FORM = 262_144
"""Bytes, as encoded for a form. Identity providers publish up to a hundred kilobytes of metadata; the longest policy has
10,240 characters that count, and is half of that when it is indented."""
_DAY = "%-d %B %Y"
_MINUTE = "%-d %B %Y, %H:%M UTC"


@dataclass(frozen=True, slots=True)
class AdminVisit:
    """One request of a browser, made as one of its sessions."""

    visit: Visit
    session: SignInSession
    call: VerifiedCall
    query: Mapping[str, str]

    @property
    def base(self) -> str:
        """Where this session's pages are."""
        return f"/admin/{self.session.session_id}"

    def asked(self, name: str) -> str:
        """A word of the address, without the spaces around it; empty when it is not there."""
        return self.query.get(name, "").strip()[:2048]


@dataclass(frozen=True, slots=True)
class Look:
    """What a listing answered, or in whose words it was refused."""

    value: Any = None
    refusal: str = ""


class _HasDesk(Protocol):
    @property
    def desk(self) -> "AdminDesk": ...


class AdminDesk:
    """Built once. `tables` are the APIs' operations by service."""

    def __init__(
        self, tools: PageTools, calls: AuditedCalls, tables: Mapping[str, Mapping[str, Operation]]
    ) -> None:
        self.tools = tools
        self._calls = calls
        self._tables = tables

    async def enter(self, request: Request) -> AdminVisit | Response:
        """The visit, or the way home for a session that is not this browser's."""
        parts = self.tools.parts
        visit = await self.tools.visit(request, largest=_LARGEST_FORM)
        session = await choose_session(
            sessions=parts.storage.sign_in_sessions,
            directory=parts.directory,
            browser_hash=visit.browser_hash,
            session_id=request.path_params["session_id"],
            now=visit.now,
        )
        snapshot = None
        if session is not None:
            snapshot = await parts.directory.load(
                session.account_id, session.principal_kind, session.principal_id
            )
        if session is None or snapshot is None:
            return self.tools.go(visit, "/")
        call = call_of_session(session, snapshot, caller=visit.caller, now=visit.now, region=parts.region)
        return AdminVisit(visit, session, call, dict(request.query_params))

    async def ask(
        self, admin: AdminVisit, action: str, parameters: Mapping[str, str], *, service: str = "iam"
    ) -> Any:
        """The operation's result; `parameters` have the wire's names. Raises AwsError, StorageError."""
        return await self.perform(admin, self._tables[service][action], (service, action), parameters)

    async def perform(
        self,
        admin: AdminVisit,
        operation: Operation,
        event: tuple[str, str],
        parameters: Mapping[str, str],
    ) -> Any:
        """As `ask`, for a row that stands in no table."""
        return await self._calls.perform(admin.call, operation, event=event, parameters=parameters)

    async def look(
        self, admin: AdminVisit, action: str, parameters: Mapping[str, str], *, service: str = "iam"
    ) -> Look:
        """As `ask`, for one part of a page: a refusal is shown there, and what is not there is None."""
        try:
            return Look(await self.ask(admin, action, parameters, service=service))
        except NoSuchEntity:
            return Look()
        except AwsError as refusal:
            return Look(refusal=told(refusal))

    def page(self, admin: AdminVisit, template: str, *, status: int = 200, **values: object) -> Response:
        """A page with its head and its forms armed."""
        parts = self.tools.parts
        return self.tools.page(
            admin.visit,
            template,
            status=status,
            base=admin.base,
            account_id=admin.session.account_id,
            session=view_session(admin.session, parts.identity_providers, now=admin.visit.now),
            day=_day,
            minute=_minute,
            link=link,
            **values,
        )

    def go(self, admin: AdminVisit, place: str) -> Response:
        """303 to a page below `base`."""
        return self.tools.go(admin.visit, address(admin, place))

    def refused(self, admin: AdminVisit, refusal: AwsError) -> Response:
        """The page that says no."""
        status = 403 if isinstance(refusal, AccessDenied) else refusal.status
        return self.page(
            admin, "admin_refused.html", status=status, here="", code=refusal.code, text=sentence(refusal)
        )

    def not_recent(self, admin: AdminVisit) -> Response:
        """What cannot be undone needs a sign-in of the last quarter of an hour."""
        return self.page(admin, "admin_not_recent.html", status=403, here="", minutes=RECENT_SIGN_IN // 60)


def admin_page(
    handler: Callable[[Any, AdminVisit], Awaitable[Response]],
) -> Callable[[Any, Request], Awaitable[Response]]:
    """A handler of an entered visit as a handler of a request; its class has a `desk`."""

    async def enter(self: _HasDesk, request: Request) -> Response:
        admin = await self.desk.enter(request)
        if isinstance(admin, Response):
            return admin
        try:
            return await handler(self, admin)
        except AwsError as refusal:
            return self.desk.refused(admin, refusal)

    enter.__doc__ = handler.__doc__
    return enter


def sentence(refusal: AwsError) -> str:
    """What the API says, ended like a sentence."""
    text = str(refusal)
    return text if text.endswith(".") else f"{text}."


def told(refusal: AwsError) -> str:
    """The refusal for a part of a page: what policies deny begins with the same two words everywhere."""
    words = sentence(refusal)
    return f"Access denied: {words}" if isinstance(refusal, AccessDenied) else words


def link(place: str, **words: str | None) -> str:
    """An address below a page's base; words without a value are left out."""
    given = {name: word for name, word in words.items() if word}
    return f"{place}?{urlencode(given)}" if given else place


def address(admin: AdminVisit, place: str) -> str:
    """A place below this session's base as a path; the base itself for a place without a name."""
    return f"{admin.base}/{place}" if place and not place.startswith("?") else f"{admin.base}{place}"


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime(_DAY) if moment else "never"


def _minute(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime(_MINUTE) if moment else "never"
