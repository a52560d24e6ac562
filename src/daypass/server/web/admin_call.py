"""A button of the admin pages is pressed: `GET|POST /admin/{session_id}/call`.

One handler for all of them: the form names a button of the closed table and its fields, the calls are made as the API
makes them, and the answer is the page it leads to, or the same form again with the API's refusal beside what was typed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from daypass.protocol.aws.errors import AccessDenied, AwsError
from daypass.server.domain.own_account import NotRecent, check_recent
from daypass.server.web.admin_button_table import BUTTONS
from daypass.server.web.admin_buttons import Button, read_values, wire_parameters
from daypass.server.web.admin_choices import find_choices, find_present
from daypass.server.web.admin_desk import AdminDesk, AdminVisit, address, admin_page, link, told
from daypass.server.web.admin_errors import find_blamed
from daypass.server.web.admin_steps import find_plan, steps_of

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
    "MinimumPasswordLength": "12",
    "AllowUsersToChangePassword": "true",
    "PasswordResetRequired": "true",
    "SetAsDefault": "true",
}
"""What an empty form begins with."""
_ASKED = frozenset({"Tags.member.1.Key"})
"""Typed fields that a link may fill in: the tag whose value is changed."""

_PLACES = {
    name: name if name.endswith("s") else f"{name}s"
    for name in (
        "users",
        "user",
        "groups",
        "group",
        "roles",
        "role",
        "policies",
        "sessions",
        "provider",
        "providers",
    )
} | {"policy": "policies"}
"""Where a button belongs, by the page it leads to."""


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
        if button.is_grave and not _is_recent(admin):
            return self.desk.not_recent(admin)
        known = {
            each.name: admin.asked(each.name)
            for each in button.fields
            if (each.kind == "given" or each.name in _ASKED) and admin.asked(each.name)
        }
        examples = {
            each.name: _EXAMPLES[each.name].replace("ACCOUNT", admin.session.account_id)
            for each in button.fields
            if each.name in _EXAMPLES
        }
        if not _is_told(button, known):
            return self.desk.go(admin, "")
        present = await find_present(self.desk, admin, button, known)
        return await self._form(admin, button, {**(present or examples), **known})

    @admin_page
    async def press(self, admin: AdminVisit) -> Response:
        """`POST /admin/{session_id}/call`."""
        form = admin.visit.form
        button = BUTTONS.get(form.get("call", ""))
        if button is None:
            return self.desk.go(admin, "")
        values = read_values(button, form)
        if not _is_told(button, values):
            return self.desk.go(admin, "")
        if button.is_grave and not _is_recent(admin):
            return self.desk.not_recent(admin)
        if button.is_grave and form.get("confirmed") != "yes":
            return self.desk.go(admin, _question(button, values))
        made = _Made()
        try:
            await self._perform(admin, button, values, made)
        except AwsError as refusal:
            return await self._form(admin, button, values, refusal=refusal, done=made.steps)
        if button.answer:
            return self._shown_once(admin, button, values, made.answer)
        return self.desk.go(admin, button.next_place({**values, "arn": _arn_of(made.answer)}))

    async def _perform(
        self, admin: AdminVisit, button: Button, values: Mapping[str, str], made: "_Made"
    ) -> None:
        """Make the calls in order; `made` is what was done so far, also when one is refused."""
        action = button.actions[0] if button.actions else button.key
        wired = wire_parameters(button, values)
        async for step, parameters in steps_of(button.key, action)(self.desk, admin, wired):
            made.answer = await self.desk.ask(admin, step, parameters, service=button.service)
            made.steps.append(step)

    def _shown_once(
        self, admin: AdminVisit, button: Button, values: Mapping[str, str], answer: Any
    ) -> Response:
        """The answer to the POST itself: no address leads to it, so nothing shows it again."""
        onwards = button.cancel_place(values)
        return self.desk.page(
            admin, button.answer, here="", answer=answer, onwards=address(admin, onwards), commands=[]
        )

    async def _form(
        self,
        admin: AdminVisit,
        button: Button,
        values: Mapping[str, str],
        *,
        refusal: AwsError | None = None,
        done: Sequence[str] = (),
    ) -> Response:
        status = 200 if refusal is None else 403 if isinstance(refusal, AccessDenied) else refusal.status
        return self.desk.page(
            admin,
            "admin_call.html",
            status=status,
            here=_PLACES.get(button.place.partition("?")[0], "overview"),
            button=button,
            title=button.named(values),
            values=values,
            choices=await find_choices(self.desk, admin, button),
            plan=await find_plan(self.desk, admin, button.key, values) if refusal is None else [],
            error="" if refusal is None else told(refusal),
            blamed={} if refusal is None else find_blamed(button, values, refusal),
            steps=done,
            back=address(admin, button.cancel_place(values)),
            commands=button.commands(values),
        )


@dataclass(slots=True)
class _Made:
    """How far a row of calls came."""

    steps: list[str] = field(default_factory=list)
    answer: Any = None
    """Of the last call."""


def _is_recent(admin: AdminVisit) -> bool:
    try:
        check_recent(admin.session, now=admin.visit.now)
    except NotRecent:
        return False
    return True


def _is_told(button: Button, values: Mapping[str, str]) -> bool:
    """Whether it is said whom a button is about: where a name is left out, IAM means whoever asks."""
    return all(values.get(each.name) for each in button.fields if each.kind == "given")


def _question(button: Button, values: Mapping[str, str]) -> str:
    """The page that asks once more; nothing that was typed goes into an address."""
    given = {each.name: values.get(each.name) for each in button.fields if each.kind == "given"}
    return link("call", call=button.key, **given)


def _arn_of(answer: Any) -> str:
    """Of what was made, where it has one."""
    return getattr(answer, "arn", "") or getattr(getattr(answer, "policy", None), "arn", "")
