"""A list of the account's users, groups, roles or policies, a page at a time: one shape for all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from daypass.server.domain.paging import Listing
from daypass.server.web.admin_button_table import buttons
from daypass.server.web.admin_buttons import command
from daypass.server.web.admin_desk import AdminDesk, AdminVisit, link
from daypass.server.web.admin_view import commands_of, done_of

__all__ = ["ALL", "PAGE", "ListPage", "show_list"]

PAGE = {"MaxItems": "50"}
ALL = {"MaxItems": "1000"}
"""For parts of a page that are not turned."""
_MOST_PAGES = 10
_MOST_FOUND = 200


@dataclass(frozen=True, slots=True)
class ListPage:
    """What is listed, and with which button more is made."""

    place: str
    """Its address and, as `admin_{place}.html`, its template."""
    action: str
    create: str
    name: Callable[[Any], str]
    """What an item is called."""


async def show_list(desk: AdminDesk, admin: AdminVisit, page: ListPage, *, scope: str = "") -> Response:
    """`scope` narrows the listing, for policies. Raises AwsError, StorageError."""
    marker, wanted = admin.asked("marker"), admin.asked("containing")
    narrowed = {"Scope": scope} if scope else {}
    if wanted:
        listing = await _search(desk, admin, page, narrowed, wanted.lower())
    else:
        turned = {"Marker": marker} if marker else {}
        listing = await desk.ask(admin, page.action, {**PAGE, **narrowed, **turned})
    return desk.page(
        admin,
        f"admin_{page.place}.html",
        here=page.place,
        scope=scope,
        containing=wanted,
        items=listing.items,
        onwards=link(page.place, scope=scope, marker=listing.marker) if listing.marker else "",
        first=link(page.place, scope=scope) if marker else "",
        done=done_of(admin),
        commands=[command(page.action, (), {}), *commands_of(buttons(page.create), {})],
    )


async def _search(
    desk: AdminDesk, admin: AdminVisit, page: ListPage, narrowed: Mapping[str, str], wanted: str
) -> Listing[Any]:
    """Those whose name has the text in it, out of all there can be by quota, on one page."""
    found: list[Any] = []
    turned: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        listing = await desk.ask(admin, page.action, {**ALL, **narrowed, **turned})
        found += [item for item in listing.items if wanted in page.name(item).lower()]
        if listing.marker is None or len(found) >= _MOST_FOUND:
            break
        turned = {"Marker": listing.marker}
    return Listing(tuple(found[:_MOST_FOUND]), None)
