"""Every button of the admin pages: a closed table from a word to API calls, with the fields the form must have.

A form's fields carry the wire's own parameter names, so what a button does is what the shown command does. A button
that is `grave` (it deletes, ends or resets) asks once more and needs a recent sign-in. What a button may do is not here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from daypass.server.web.admin_desk import link
from daypass.server.web.model_operation import snake_case
from daypass.server.web.signin_operations import SIGNIN_VERSION

__all__ = ["Button", "Field", "command", "read_values", "signed_request"]

SIGNED_CURL = (
    "curl --aws-sigv4 aws:amz:us-east-1:signin",
    '--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"',
    '-H "X-Amz-Security-Token: $AWS_SESSION_TOKEN"',
    '"$AWS_ENDPOINT_URL/"',
)
"""A signed request without an SDK."""

Kind = Literal["given", "text", "secret", "document", "tick"]


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter. `given` is chosen by the page, everything else is typed."""

    name: str
    """The wire's."""
    label: str
    kind: Kind = "text"
    hint: str = ""
    is_needed: bool = False


@dataclass(frozen=True, slots=True)
class Button:
    """One thing that can be done."""

    key: str
    """The form's word for it; the action's name where it is one action."""
    title: str
    """Heading of its page, with `{names}` of fields."""
    word: str
    """On the button."""
    fields: tuple[Field, ...]
    place: str
    """Where to go on: a page, or a page and the field it is about (`user?name={UserName}`)."""
    done: str
    """What happened, for the page behind it."""
    explained: str = ""
    """A sentence for its page."""
    is_grave: bool = False
    actions: tuple[str, ...] = ()
    """The actions it may call, in order; empty means `key` alone."""
    service: str = "iam"

    @property
    def is_typed(self) -> bool:
        """Whether there is something to type."""
        return any(field.kind != "given" for field in self.fields)

    def named(self, values: Mapping[str, str]) -> str:
        """The heading."""
        return self.title.format_map(_Named(values))

    def next_place(self, values: Mapping[str, str], *, account_id: str) -> str:
        """Where to go on, behind a base."""
        parts = urlsplit(self.place)
        words = {
            name: template.format_map(_Named({**values, "account": account_id}))
            for name, _, template in (pair.partition("=") for pair in parts.query.split("&") if pair)
        }
        return link(parts.path, **words, done=self.key)

    def commands(self, values: Mapping[str, str]) -> list[str]:
        """The same with the AWS CLI, a line for each call; what is not given yet is in capitals."""
        shape = command if self.service == "iam" else signed_request
        return [shape(action, self.fields, values) for action in self.actions or (self.key,)]


class _Named(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return ""


def read_values(button: Button, form: Mapping[str, str]) -> dict[str, str]:
    """The button's fields out of a form, without those left empty; a document keeps its lines, a text no edges."""
    values: dict[str, str] = {}
    for field in button.fields:
        text = form.get(field.name, "")
        if field.kind == "document":
            text = text.replace("\r\n", "\n").strip()
        elif field.kind == "tick":
            text = "true" if text else "false"
        elif field.kind != "secret":
            text = text.strip()
        if text:
            values[field.name] = text
    return values


_TAKES: Mapping[str, tuple[str, ...]] = {
    "CreateUser": ("UserName", "Path"),
    "CreateLoginProfile": ("UserName", "Password", "PasswordResetRequired"),
    "AddUserToGroup": ("GroupName", "UserName"),
    "DeactivateMFADevice": ("UserName", "SerialNumber"),
    "DeleteVirtualMFADevice": ("SerialNumber",),
    "DeletePolicy": ("PolicyArn",),
    "DeletePolicyVersion": ("PolicyArn", "VersionId"),
}
"""Of buttons with several calls: which fields each call takes. Others take all."""


def command(action: str, fields: tuple[Field, ...], values: Mapping[str, str]) -> str:
    """`aws iam delete-user --user-name alice`."""
    takes = _TAKES.get(action)
    words = [f"aws iam {_kebab(action)}"]
    for field in fields:
        if takes is not None and field.name not in takes:
            continue
        name = field.name.partition(".")[0]
        option = f"--{_kebab(name)}"
        if field.kind == "tick":
            words.append(option)
        elif field.kind == "document":
            words.append(f"{option} file://policy.json")
        elif field.name.endswith(".Key"):
            words.append(f"{option} Key=KEY,Value=VALUE")
        elif not field.name.endswith(".Value"):
            given = values.get(field.name, "") if field.kind != "secret" else ""
            words.append(f"{option} {given or _kebab(name).replace('-', '_').upper()}")
    return " ".join(words)


def signed_request(action: str, fields: tuple[Field, ...], values: Mapping[str, str]) -> str:
    """The same request with curl, for actions that only this server has."""
    given = [f"-d {field.name}={values.get(field.name) or field.name.upper()}" for field in fields]
    return " ".join([*SIGNED_CURL, f"-d Action={action} -d Version={SIGNIN_VERSION}", *given])


def _kebab(name: str) -> str:
    return snake_case(name).replace("_", "-")
