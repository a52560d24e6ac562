"""Roles and policies in the admin pages. What is shown is what the API's own reads answer."""

from starlette.responses import Response

from daypass.server.domain.managed_policies import SHIPPED_ACCOUNT
from daypass.server.web.admin_button_table import buttons
from daypass.server.web.admin_desk import AdminDesk, AdminVisit, admin_page
from daypass.server.web.admin_held import find_held, pretty
from daypass.server.web.admin_view import commands_of, done_of, view_sessions

__all__ = ["AdminRoles"]

_PAGE = "50"
_ALL = {"MaxItems": "1000"}


class AdminRoles:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(self, desk: AdminDesk) -> None:
        self.desk = desk

    @admin_page
    async def roles(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/roles`."""
        marker = admin.asked("marker")
        listing = await self.desk.ask(
            admin, "ListRoles", {"MaxItems": _PAGE, **({"Marker": marker} if marker else {})}
        )
        return self.desk.page(
            admin,
            "admin_roles.html",
            here="roles",
            roles=listing.items,
            marker=listing.marker,
            done=done_of(admin),
            commands=["aws iam list-roles", *commands_of(buttons("CreateRole"), {})],
        )

    @admin_page
    async def role(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/role?name=…`."""
        role = await self.desk.ask(admin, "GetRole", {"RoleName": admin.asked("name")})
        sessions = [
            await self.desk.look(
                admin,
                "ListSessions",
                {"SessionKind": kind, "PrincipalArn": role.arn, "MaxItems": "100"},
                service="signin",
            )
            for kind in ("browser", "terminal")
        ]
        return self.desk.page(
            admin,
            "admin_role.html",
            here="roles",
            role=role,
            trust=pretty(role.trust_policy),
            held=await find_held(self.desk, admin, "Role", role.role_name),
            sessions=view_sessions(sessions, now=admin.visit.now),
            done=done_of(admin),
            commands=commands_of(
                buttons(
                    "UpdateRole",
                    "UpdateAssumeRolePolicy",
                    "AttachRolePolicy",
                    "DetachRolePolicy",
                    "PutRolePolicy",
                    "DeleteRolePolicy",
                    "PutRolePermissionsBoundary",
                    "DeleteRolePermissionsBoundary",
                    "RevokeSessions",
                    "DeleteRole",
                ),
                {"RoleName": role.role_name, "PrincipalArn": role.arn},
            ),
        )

    @admin_page
    async def policies(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/policies?scope=Local|AWS`."""
        scope = "AWS" if admin.asked("scope") == "AWS" else "Local"
        marker = admin.asked("marker")
        listing = await self.desk.ask(
            admin,
            "ListPolicies",
            {"Scope": scope, "MaxItems": _PAGE, **({"Marker": marker} if marker else {})},
        )
        return self.desk.page(
            admin,
            "admin_policies.html",
            here="policies",
            scope=scope,
            policies=listing.items,
            marker=listing.marker,
            done=done_of(admin),
            commands=[f"aws iam list-policies --scope {scope}", *commands_of(buttons("CreatePolicy"), {})],
        )

    @admin_page
    async def policy(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/policy?arn=…&version=…`: one version's text, all versions, and who has it."""
        arn = {"PolicyArn": admin.asked("arn")}
        counted = await self.desk.ask(admin, "GetPolicy", arn)
        version = admin.asked("version") or counted.policy.default_version_id
        shown = await self.desk.look(admin, "GetPolicyVersion", {**arn, "VersionId": version})
        is_own = counted.policy.account_id != SHIPPED_ACCOUNT
        return self.desk.page(
            admin,
            "admin_policy.html",
            here="policies",
            policy=counted.policy,
            is_own=is_own,
            version=version,
            shown=shown,
            document=pretty(shown.value.document) if shown.value else "",
            versions=await self.desk.look(admin, "ListPolicyVersions", {**arn, **_ALL}),
            entities=await self.desk.look(admin, "ListEntitiesForPolicy", {**arn, **_ALL}),
            done=done_of(admin),
            commands=commands_of(
                buttons(
                    "CreatePolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion", "DeletePolicy"
                )
                if is_own
                else [],
                arn,
            ),
        )
