"""The account at a glance in the admin pages: its address, what is in it, its password policy, and its report.

An administrator of one account sees that account; of others the page says only who can make and list them.
"""

from starlette.responses import Response

from daypass.server.web.admin_button_table import buttons
from daypass.server.web.admin_desk import AdminDesk, AdminVisit, admin_page
from daypass.server.web.admin_view import commands_of, done_of
from daypass.server.web.rendering import protect

__all__ = ["AdminAccount"]

_BUTTONS = buttons(
    "CreateAccountAlias", "DeleteAccountAlias", "UpdateAccountPasswordPolicy", "DeleteAccountPasswordPolicy"
)


class AdminAccount:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(self, desk: AdminDesk) -> None:
        self.desk = desk

    @admin_page
    async def overview(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}`."""
        parts = self.desk.tools.parts
        aliases = await self.desk.look(admin, "ListAccountAliases", {})
        alias = next(iter(aliases.value or ()), "")
        return self.desk.page(
            admin,
            "admin_overview.html",
            here="overview",
            aliases=aliases,
            alias=alias,
            sign_in_address=f"{parts.external_url}/console/{alias or admin.session.account_id}",
            summary=await self.desk.look(admin, "GetAccountSummary", {}),
            policy=await self.desk.look(admin, "GetAccountPasswordPolicy", {}),
            done=done_of(admin),
            commands=[
                "aws iam list-account-aliases",
                "aws iam get-account-summary",
                "aws iam get-account-password-policy",
                *commands_of(_BUTTONS, {"AccountAlias": alias}),
                "aws iam generate-credential-report",
                "aws iam get-credential-report --query Content --output text | base64 -d",
            ],
        )

    @admin_page
    async def report(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/credential-report.csv`: GetCredentialReport's content as a file."""
        report = await self.desk.ask(admin, "GetCredentialReport", {})
        name = f"credential-report-{admin.session.account_id}.csv"
        return protect(
            Response(
                report.content,
                media_type="text/csv",
                headers={"Content-Disposition": f'attachment; filename="{name}"'},
            )
        )
