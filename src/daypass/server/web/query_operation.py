"""One row of an API's table: an action, the parameters it understands, and the flow that answers.

The Query protocol's flat texts become typed values here, and a parameter this server does not
understand is refused: dropping `PermissionsBoundary` or `Policy` in silence would give more than was
asked for. Lists are numbered 1, 2, 3 … without a gap, as every SDK numbers them: what two readers could
count differently is refused. Checks of values are `domain/identifiers.py`'s.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from daypass.protocol.aws.errors import ValidationError
from daypass.protocol.aws.query import XmlValue, member_list, member_values
from daypass.server.domain.identifiers import constraint_refusal
from daypass.server.domain.unsigned_call import UnsignedCall
from daypass.server.domain.verified_call import VerifiedCall

__all__ = [
    "ListParameter",
    "Operation",
    "Parameter",
    "StructureListParameter",
    "null_refusal",
    "read_integer",
    "read_whole_number",
]

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

    def covers(self, name: str) -> bool:
        """Whether a name on the wire is this parameter's."""
        return name == self.name

    def is_given(self, parameters: Mapping[str, str]) -> bool:
        """Whether the request has it."""
        return self.name in parameters

    def value(self, parameters: Mapping[str, str]) -> object:
        """The typed value, where it is given. Raises an AwsError."""
        return self.read(self.member, parameters[self.name])

    def logged(self, parameters: Mapping[str, str]) -> str:
        """What an audit row holds of it, where it is given."""
        return parameters[self.name]


@dataclass(frozen=True, slots=True)
class ListParameter(Parameter):
    """A list: `ClientIDList.member.1=a`. `read` takes each text; the value is the tuple of what it returns.

    `ClientIDList=` is the empty list, as SDKs write it.
    """

    most: int = 50
    """The longest list allowed."""

    def covers(self, name: str) -> bool:
        """The list itself, when it is empty, and everything below it."""
        return name == self.name or name.startswith(f"{self.name}.")

    def is_given(self, parameters: Mapping[str, str]) -> bool:
        """Whether the request has it, if only as an empty list."""
        return any(self.covers(name) for name in parameters)

    def value(self, parameters: Mapping[str, str]) -> object:
        """The tuple. Raises ValidationError for gaps and for more than `most`, and whatever `read` raises."""
        texts = member_values(dict(parameters), self.name)
        self._check_count(parameters, len(texts))
        return tuple(
            self.read(f"{self.member}.{number}.member", text) for number, text in enumerate(texts, start=1)
        )

    def logged(self, parameters: Mapping[str, str]) -> str:
        """The texts, in one line."""
        return ", ".join(member_values(dict(parameters), self.name))

    def _check_count(self, parameters: Mapping[str, str], count: int) -> None:
        if count > self.most:
            raise constraint_refusal(
                self.member, f"Member must have length less than or equal to {self.most}"
            )
        prefix = f"{self.name}.member."
        below = [name for name in parameters if name.startswith(f"{self.name}.")]
        if any(not name.startswith(prefix) for name in below):
            raise ValidationError(f"{self.name} must be a list")
        numbers = {name.removeprefix(prefix).partition(".")[0] for name in below}
        if numbers != {str(number) for number in range(1, count + 1)}:
            raise ValidationError(f"The members of {self.name} must be numbered without a gap")


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureListParameter(ListParameter):
    """A list of structures of texts, every field required: `Tags.member.1.Key=a`, `Tags.member.1.Value=b`.

    The value is the tuple of the structures; who wants more of it overrides `value`.
    """

    read: Callable[[str, str], object] = lambda _, text: text
    """Not used: a structure is not one text."""
    fields: tuple[str, ...]
    logged_field: str
    """The one field whose texts an audit row holds: names, no values."""

    def value(self, parameters: Mapping[str, str]) -> object:
        """The tuple. Raises ValidationError for gaps, more than `most`, missing and unknown fields."""
        return tuple(structure for _, structure in self.structures(parameters))

    def structures(self, parameters: Mapping[str, str]) -> list[tuple[str, Mapping[str, str]]]:
        """Each structure with its place as validation messages spell it. Raises like `value`."""
        found = member_list(dict(parameters), self.name)
        self._check_count(parameters, len(found))
        placed = [
            (f"{self.member}.{number}.member", structure) for number, structure in enumerate(found, start=1)
        ]
        for place, structure in placed:
            for field in self.fields:
                if field not in structure:
                    raise null_refusal(f"{place}.{field[0].lower()}{field[1:]}")
            if len(structure) > len(self.fields):
                raise ValidationError(f"The members of {self.name} have a field that is not known")
        return [*placed]

    def logged(self, parameters: Mapping[str, str]) -> str:
        """The named field of each, in one line."""
        return ", ".join(structure[self.logged_field] for _, structure in self.structures(parameters))


@dataclass(frozen=True, slots=True)
class Operation:
    """One action."""

    run: Callable[..., Awaitable[Any]]
    """The flow: the call (an `UnsignedCall` for an unsigned action), then the parameters by keyword."""
    answer: Callable[[Any], Mapping[str, XmlValue]] | None
    """From the flow's result to the answer's members; None for an operation without output."""
    parameters: tuple[Parameter, ...] = ()
    is_audited: bool = False
    """Whether success is audited too: everything that changes something or hands out credentials."""
    changes_account: bool = False
    """Whether success raises the account's revision."""
    audit_result: Callable[[Any], Mapping[str, str | int | bool]] | None = None
    """What of the result an audit row holds; never a secret."""

    async def perform(self, call: VerifiedCall | UnsignedCall, parameters: Mapping[str, str]) -> Any:
        """Read, refuse what is not understood, run. The result is the flow's."""
        self._check_known(parameters)
        return await self.run(call, **self._read(parameters))

    def _read(self, parameters: Mapping[str, str]) -> dict[str, object]:
        values: dict[str, object] = {}
        for parameter in self.parameters:
            if parameter.is_given(parameters):
                value = parameter.value(parameters)
                if parameter.keyword:
                    values[parameter.keyword] = value
            elif parameter.is_required:
                raise null_refusal(parameter.member)
        return values

    def _check_known(self, parameters: Mapping[str, str]) -> None:
        """An empty text is an empty list or an absent value, as some SDKs write it."""
        for name, text in parameters.items():
            if name in _COMMON_PARAMETERS or not text:
                continue
            if not any(parameter.covers(name) for parameter in self.parameters):
                top = name.partition(".")[0]
                raise ValidationError(
                    f"The parameter {top} is not supported yet"
                    if _is_parameter_name(top)
                    else "A parameter is not known"
                )

    def audit_parameters(self, parameters: Mapping[str, str]) -> dict[str, str | int | bool]:
        """What was asked for, as far as an audit row may hold it."""
        return {
            parameter.member: parameter.logged(parameters)[:2048]
            for parameter in self.parameters
            if parameter.is_logged and parameter.is_given(parameters)
        }


def null_refusal(member: str) -> ValidationError:
    """The refusal of a request without a required member, as the Query services word it."""
    return ValidationError(
        f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: "
        "Member must not be null"
    )


def read_whole_number(member: str, text: str) -> int:
    """A whole number of nine digits at most; its bounds are the flow's business."""
    if not _is_integer(text):
        raise constraint_refusal(member, "Member must be a whole number")
    return int(text)


def read_integer(least: int, most: int) -> Callable[[str, str], int]:
    """A whole number within bounds."""

    def read(member: str, text: str) -> int:
        number = read_whole_number(member, text)
        if number < least:
            raise constraint_refusal(member, f"Member must have value greater than or equal to {least}")
        if number > most:
            raise constraint_refusal(member, f"Member must have value less than or equal to {most}")
        return number

    return read
