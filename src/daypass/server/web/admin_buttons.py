"""Every button of the admin pages: a closed table from a word to API calls, with the fields the form must have.

A form's fields carry the wire's own parameter names, so what a button does is what the shown command does. A button
that is `grave` (it deletes, ends, resets or hands out a credential) asks once more and needs a recent sign-in. What a
button may do is not here.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from daypass.server.web.admin_desk import link
from daypass.server.web.model_operation import snake_case
from daypass.server.web.signin_operations import SIGNIN_VERSION

__all__ = ["Button", "Field", "command", "read_values", "signed_request", "wire_parameters"]

SIGNED_CURL = (
    "curl --aws-sigv4 aws:amz:us-east-1:signin",
    '--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"',
    '-H "X-Amz-Security-Token: $AWS_SESSION_TOKEN"',
    '"$AWS_ENDPOINT_URL/"',
)
"""A signed request without an SDK."""

Kind = Literal["given", "seen", "text", "number", "secret", "document", "lines", "tick"]
_LOSSES = ("Delete", "Detach", "Remove", "Revoke", "Untag", "Deactivate")


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter. `given` is chosen by the page, everything else is typed; `lines` is a list, one text on a line.

    `seen` is no parameter: what the page knew when the form was made, so that a form sent twice is noticed.
    """

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
    back: str | None = None
    """Where Cancel leads, where that is not `place`."""
    answer: str = ""
    """The template that shows what was answered, for what is shown once and never again."""

    @property
    def is_loss(self) -> bool:
        """Whether something is gone afterwards."""
        return self.key.startswith(_LOSSES)

    def named(self, values: Mapping[str, str]) -> str:
        """The heading."""
        return self.title.format_map(_Named(values))

    def next_place(self, values: Mapping[str, str]) -> str:
        """Where to go on, behind a base; `values` may have the `arn` of what was made."""
        return _fill(self.place, values, done=self.key)

    def cancel_place(self, values: Mapping[str, str]) -> str:
        """Where Cancel leads, behind a base."""
        return _fill(self.place if self.back is None else self.back, values)

    def commands(self, values: Mapping[str, str]) -> list[str]:
        """The same with the AWS CLI, a line for each call; what is not given yet is in capitals."""
        shape = command if self.service == "iam" else signed_request
        return [shape(action, self.fields, values) for action in self.actions or (self.key,)]


class _Named(dict[str, str]):
    def __missing__(self, name: str) -> str:
        """What is not given is empty; a new name that is not given is the old one."""
        return self.get(name.removeprefix("New"), "") if name.startswith("New") else ""


def _fill(place: str, values: Mapping[str, str], **more: str) -> str:
    """`place` is `user?name={UserName}`."""
    parts = urlsplit(place)
    words = {
        name: template.format_map(_Named(values))
        for name, _, template in (pair.partition("=") for pair in parts.query.split("&") if pair)
    }
    return link(parts.path, **words, **more)


def read_values(button: Button, form: Mapping[str, str]) -> dict[str, str]:
    """The button's fields out of a form, without those left empty; a document keeps its lines, a text no edges."""
    values: dict[str, str] = {}
    for field in button.fields:
        text = form.get(field.name, "")
        if field.kind in ("document", "lines"):
            text = text.replace("\r\n", "\n").strip()
        elif field.kind == "tick":
            text = "true" if text else "false"
        elif field.kind != "secret":
            text = text.strip()
        if text:
            values[field.name] = text
    return values


def wire_parameters(button: Button, values: Mapping[str, str]) -> dict[str, str]:
    """The values as the wire has them: lists are numbered."""
    parameters = dict(values)
    for field in button.fields:
        if field.kind == "lines" and field.name in parameters:
            texts = parameters.pop(field.name).split()
            parameters |= {
                f"{field.name}.member.{number}": text for number, text in enumerate(texts, start=1)
            }
    return parameters


_TAKES: Mapping[str, tuple[str, ...]] = {
    "CreateUser": ("UserName", "Path", "PermissionsBoundary"),
    "CreateLoginProfile": ("UserName", "Password", "PasswordResetRequired"),
    "AddUserToGroup": ("GroupName", "UserName"),
    "DeactivateMFADevice": ("UserName", "SerialNumber"),
    "DeleteVirtualMFADevice": ("SerialNumber",),
    "DeletePolicy": ("PolicyArn",),
    "DeletePolicyVersion": ("PolicyArn", "VersionId"),
}
"""Of buttons with several calls: which fields each call takes. Others take all."""


def command(action: str, fields: tuple[Field, ...], values: Mapping[str, str]) -> str:
    """`aws iam delete-user --user-name alice`, quoted for a shell."""
    takes = _TAKES.get(action)
    words = [f"aws iam {_kebab(action)}"]
    for field in fields:
        if field.kind != "seen" and (takes is None or field.name in takes):
            words += _option(field, values)
    return " ".join(words)


def _option(field: Field, values: Mapping[str, str]) -> list[str]:
    name = _kebab(field.name.partition(".")[0])
    capitals = name.replace("-", "_").upper()
    if field.kind == "tick":
        is_refused = values.get(field.name) == "false"
        return [f"--no-{name}" if is_refused else f"--{name}"]
    if field.kind == "document":
        return [f"--{name} file://{'metadata.xml' if 'Metadata' in field.name else 'policy.json'}"]
    if field.name.endswith(".Key"):
        return [f"--{name} Key=KEY,Value=VALUE"]
    if field.name.endswith(".Value"):
        return []
    texts = values.get(field.name, "") if field.kind != "secret" else ""
    quoted = [shlex.quote(text) for text in (texts.split() if field.kind == "lines" else [texts]) if text]
    return [" ".join([f"--{name}", *(quoted or [capitals])])]


def signed_request(action: str, fields: tuple[Field, ...], values: Mapping[str, str]) -> str:
    """The same request with curl, for actions that only this server has."""
    given = [
        f"--data-urlencode {shlex.quote(f'{field.name}={values.get(field.name) or field.name.upper()}')}"
        for field in fields
    ]
    return " ".join([*SIGNED_CURL, f"-d Action={action} -d Version={SIGNIN_VERSION}", *given])


def _kebab(name: str) -> str:
    return snake_case(name).replace("_", "-")
