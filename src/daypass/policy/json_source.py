"""JSON read strictly, every element remembering where it stands.

The standard decoder forgets positions, keeps the last of two equal names and accepts NaN; a policy needs
none of that kindness. Here lives RFC 8259 with three refusals added: duplicate names, lone surrogates, and
nesting deeper than any policy. Nothing here knows what a policy is.

Invariant: whatever the text, the only exception is `MalformedPolicyDocument`, and it names the element's
path together with line and column (both from 1).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from daypass.protocol.aws.errors import MalformedPolicyDocument

__all__ = ["MAX_DEPTH", "JsonElement", "JsonNumber", "JsonValue", "parse_json"]

MAX_DEPTH = 8
"""The document, Statement, a statement, Condition, an operator, a key, its list: one level to spare."""

_skip_space = re.compile(r"[ \t\r\n]*+").match
_match_string = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*+"').match
_match_number = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?").match
_is_plain_name = re.compile(r"[A-Za-z0-9_:/-]{1,64}").fullmatch
_WORDS: tuple[tuple[str, bool | None], ...] = (("true", True), ("false", False), ("null", None))


class JsonNumber(str):
    """A number, kept as the text that was written."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class JsonElement:
    """One value and where it stands; a member of an object stands where its name stands."""

    value: "JsonValue"
    path: str
    """`Statement[1].Condition.IpAddress`; empty for the whole document."""
    source: str
    offset: int

    def malformed(self, problem: str) -> MalformedPolicyDocument:
        """The refusal that points here."""
        return _malformed(problem, path=self.path, source=self.source, offset=self.offset)


JsonValue = dict[str, JsonElement] | list[JsonElement] | JsonNumber | str | bool | None


def parse_json(text: str) -> JsonElement:
    """The one value in `text`. Raises MalformedPolicyDocument."""
    reader = _Reader(text)
    start = reader.skip_space(0)
    element, end = reader.read_element(start, path="", depth=0, stands_at=start)
    end = reader.skip_space(end)
    if end != len(text):
        raise reader.malformed("text after the end of the document", "", end)
    return element


def _malformed(problem: str, *, path: str, source: str, offset: int) -> MalformedPolicyDocument:
    line = source.count("\n", 0, offset) + 1
    column = offset - source.rfind("\n", 0, offset)
    return MalformedPolicyDocument(f"{path or 'document'}: {problem} (line {line}, column {column})")


def _member_path(path: str, name: str) -> str:
    """The path of a member; a name that is not plain is quoted and shortened, so it cannot forge a log line."""
    if _is_plain_name(name):
        return f"{path}.{name}" if path else name
    return f"{path}[{json.dumps(name[:64])}]"


class _Reader:
    """Recursive descent, as deep as MAX_DEPTH and no deeper."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def malformed(self, problem: str, path: str, offset: int) -> MalformedPolicyDocument:
        return _malformed(problem, path=path, source=self._text, offset=offset)

    def skip_space(self, at: int) -> int:
        found = _skip_space(self._text, at)
        assert found is not None  # the pattern matches the empty text
        return found.end()

    def read_element(self, at: int, *, path: str, depth: int, stands_at: int) -> tuple[JsonElement, int]:
        value, end = self._read_value(at, path, depth)
        return JsonElement(value, path, self._text, stands_at), end

    def _read_value(self, at: int, path: str, depth: int) -> tuple[JsonValue, int]:
        opening = self._text[at : at + 1]
        if opening in ("{", "["):
            if depth == MAX_DEPTH:
                raise self.malformed("nested deeper than any policy", path, at)
            return self._read_object(at, path, depth) if opening == "{" else self._read_array(at, path, depth)
        if opening == '"':
            return self._read_string(at, path)
        for word, value in _WORDS:
            if self._text.startswith(word, at):
                return value, at + len(word)
        number = _match_number(self._text, at)
        if number is None:
            raise self.malformed(
                "a JSON value is expected" if opening else "the text ends too early", path, at
            )
        return JsonNumber(number[0]), number.end()

    def _read_string(self, at: int, path: str) -> tuple[str, int]:
        found = _match_string(self._text, at)
        if found is None:
            raise self.malformed("a JSON string is not well formed", path, at)
        value: str = json.loads(found[0])
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise self.malformed("a JSON string holds half a surrogate pair", path, at)
        return value, found.end()

    def _read_object(self, at: int, path: str, depth: int) -> tuple[dict[str, JsonElement], int]:
        members: dict[str, JsonElement] = {}
        for start in (reading := _Items(self, at, path, "}")):
            if self._text[start : start + 1] != '"':
                raise self.malformed("an element name in double quotes is expected", path, start)
            name, end = self._read_string(start, path)
            inner = _member_path(path, name)
            if name in members:
                raise self.malformed("the element is given twice", inner, start)
            end = self.skip_space(end)
            if self._text[end : end + 1] != ":":
                raise self.malformed("a colon is expected", inner, end)
            end = self.skip_space(end + 1)
            members[name], reading.end = self.read_element(end, path=inner, depth=depth + 1, stands_at=start)
        return members, reading.end

    def _read_array(self, at: int, path: str, depth: int) -> tuple[list[JsonElement], int]:
        items: list[JsonElement] = []
        for start in (reading := _Items(self, at, path, "]")):
            inner = f"{path}[{len(items)}]"
            item, reading.end = self.read_element(start, path=inner, depth=depth + 1, stands_at=start)
            items.append(item)
        return items, reading.end


class _Items:
    """The starts of a bracket's items; whoever reads an item says in `end` where it stopped."""

    __slots__ = ("_closing", "_path", "_reader", "end")

    def __init__(self, reader: _Reader, at: int, path: str, closing: str) -> None:
        self._reader = reader
        self._path = path
        self._closing = closing
        self.end = at + 1

    def __iter__(self) -> Iterator[int]:
        reader, text = self._reader, self._reader._text
        at = reader.skip_space(self.end)
        if text[at : at + 1] == self._closing:
            self.end = at + 1
            return
        while True:
            yield at
            after = reader.skip_space(self.end)
            self.end = after + 1
            if text[after : after + 1] == self._closing:
                return
            if text[after : after + 1] != ",":
                raise reader.malformed(f"a comma or {self._closing} is expected", self._path, after)
            at = reader.skip_space(after + 1)
