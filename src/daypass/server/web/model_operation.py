"""A row of the IAM table whose parameters and answer are the service model's (`query_model.py`).

The row names only what the model cannot know: which flow runs, what its result is in the model's members, where a
keyword of the flow is not the parameter's name in snake case, and which values mean more than their text.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from daypass.protocol.aws.errors import ValidationError
from daypass.protocol.aws.query import XmlValue
from daypass.server.domain.identifiers import check_policy_arn
from daypass.server.domain.resource_tags import collect_tags
from daypass.server.domain.unsigned_call import UnsignedCall
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.web.query_model import iam_model
from daypass.server.web.query_operation import Operation

__all__ = ["Members", "ModelOperation", "Reader", "changing", "reading", "snake_case"]

Members = Mapping[str, Any]
"""An answer's members by the model's names: epoch seconds, plain documents, bytes."""

Reader = Callable[[str, Any], object]
"""From a member as refusals spell it (`policyArn`) and its plain value to what the flow gets. Raises an AwsError."""
_Run = Callable[..., Awaitable[Any]]
_Answer = Callable[[Any], Members]

_find_words = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z][a-z0-9]*").findall
_UNLOGGED = frozenset({"policyDocumentType", "SAMLMetadataDocumentType", "authenticationCodeType"})
"""Shapes no audit row may hold, beside the secret ones: documents are long, codes prove presence."""
_LOGGED_LENGTH = 2048


def _read_path(member: str, path: str) -> str:
    """IAM has no empty part in a path, though the model's pattern allows one."""
    if "//" in path:
        raise ValidationError(
            f"The specified value for {member} is invalid. It must begin and end with / and contain only "
            "alphanumeric characters and/or / characters."
        )
    return path


def _read_tags(_: str, tags: list[dict[str, str]]) -> object:
    return collect_tags((tag["Key"], tag["Value"]) for tag in tags)


_READERS: Mapping[str, Reader] = {
    "Path": _read_path,
    "NewPath": _read_path,
    "PolicyArn": check_policy_arn,
    "PermissionsBoundary": check_policy_arn,
    "Tags": _read_tags,
}
"""By parameter, wherever it occurs."""


def snake_case(name: str) -> str:
    """`UserName` gives `user_name`, `VirtualMFADeviceName` gives `virtual_mfa_device_name`."""
    return "_".join(_find_words(name)).lower()


@dataclass(frozen=True, slots=True)
class ModelOperation(Operation):
    """One action of IAM by its model."""

    action: str = ""
    keywords: Mapping[str, str] = field(default_factory=dict)
    """Parameter to the flow's keyword where they differ in more than case."""
    readers: Mapping[str, Reader] = field(default_factory=dict)
    """By parameter, where a value means more than the model says."""
    without: tuple[str, ...] = ()
    """Parameters of the model that are refused, because nothing here means them."""

    async def perform(self, call: VerifiedCall | UnsignedCall, parameters: Mapping[str, str]) -> Any:
        """Read by the model, refuse what it does not know, run. The result is the flow's."""
        values = iam_model().read(self.action, parameters)
        for name in self.without:
            if name in values:
                raise ValidationError(f"The parameter {name} is not supported yet")
        arguments = {self.keyword(name): self._value(name, value) for name, value in values.items()}
        return await self.run(call, **arguments)

    def _value(self, name: str, value: Any) -> object:
        read = self.readers.get(name) or _READERS.get(name)
        return value if read is None else read(f"{name[0].lower()}{name[1:]}", value)

    def keyword(self, name: str) -> str:
        """How the flow spells a parameter."""
        return self.keywords.get(name) or snake_case(name)

    def audit_parameters(self, parameters: Mapping[str, str]) -> dict[str, str | int | bool]:
        """Names, ARNs and numbers; of structures only their keys. Also for a request that was not read."""
        model = iam_model()
        found: dict[str, list[str]] = {}
        members = model.input_members(self.action)
        for name, text in parameters.items():
            top, _, below = name.partition(".")
            shape = members.get(top)
            if shape is None or shape in _UNLOGGED or model.shapes[shape].get("sensitive"):
                continue
            if below and not _is_logged_member(model.shapes, shape, below):
                continue
            found.setdefault(f"{top[0].lower()}{top[1:]}", []).append(text)
        return {member: ", ".join(texts)[:_LOGGED_LENGTH] for member, texts in found.items()}


def reading(
    action: str,
    run: _Run,
    answer: _Answer,
    *,
    keywords: Mapping[str, str] | None = None,
    readers: Mapping[str, Reader] | None = None,
    without: tuple[str, ...] = (),
) -> ModelOperation:
    """A row that changes nothing."""
    return ModelOperation(
        run,
        partial(_shape, action, answer),
        action=action,
        keywords=keywords or {},
        readers=readers or {},
        without=without,
    )


def changing(
    action: str,
    run: _Run,
    answer: _Answer | None = None,
    *,
    keywords: Mapping[str, str] | None = None,
    readers: Mapping[str, Reader] | None = None,
    without: tuple[str, ...] = (),
    audited: Callable[[Any], Mapping[str, str | int | bool]] | None = None,
) -> ModelOperation:
    """A row that changes the account: its success is audited, with what `audited` says of the result.

    `answer` None is an operation without output.
    """
    return ModelOperation(
        run,
        None if answer is None else partial(_shape, action, answer),
        is_audited=True,
        changes_account=True,
        audit_result=audited,
        action=action,
        keywords=keywords or {},
        readers=readers or {},
        without=without,
    )


def _shape(action: str, answer: _Answer, result: Any) -> Mapping[str, XmlValue]:
    return iam_model().shape_answer(action, answer(result))


def _is_logged_member(shapes: Mapping[str, Mapping[str, Any]], shape: str, below: str) -> bool:
    """Members of lists of texts, and the `Key` of structures."""
    member = shapes[shape].get("member", "")
    if not member or member in _UNLOGGED or shapes[member].get("sensitive"):
        return False
    return shapes[member]["type"] == "string" or below.rpartition(".")[2] == "Key"
