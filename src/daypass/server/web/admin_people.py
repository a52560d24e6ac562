"""Users and groups in the admin pages, and the account at a glance. What is shown is what the API's own reads answer."""

import re

from starlette.responses import Response

from daypass.server.flows.iam.users import marker_before
from daypass.server.web.admin_button_table import buttons
from daypass.server.web.admin_desk import AdminDesk, AdminVisit, admin_page
from daypass.server.web.admin_held import find_held
from daypass.server.web.admin_view import commands_of, done_of, view_sessions

__all__ = ["AdminPeople"]

_PAGE = "50"
_ALL = {"MaxItems": "1000"}
_is_beginning = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII).fullmatch


class AdminPeople:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(self, desk: AdminDesk) -> None:
        self.desk = desk

    @admin_page
    async def overview(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}`: the account, and how many of what are in it."""
        parts = self.desk.tools.parts
        aliases = await self.desk.look(admin, "ListAccountAliases", {})
        summary = await self.desk.look(admin, "GetAccountSummary", {})
        policy = await self.desk.look(admin, "GetAccountPasswordPolicy", {})
        alias = next(iter(aliases.value or ()), "")
        return self.desk.page(
            admin,
            "admin_overview.html",
            here="overview",
            alias=alias,
            address=f"{parts.external_url}/console/{alias or admin.session.account_id}",
            summary=summary,
            policy=policy,
            done="",
            commands=[
                "aws iam list-account-aliases",
                "aws iam get-account-summary",
                "aws iam get-account-password-policy",
            ],
        )

    @admin_page
    async def users(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/users?beginning=…&marker=…`."""
        beginning = admin.asked("beginning")
        listing, marker = None, None
        if not beginning or _is_beginning(beginning):
            marker = admin.asked("marker")
            if beginning and not marker:
                marker = marker_before(self.desk.tools.parts.ring, admin.call.account_id, beginning)
            listing = await self.desk.ask(
                admin, "ListUsers", {"MaxItems": _PAGE, **({"Marker": marker} if marker else {})}
            )
        found = [] if listing is None else list(listing.items)
        matching = [user for user in found if user.user_name.lower().startswith(beginning.lower())]
        goes_on = listing is not None and listing.marker is not None and len(matching) == len(found)
        return self.desk.page(
            admin,
            "admin_users.html",
            here="users",
            beginning=beginning,
            users=matching,
            marker=listing.marker if listing is not None and goes_on else None,
            done=done_of(admin),
            commands=["aws iam list-users", *commands_of(buttons("CreateUser"), {})],
        )

    @admin_page
    async def user(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/user?name=…`."""
        name = {"UserName": admin.asked("name")}
        user = await self.desk.ask(admin, "GetUser", name)
        look = self.desk.look
        sessions = [
            await look(
                admin,
                "ListSessions",
                {"SessionKind": kind, "PrincipalArn": user.arn, "MaxItems": "100"},
                service="signin",
            )
            for kind in ("browser", "terminal")
        ]
        return self.desk.page(
            admin,
            "admin_user.html",
            here="users",
            user=user,
            profile=await look(admin, "GetLoginProfile", name),
            groups=await look(admin, "ListGroupsForUser", {**name, **_ALL}),
            held=await find_held(self.desk, admin, "User", user.user_name),
            keys=await look(admin, "ListAccessKeys", name),
            devices=await look(admin, "ListMFADevices", name),
            sessions=view_sessions(sessions, now=admin.visit.now),
            done=done_of(admin),
            commands=commands_of(
                buttons(
                    "UpdateLoginProfile",
                    "DeleteLoginProfile",
                    "JoinGroup",
                    "AttachUserPolicy",
                    "DetachUserPolicy",
                    "PutUserPolicy",
                    "DeleteUserPolicy",
                    "PutUserPermissionsBoundary",
                    "DeleteUserPermissionsBoundary",
                    "UpdateAccessKey",
                    "DeleteAccessKey",
                    "RemoveDevice",
                    "TagUser",
                    "UntagUser",
                    "RevokeSessions",
                    "DeleteUser",
                ),
                {"UserName": user.user_name, "PrincipalArn": user.arn},
            ),
        )

    @admin_page
    async def groups(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/groups`."""
        marker = admin.asked("marker")
        listing = await self.desk.ask(
            admin, "ListGroups", {"MaxItems": _PAGE, **({"Marker": marker} if marker else {})}
        )
        return self.desk.page(
            admin,
            "admin_groups.html",
            here="groups",
            groups=listing.items,
            marker=listing.marker,
            done=done_of(admin),
            commands=["aws iam list-groups", *commands_of(buttons("CreateGroup"), {})],
        )

    @admin_page
    async def group(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/group?name=…&marker=…`."""
        name, marker = {"GroupName": admin.asked("name")}, admin.asked("marker")
        found = await self.desk.ask(
            admin, "GetGroup", {**name, "MaxItems": _PAGE, **({"Marker": marker} if marker else {})}
        )
        return self.desk.page(
            admin,
            "admin_group.html",
            here="groups",
            group=found.group,
            members=found.members.items,
            marker=found.members.marker,
            held=await find_held(self.desk, admin, "Group", found.group.group_name),
            done=done_of(admin),
            commands=commands_of(
                buttons(
                    "AddUserToGroup",
                    "RemoveUserFromGroup",
                    "AttachGroupPolicy",
                    "DetachGroupPolicy",
                    "PutGroupPolicy",
                    "DeleteGroupPolicy",
                    "DeleteGroup",
                ),
                {"GroupName": found.group.group_name},
            ),
        )
