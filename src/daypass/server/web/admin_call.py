"""A button of the admin pages is pressed: `GET|POST /admin/{session_id}/call`.

One handler for all of them: the form names a button of the closed table and its fields, the calls are made as the API
makes them, and the answer is the page it leads to, or the same form again with the API's refusal above what was typed.
"""

from collections.abc import Mapping

from starlette.responses import Response

from daypass.protocol.aws.errors import AccessDenied, AwsError
from daypass.server.domain.own_account import NotRecent, check_recent
from daypass.server.web.admin_button_table import BUTTONS
from daypass.server.web.admin_buttons import Button, read_values
from daypass.server.web.admin_choices import find_choices
from daypass.server.web.admin_desk import AdminDesk, AdminVisit, admin_page, sentence
from daypass.server.web.admin_steps import steps_of

__all__ = ["AdminCalls"]

_EXAMPLES: Mapping[str, str] = {
    "AssumeRolePolicyDocument": """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": { "AWS": "arn:aws:iam::ACCOUNT:root" },
      "Action": "sts:AssumeRole"
    }
  ]
}""",
    "PolicyDocument": """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["s3:GetObject", "s3:ListBucket"],
      "Resource": ["arn:aws:s3:::BUCKET", "arn:aws:s3:::BUCKET/*"]
    }
  ]
}""",
    "MaxSessionDuration": "3600",
    "PasswordResetRequired": "true",
    "SetAsDefault": "true",
}
"""What an empty form begins with."""


class AdminCalls:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(self, desk: AdminDesk) -> None:
        self.desk = desk

    @admin_page
    async def show(self, admin: AdminVisit) -> Response:
        """`GET /admin/{session_id}/call?call=…`: the form of one button; what the page knows is filled in."""
        button = BUTTONS.get(admin.asked("call"))
        if button is None:
            return self.desk.go(admin, "")
        known = {
            field.name: admin.asked(field.name)
            for field in button.fields
            if field.kind == "given" and admin.asked(field.name)
        }
        examples = {
            field.name: _EXAMPLES[field.name].replace("ACCOUNT", admin.session.account_id)
            for field in button.fields
            if field.name in _EXAMPLES
        }
        return await self._form(admin, button, {**examples, **known})

    @admin_page
    async def press(self, admin: AdminVisit) -> Response:
        """`POST /admin/{session_id}/call`."""
        form = admin.visit.form
        button = BUTTONS.get(form.get("call", ""))
        if button is None:
            return self.desk.go(admin, "")
        values = read_values(button, form)
        if button.is_grave:
            try:
                check_recent(admin.session, now=admin.visit.now)
            except NotRecent:
                return self.desk.not_recent(admin)
            if form.get("confirmed") != "yes":
                return await self._form(admin, button, values)
        done: list[str] = []
        try:
            await self._perform(admin, button, values, done)
        except AwsError as refusal:
            status = 403 if isinstance(refusal, AccessDenied) else refusal.status
            return await self._form(
                admin, button, values, status=status, error=sentence(refusal), code=refusal.code, done=done
            )
        place = button.next_place(values, account_id=admin.session.account_id)
        return self.desk.go(admin, place)

    async def _perform(
        self, admin: AdminVisit, button: Button, values: Mapping[str, str], done: list[str]
    ) -> None:
        """Make the calls in order; `done` is what was made so far, also when one is refused."""
        action = button.actions[0] if button.actions else button.key
        async for step, parameters in steps_of(button.key, action)(self.desk, admin, values):
            await self.desk.ask(admin, step, parameters, service=button.service)
            done.append(step)

    async def _form(
        self,
        admin: AdminVisit,
        button: Button,
        values: Mapping[str, str],
        *,
        status: int = 200,
        error: str = "",
        code: str = "",
        done: list[str] | None = None,
    ) -> Response:
        back = button.next_place(values, account_id=admin.session.account_id)
        return self.desk.page(
            admin,
            "admin_call.html",
            status=status,
            here="",
            button=button,
            title=button.named(values),
            values=values,
            choices=await find_choices(self.desk, admin, button),
            error=error,
            code=code,
            steps=done or [],
            back=back.partition("done=")[0].rstrip("?&"),
            commands=button.commands(values),
        )
