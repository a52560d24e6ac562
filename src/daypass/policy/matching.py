"""Does this text fit that pattern? `*` is any run of characters, `?` is exactly one.

Choice made here: in a `Resource` a wildcard runs over the whole text and may cross `:` and `/`, as the IAM
reference says of a trailing `*` ("Resource element"). ARN *condition operators* compare the six fields one
by one instead (`match_arn`).

Matching never backtracks: the pieces between asterisks are looked for from left to right, each at its first
place. Time is linear in the text, for pieces with `?` too: those that ask for more than a few tries are looked for
by a regular expression of fixed length, without anything to repeat or to choose, while they are short, and the long ones
bit-parallel (Baeza-Yates and Gonnet, "A new approach to text searching", 1992).
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from daypass.policy.request_context import FoldedValues
from daypass.policy.variables import Template, Wildcard

__all__ = ["Glob", "PatternSet", "match_arn", "split_arn_pattern"]


_TRIES = 8
"""How many places are tried one by one, which is quicker while they are few."""
_SHORT = 64
"""Characters of a piece that a regular expression compares at each place sooner than Python steps over one."""


class _Piece:
    """The text between two asterisks: literal chunks with one free character between each two."""

    __slots__ = ("_chunks", "_first", "_first_at", "_free", "_outline", "_places", "length")

    def __init__(self, chunks: Sequence[str]) -> None:
        self.length = sum(map(len, chunks)) + len(chunks) - 1
        self._outline = tuple(chunks)
        self._chunks: list[tuple[int, str]] = []
        at = 0
        for chunk in chunks:
            if chunk:
                self._chunks.append((at, chunk))
            at += len(chunk) + 1
        self._free = (1 << self.length) - 1
        self._places: dict[str, int] = {}
        for offset, chunk in self._chunks:
            for place, character in enumerate(chunk, offset):
                self._free ^= 1 << place
                self._places[character] = self._places.get(character, 0) | 1 << place
        self._first_at, self._first = self._chunks.pop(0) if self._chunks else (0, "")

    def fits(self, text: str, at: int) -> bool:
        """Whether the piece stands at `at`; the caller has checked that there is room."""
        if not text.startswith(self._first, at + self._first_at):
            return False
        return all(text.startswith(chunk, at + offset) for offset, chunk in self._chunks)

    def find(self, text: str, start: int, end: int) -> int:
        """The first place in text[start:end] where the piece stands whole, or -1."""
        last = end - self.length
        for _ in range(_TRIES):
            if start > last:
                return -1
            found = text.find(self._first, start + self._first_at, last + self._first_at + len(self._first))
            if found < 0:
                return -1
            start = found - self._first_at
            if self.fits(text, start):
                return start
            start += 1
        if self.length <= _SHORT:
            short = _fixed_length_pattern(self._outline).search(text, start, end)
            return -1 if short is None else short.start()
        return self._find_bit_parallel(text, start, end)

    def _find_bit_parallel(self, text: str, start: int, end: int) -> int:
        """Bit `n` of the state: the piece's first `n + 1` characters end here. (`length` is not 0: that fits at once.)"""
        state = 0
        whole = 1 << (self.length - 1)
        for at in range(start, end):
            state = (state << 1 | 1) & (self._places.get(text[at], 0) | self._free)
            if state & whole:
                return at - self.length + 1
        return -1


@lru_cache(maxsize=4096)
def _fixed_length_pattern(chunks: tuple[str, ...]) -> re.Pattern[str]:
    """Compiled when first needed, which for most pieces is never."""
    return re.compile(".".join(map(re.escape, chunks)), re.DOTALL)


class Glob:
    """A compiled pattern of literals and wildcards."""

    __slots__ = ("_head", "_middle", "_plain", "_tail")

    def __init__(self, parts: Iterable[str | Wildcard]) -> None:
        pieces: list[list[str]] = [[""]]
        for part in parts:
            if part is Wildcard.ANY:
                pieces.append([""])
            elif part is Wildcard.ONE:
                pieces[-1].append("")
            elif isinstance(part, str):
                pieces[-1][-1] += part
        self._plain: tuple[str, tuple[str, ...], str, int] | None = None
        if len(pieces) > 1 and all(len(chunks) == 1 for chunks in pieces):
            head, *middle, tail = (chunks[0] for chunks in pieces)
            self._plain = (head, tuple(middle), tail, len(head) + len(tail))
            return
        self._head = _Piece(pieces[0])
        self._middle = [_Piece(chunks) for chunks in pieces[1:-1]]
        self._tail = _Piece(pieces[-1]) if len(pieces) > 1 else None

    def matches(self, text: str) -> bool:
        """Whether the whole text fits."""
        return self._matches_pieces(text) if self._plain is None else self._matches_plain(text, *self._plain)

    def _matches_plain(self, text: str, head: str, middle: tuple[str, ...], tail: str, shortest: int) -> bool:
        """The common case, asterisks only: plain string search."""
        if not text.startswith(head) or not text.endswith(tail) or len(text) < shortest:
            return False
        at = len(head)
        end = len(text) - len(tail)
        for piece in middle:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    def _matches_pieces(self, text: str) -> bool:
        at = self._head.length
        if self._tail is None:
            return len(text) == at and self._head.fits(text, 0)
        end = len(text) - self._tail.length
        if end < at or not self._head.fits(text, 0) or not self._tail.fits(text, end):
            return False
        for piece in self._middle:
            found = piece.find(text, at, end)
            if found < 0:
                return False
            at = found + piece.length
        return True


class PatternSet:
    """Several patterns asked as one: does any of them match?"""

    __slots__ = ("_exact", "_globs", "_prefixes", "_templates", "landmarks")

    landmarks: frozenset[tuple[str, str]]
    """A text that matches begins with the first and contains the second of one of these pairs."""

    def __init__(self, templates: Iterable[Template]) -> None:
        templates = tuple(templates)
        self.landmarks = frozenset(template.landmarks for template in templates)
        exact, prefixes, globs, late = set[str](), list[str](), list[Glob](), list[Template]()
        for template in templates:
            match template.parts:
                case _ if template.has_variables:
                    late.append(template)
                case ():
                    exact.add("")
                case (str(whole),):
                    exact.add(whole)
                case (Wildcard.ANY,):
                    prefixes.append("")
                case (str(prefix), Wildcard.ANY):
                    prefixes.append(prefix)
                case parts:
                    globs.append(Glob(part for part in parts if isinstance(part, str | Wildcard)))
        self._exact = frozenset(exact)
        self._prefixes = tuple(prefixes)
        self._globs = tuple(globs)
        self._templates = tuple(late)

    def has_values(self, values: FoldedValues) -> bool:
        """Whether every variable in the patterns has a value."""
        return all(template.resolve(values) is not None for template in self._templates)

    def matches(self, text: str, values: FoldedValues) -> bool:
        """Whether any pattern fits; one whose variable has no value fits nothing."""
        if text in self._exact or text.startswith(self._prefixes):
            return True
        for glob in self._globs:
            if glob.matches(text):
                return True
        for template in self._templates:
            resolved = template.resolve(values)
            if resolved is not None and _fits(resolved, text):
                return True
        return False


def _fits(parts: Sequence[str | Wildcard], text: str) -> bool:
    """One use of a pattern, without compiling it where it is only a text or a beginning."""
    *firsts, last = parts or ("",)
    if all(isinstance(part, str) for part in firsts):
        beginning = "".join(map(str, firsts))
        if isinstance(last, str):
            return text == beginning + last
        if last is Wildcard.ANY:
            return text.startswith(beginning)
    return Glob(parts).matches(text)


def split_arn_pattern(parts: Iterable[str | Wildcard]) -> list[list[str | Wildcard]]:
    """The pattern's fields: six when it is an ARN, the last holding every further colon."""
    fields: list[list[str | Wildcard]] = [[]]
    for part in parts:
        if isinstance(part, Wildcard):
            fields[-1].append(part)
            continue
        first, *further = part.split(":", 6 - len(fields))
        fields[-1].append(first)
        fields.extend([piece] for piece in further)
    return fields


def match_arn(fields: Sequence[Glob], arn: str) -> bool:
    """Whether every field of the ARN fits its pattern; a text that is not an ARN fits nothing."""
    values = arn.split(":", 5)
    return len(values) == len(fields) == 6 and all(map(Glob.matches, fields, values))
