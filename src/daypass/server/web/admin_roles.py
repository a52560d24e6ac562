"""Roles and policies in the admin pages. What is shown is what the API's own reads answer."""

from starlette.responses import Response

from daypass.server.domain.managed_policies import SHIPPED_ACCOUNT
from daypass.server.web.admin_button_table import buttons
from daypass.server.web.admin_compare import DiffLine, compare
from daypass.server.web.admin_desk import AdminDesk, AdminVisit, Look, admin_page
from daypass.server.web.admin_held import find_held, pretty
from daypass.server.web.admin_listing import ALL, ListPage, show_list
from daypass.server.web.admin_view import commands_of, done_of, find_sessions

__all__ = ["AdminRoles"]

_ROLES = ListPage("roles", "ListRoles", "CreateRole", lambda role: str(role.role_name))
_POLICIES = ListPage(
    "policies", "ListPolicies", "CreatePolicy", lambda counted: str(counted.policy.policy_name)
)
_ROLE = buttons(
    "UpdateRole",
    "UpdateAssumeRolePolicy",
    "AttachRolePolicy",
    "DetachRolePolicy",
    "PutRolePolicy",
    "DeleteRolePolicy",
    "PutRolePermissionsBoundary",
    "DeleteRolePermissionsBoundary",
    "TagRole",
    "UntagRole",
    "RevokeSessions",
    "DeleteRole",
)
_POLICY = buttons(
    "CreatePolicyVersion",
    "SetDefaultPolicyVersion",
    "DeletePolicyVersion",
    "TagPolicy",
    "UntagPolicy",
    "DeletePolicy",
)


class AdminRoles:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(self, desk: AdminDesk) -> None:
        self.desk = desk

    @admin_page
    async def roles(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/roles?marker=…`."""
        return await show_list(self.desk, admin, _ROLES)

    @admin_page
    async def role(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/role?name=…`."""
        role = await self.desk.ask(admin, "GetRole", {"RoleName": admin.asked("name")})
        return self.desk.page(
            admin,
            "admin_role.html",
            here="roles",
            role=role,
            trust=pretty(role.trust_policy),
            held=await find_held(self.desk, admin, "Role", role.role_name),
            sessions=await find_sessions(self.desk, admin, role.arn),
            done=done_of(admin),
            commands=commands_of(_ROLE, {"RoleName": role.role_name, "PrincipalArn": role.arn}),
        )

    @admin_page
    async def policies(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/policies?scope=Local|AWS&marker=…`."""
        scope = "AWS" if admin.asked("scope") == "AWS" else "Local"
        return await show_list(self.desk, admin, _POLICIES, scope=scope)

    @admin_page
    async def policy(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/policy?arn=…&version=…&against=…`: a version's text, all versions, who has it."""
        arn = {"PolicyArn": admin.asked("arn")}
        counted = await self.desk.ask(admin, "GetPolicy", arn)
        version = admin.asked("version") or counted.policy.default_version_id
        shown = await self._version(admin, arn, version)
        is_own = counted.policy.account_id != SHIPPED_ACCOUNT
        return self.desk.page(
            admin,
            "admin_policy.html",
            here="policies",
            policy=counted.policy,
            is_own=is_own,
            version=version,
            shown=shown,
            against=admin.asked("against"),
            difference=await self._difference(admin, arn, shown),
            versions=await self.desk.look(admin, "ListPolicyVersions", {**arn, **ALL}),
            entities=await self.desk.look(admin, "ListEntitiesForPolicy", {**arn, **ALL}),
            done=done_of(admin),
            commands=commands_of(_POLICY if is_own else [], arn),
        )

    async def _version(self, admin: AdminVisit, arn: dict[str, str], version: str) -> Look:
        """A version's text over lines; None when there is no such version."""
        found = await self.desk.look(admin, "GetPolicyVersion", {**arn, "VersionId": version})
        return Look(pretty(found.value.document) if found.value else None, found.refusal)

    async def _difference(self, admin: AdminVisit, arn: dict[str, str], shown: Look) -> list[DiffLine] | None:
        """From the version asked to compare with to the one shown; None when nothing is compared."""
        if not admin.asked("against") or shown.value is None:
            return None
        other = await self._version(admin, arn, admin.asked("against"))
        return None if other.value is None else compare(other.value, shown.value)
