"""Reads one request's parameters by the shapes of a service model: texts, numbers, booleans, lists, structures.

Every constraint that is not satisfied is collected, in the words of the Query services, and refused together; so is a name
that no shape has. Names are looked at once each: whoever sends a thousand of them keeps nobody waiting. (AWS Query Protocol)
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from daypass.protocol.aws.errors import ValidationError
from daypass.secret import Secret
from daypass.server.web.model_patterns import compile_pattern, own_words

__all__ = ["ParameterReader", "Shape"]

_LONGEST_SHOWN = 256
"""Characters of a value that a refusal repeats."""
_DEEPEST = 8
"""Dots in the longest name of a parameter (`ContextEntries.member.1.ContextKeyValues.member.1` has five), and to spare."""

_is_integer = re.compile(r"-?[0-9]{1,9}").fullmatch
_is_parameter_name = re.compile(r"[A-Za-z]{1,64}").fullmatch
_find_unwritable = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]").search
"""Characters that no answer could hold (XML 1.0 §2.2, Char), and NUL among them no database."""
_split_member = re.compile(r"([1-9][0-9]{0,3})(?:\.(.+))?").fullmatch

Shape = Mapping[str, Any]
"""One shape of a model, as `iam_model.json` has it."""


class ParameterReader:
    """One request's parameters, taken one by one; what is left at the end was not known."""

    def __init__(self, shapes: Mapping[str, Shape], parameters: dict[str, str]) -> None:
        self._shapes = shapes
        self.left = parameters
        self._below = _names_below(parameters)
        self._violations: list[str] = []
        self._own_words: list[str] = []
        """What IAM says of names and paths with characters they may not have."""

    def check(self) -> None:
        """Raises ValidationError for all that was wrong."""
        for name, text in self.left.items():
            if text:  # an empty text is an absent value, as some SDKs write it
                top = name.partition(".")[0]
                raise ValidationError(
                    f"The parameter {top} is not supported yet"
                    if _is_parameter_name(top)
                    else "A parameter is not known"
                )
        count = len(self._violations)
        if count == 1 and self._own_words:
            raise ValidationError(self._own_words[0])
        if count:
            errors = "error" if count == 1 else "errors"
            raise ValidationError(f"{count} validation {errors} detected: {'; '.join(self._violations)}")

    def structure(self, shape_name: str, prefix: str, place: str) -> dict[str, Any]:
        """The members below a prefix (`Tags.member.1.`); `place` is how refusals spell it (`tags.1.member.`)."""
        shape = self._shapes[shape_name]
        values: dict[str, Any] = {}
        for name, member in shape["members"].items():
            member_place = f"{place}{name[0].lower()}{name[1:]}"
            found = self._value(member, f"{prefix}{name}", member_place)
            if found is not None:
                values[name] = found
            elif name in shape.get("required", ()):
                self._violations.append(
                    f"Value null at '{member_place}' failed to satisfy constraint: Member must not be null"
                )
        return values

    def _value(self, shape_name: str, name: str, place: str) -> Any:
        shape = self._shapes[shape_name]
        if shape["type"] == "list":
            return self._list(shape, name, place)
        if shape["type"] == "structure":
            below = any(key in self.left for key in self._below.get(f"{name}.", ()))
            return self.structure(shape_name, f"{name}.", f"{place}.") if below else None
        if shape["type"] == "map":
            return None  # no served operation takes one: its names stay unknown
        text = self.left.pop(name, None)
        return None if text is None else self._scalar(shape, text, place)

    def _list(self, shape: Shape, name: str, place: str) -> list[Any] | None:
        is_empty = self.left.get(name) == ""
        if is_empty:
            del self.left[name]
        indexes = self._indexes(f"{name}.member.", name)
        if not indexes:
            return [] if is_empty else None
        if "max" in shape and len(indexes) > shape["max"]:
            self._violate(place, None, f"Member must have length less than or equal to {shape['max']}")
            for key in self._below[f"{name}.member."]:
                self.left.pop(key, None)
            return []
        return [self._item(shape["member"], name, place, index) for index in indexes]

    def _item(self, shape_name: str, name: str, place: str, index: int) -> Any:
        item_place = f"{place}.{index}.member"
        if self._shapes[shape_name]["type"] == "structure":
            return self.structure(shape_name, f"{name}.member.{index}.", f"{item_place}.")
        found = self._value(shape_name, f"{name}.member.{index}", item_place)
        if found is None:
            raise ValidationError(f"The members of {name} must be texts")
        return found

    def _indexes(self, prefix: str, name: str) -> list[int]:
        """The numbers of a list's members. Raises ValidationError for a gap and for what is no number."""
        numbers: set[int] = set()
        for key in self._below.get(prefix, ()):
            if key in self.left:
                split = _split_member(key[len(prefix) :])
                if split is None or int(split[1]) > 1000:
                    raise ValidationError(f"The members of {name} must be numbered from 1 to 1000")
                numbers.add(int(split[1]))
        if numbers and max(numbers) != len(numbers):
            raise ValidationError(f"The members of {name} must be numbered without a gap")
        return sorted(numbers)

    def _scalar(self, shape: Shape, text: str, place: str) -> Any:
        kind = shape["type"]
        if kind == "boolean":
            if text not in ("true", "false"):
                self._violate(place, text, "Member must be true or false")
            return text == "true"
        if kind in ("integer", "long"):
            return self._integer(shape, text, place)
        self._check_text(shape, text, place)
        return Secret(text) if shape.get("sensitive") else text

    def _integer(self, shape: Shape, text: str, place: str) -> int:
        if not _is_integer(text):
            self._violate(place, text, "Member must be a whole number")
            return 0
        number = int(text)
        if number < shape.get("min", number):
            self._violate(place, text, f"Member must have value greater than or equal to {shape['min']}")
        if number > shape.get("max", number):
            self._violate(place, text, f"Member must have value less than or equal to {shape['max']}")
        return number

    def _check_text(self, shape: Shape, text: str, place: str) -> None:
        shown = None if shape.get("sensitive") else text
        if "enum" in shape and text not in shape["enum"]:
            self._violate(place, shown, f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]")
        if len(text) < shape.get("min", 0):
            self._violate(place, shown, f"Member must have length greater than or equal to {shape['min']}")
        elif len(text) > shape.get("max", len(text)):
            self._violate(place, shown, f"Member must have length less than or equal to {shape['max']}")
        if _find_unwritable(text):
            self._violate(place, shown, "Member must have characters that XML can hold")
        pattern = shape.get("pattern")
        if text and pattern and not compile_pattern(pattern).fullmatch(text):
            words = own_words(pattern)
            if words is not None and "." not in place:
                self._own_words.append(f"The specified value for {place} is invalid. {words}")
            self._violate(place, shown, f"Member must satisfy regular expression pattern: {pattern}")

    def _violate(self, place: str, shown: str | None, constraint: str) -> None:
        """`shown` None is a value that is not repeated."""
        written = "" if shown is None else f" '{shown[:_LONGEST_SHOWN]}'"
        self._violations.append(f"Value{written} at '{place}' failed to satisfy constraint: {constraint}")


def _names_below(names: Iterable[str]) -> dict[str, list[str]]:
    """By everything up to a dot (`Tags.`, `Tags.member.`), as deep as any shape goes: each name is looked at once, so
    that a thousand structures in a list, which are read before anybody is asked what the caller may, keep nobody waiting.
    """
    found: dict[str, list[str]] = {}
    for name in names:
        end = 0
        for _ in range(_DEEPEST):
            end = name.find(".", end) + 1
            if not end:
                break
            found.setdefault(name[:end], []).append(name)
    return found
