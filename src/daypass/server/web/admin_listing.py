"""A list of the account's users, groups, roles or policies, a page at a time: one shape for all of them."""

from dataclasses import dataclass

from starlette.responses import Response

from daypass.server.web.admin_button_table import buttons
from daypass.server.web.admin_buttons import command
from daypass.server.web.admin_desk import AdminDesk, AdminVisit, link
from daypass.server.web.admin_view import commands_of, done_of

__all__ = ["ALL", "PAGE", "ListPage", "show_list"]

PAGE = {"MaxItems": "50"}
ALL = {"MaxItems": "1000"}
"""For parts of a page that are not turned."""


@dataclass(frozen=True, slots=True)
class ListPage:
    """What is listed, and with which button more is made."""

    place: str
    """Its address and, as `admin_{place}.html`, its template."""
    action: str
    create: str


async def show_list(desk: AdminDesk, admin: AdminVisit, page: ListPage, *, scope: str = "") -> Response:
    """`scope` narrows the listing, for policies. Raises AwsError, StorageError."""
    marker = admin.asked("marker")
    asked = {"Marker": marker} if marker else {}
    asked |= {"Scope": scope} if scope else {}
    listing = await desk.ask(admin, page.action, {**PAGE, **asked})
    return desk.page(
        admin,
        f"admin_{page.place}.html",
        here=page.place,
        scope=scope,
        items=listing.items,
        onwards=link(page.place, scope=scope, marker=listing.marker) if listing.marker else "",
        first=link(page.place, scope=scope) if marker else "",
        done=done_of(admin),
        commands=[command(page.action, (), {}), *commands_of(buttons(page.create), {})],
    )
