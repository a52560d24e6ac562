"""Every live browser and terminal of the account, in the admin pages: who, from where, since when, and the way to end it."""

from starlette.responses import Response

from daypass.server.web.admin_button_table import buttons
from daypass.server.web.admin_buttons import Field, signed_request
from daypass.server.web.admin_desk import AdminDesk, AdminVisit, admin_page, link
from daypass.server.web.admin_view import commands_of, done_of, view_session_line

__all__ = ["AdminSessions"]

_PAGE = "25"


class AdminSessions:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(self, desk: AdminDesk) -> None:
        self.desk = desk

    @admin_page
    async def show(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/sessions?kind=terminal|browser&principal=…&marker=…`."""
        kind = "browser" if admin.asked("kind") == "browser" else "terminal"
        principal = _whole(admin.asked("principal"))
        marker = admin.asked("marker")
        asked = {"SessionKind": kind, "MaxItems": _PAGE}
        asked |= {"PrincipalArn": principal} if principal else {}
        asked |= {"Marker": marker} if marker else {}
        listing = await self.desk.ask(admin, "ListSessions", asked, service="signin")
        return self.desk.page(
            admin,
            "admin_sessions.html",
            here="sessions",
            kind=kind,
            principal=principal,
            lines=[
                view_session_line(live, region=self.desk.tools.parts.region, now=admin.visit.now)
                for live in listing.items
            ],
            own_id=admin.session.session_id,
            onwards=link("sessions", kind=kind, principal=principal, marker=listing.marker)
            if listing.marker
            else "",
            first=link("sessions", kind=kind, principal=principal) if marker else "",
            done=done_of(admin),
            commands=[
                signed_request("ListSessions", (Field("SessionKind", ""),), {"SessionKind": kind}),
                *commands_of(buttons("RevokeSession", "RevokeSessions"), {"PrincipalArn": principal}),
            ],
        )


def _whole(arn: str) -> str:
    """Whom a list can be narrowed to: a user, a role, root. A role's session stands in its role's list."""
    if ":assumed-role/" not in arn:
        return arn
    return ""
