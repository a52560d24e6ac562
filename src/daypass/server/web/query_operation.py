"""One row of an API's table: an action, the parameters it understands, and the flow that answers.

The Query protocol's flat texts become typed values here, and a parameter this server does not
understand is refused: dropping `PermissionsBoundary` or `Policy` in silence would give more than was
asked for. Checks of values are `domain/identifiers.py`'s.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from daypass.protocol.aws.errors import ValidationError
from daypass.protocol.aws.query import XmlValue
from daypass.server.domain.identifiers import constraint_refusal
from daypass.server.domain.verified_call import VerifiedCall

__all__ = ["Operation", "Parameter", "read_boolean", "read_integer"]

_COMMON_PARAMETERS = frozenset({"Action", "Version"})
_is_parameter_name = re.compile(r"[A-Za-z]{1,64}").fullmatch
_is_integer = re.compile(r"-?[0-9]{1,9}").fullmatch


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of one operation."""

    name: str
    """As the wire spells it."""
    keyword: str
    """As the flow spells it; empty when the flow does not take it, because only one value is understood."""
    read: Callable[[str, str], object]
    """From member name (`userName`) and text to the value. Raises an AwsError."""
    is_required: bool = False
    is_logged: bool = True
    """Whether an audit row may hold it: names and ARNs, no document, no secret."""

    @property
    def member(self) -> str:
        """How validation messages spell it."""
        return self.name[0].lower() + self.name[1:]


@dataclass(frozen=True, slots=True)
class Operation:
    """One action."""

    run: Callable[..., Awaitable[Any]]
    """The flow: the call, then the parameters by keyword."""
    answer: Callable[[Any], Mapping[str, XmlValue]] | None
    """From the flow's result to the answer's members; None for an operation without output."""
    parameters: tuple[Parameter, ...] = ()
    is_audited: bool = False
    """Whether success is audited too: everything that changes something or hands out credentials."""
    changes_account: bool = False
    """Whether success raises the account's revision."""
    audit_result: Callable[[Any], Mapping[str, str | int | bool]] | None = None
    """What of the result an audit row holds; never a secret."""

    async def perform(self, call: VerifiedCall, parameters: Mapping[str, str]) -> Any:
        """Read, refuse what is not understood, run. The result is the flow's."""
        self._check_known(parameters)
        return await self.run(call, **self._read(parameters))

    def _read(self, parameters: Mapping[str, str]) -> dict[str, object]:
        values: dict[str, object] = {}
        for parameter in self.parameters:
            text = parameters.get(parameter.name)
            if text is not None:
                value = parameter.read(parameter.member, text)
                if parameter.keyword:
                    values[parameter.keyword] = value
            elif parameter.is_required:
                raise ValidationError(
                    f"1 validation error detected: Value null at '{parameter.member}' failed to satisfy "
                    "constraint: Member must not be null"
                )
        return values

    def _check_known(self, parameters: Mapping[str, str]) -> None:
        """An empty text is an empty list or an absent value, as some SDKs write it."""
        known = {*_COMMON_PARAMETERS, *(parameter.name for parameter in self.parameters)}
        for name, text in parameters.items():
            if name not in known and text:
                top = name.partition(".")[0]
                raise ValidationError(
                    f"The parameter {top} is not supported yet"
                    if _is_parameter_name(top)
                    else "A parameter is not known"
                )

    def audit_parameters(self, parameters: Mapping[str, str]) -> dict[str, str | int | bool]:
        """What was asked for, as far as an audit row may hold it."""
        return {
            parameter.member: parameters[parameter.name][:2048]
            for parameter in self.parameters
            if parameter.is_logged and parameter.name in parameters
        }


def read_boolean(member: str, text: str) -> bool:
    """`true` or `false`."""
    if text not in ("true", "false"):
        raise constraint_refusal(member, "Member must be true or false")
    return text == "true"


def read_integer(least: int, most: int) -> Callable[[str, str], int]:
    """A whole number within bounds."""

    def read(member: str, text: str) -> int:
        if not _is_integer(text):
            raise constraint_refusal(member, "Member must be a whole number")
        if int(text) < least:
            raise constraint_refusal(member, f"Member must have value greater than or equal to {least}")
        if int(text) > most:
            raise constraint_refusal(member, f"Member must have value less than or equal to {most}")
        return int(text)

    return read
