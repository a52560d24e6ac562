"""Users and groups in the admin pages. What is shown is what the API's own reads answer."""

import re

from starlette.responses import Response

from daypass.server.flows.iam.users import marker_before
from daypass.server.web.admin_button_table import buttons
from daypass.server.web.admin_desk import AdminDesk, AdminVisit, admin_page, link
from daypass.server.web.admin_held import find_held
from daypass.server.web.admin_listing import ALL, PAGE, ListPage, show_list
from daypass.server.web.admin_view import commands_of, done_of, find_sessions

__all__ = ["AdminPeople"]

_GROUPS = ListPage("groups", "ListGroups", "CreateGroup", lambda group: str(group.group_name))
_USER = buttons(
    "UpdateUser",
    "CreateLoginProfile",
    "UpdateLoginProfile",
    "DeleteLoginProfile",
    "JoinGroup",
    "AttachUserPolicy",
    "DetachUserPolicy",
    "PutUserPolicy",
    "DeleteUserPolicy",
    "PutUserPermissionsBoundary",
    "DeleteUserPermissionsBoundary",
    "CreateAccessKey",
    "UpdateAccessKey",
    "DeleteAccessKey",
    "RemoveDevice",
    "TagUser",
    "UntagUser",
    "RevokeSessions",
    "DeleteUser",
)
_GROUP = buttons(
    "UpdateGroup",
    "AddUserToGroup",
    "RemoveMember",
    "AttachGroupPolicy",
    "DetachGroupPolicy",
    "PutGroupPolicy",
    "DeleteGroupPolicy",
    "DeleteGroup",
)
_is_beginning = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII).fullmatch


class AdminPeople:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(self, desk: AdminDesk) -> None:
        self.desk = desk

    @admin_page
    async def users(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/users?beginning=…&marker=…`."""
        beginning, marker = admin.asked("beginning"), admin.asked("marker")
        listing = None
        if not beginning or _is_beginning(beginning):
            place = marker
            if beginning and not marker:
                place = marker_before(self.desk.tools.parts.ring, admin.call.account_id, beginning)
            listing = await self.desk.ask(
                admin, "ListUsers", {**PAGE, **({"Marker": place} if place else {})}
            )
        found = [] if listing is None else list(listing.items)
        matching = [user for user in found if user.user_name.lower().startswith(beginning.lower())]
        onwards = listing.marker if listing is not None and len(matching) == len(found) else None
        return self.desk.page(
            admin,
            "admin_users.html",
            here="users",
            beginning=beginning,
            items=matching,
            onwards=link("users", beginning=beginning, marker=onwards) if onwards else "",
            first=link("users", beginning=beginning) if marker else "",
            done=done_of(admin),
            commands=["aws iam list-users", *commands_of(buttons("CreateUser"), {})],
        )

    @admin_page
    async def user(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/user?name=…`."""
        name = {"UserName": admin.asked("name")}
        user = await self.desk.ask(admin, "GetUser", name)
        look = self.desk.look
        return self.desk.page(
            admin,
            "admin_user.html",
            here="users",
            user=user,
            profile=await look(admin, "GetLoginProfile", name),
            groups=await look(admin, "ListGroupsForUser", {**name, **ALL}),
            held=await find_held(self.desk, admin, "User", user.user_name),
            keys=await look(admin, "ListAccessKeys", name),
            devices=await look(admin, "ListMFADevices", name),
            sessions=await find_sessions(self.desk, admin, user.arn),
            done=done_of(admin),
            commands=commands_of(_USER, {"UserName": user.user_name, "PrincipalArn": user.arn}),
        )

    @admin_page
    async def groups(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/groups?marker=…`."""
        return await show_list(self.desk, admin, _GROUPS)

    @admin_page
    async def group(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/group?name=…&marker=…`."""
        name, marker = {"GroupName": admin.asked("name")}, admin.asked("marker")
        found = await self.desk.ask(
            admin, "GetGroup", {**name, **PAGE, **({"Marker": marker} if marker else {})}
        )
        group, onwards = found.group, found.members.marker
        return self.desk.page(
            admin,
            "admin_group.html",
            here="groups",
            group=group,
            members=found.members.items,
            onwards=link("group", name=group.group_name, marker=onwards) if onwards else "",
            first=link("group", name=group.group_name) if marker else "",
            held=await find_held(self.desk, admin, "Group", group.group_name),
            done=done_of(admin),
            commands=commands_of(_GROUP, {"GroupName": group.group_name}),
        )
