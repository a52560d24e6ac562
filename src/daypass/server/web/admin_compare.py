"""Two texts of a policy, line against line."""

from dataclasses import dataclass
from difflib import unified_diff
from typing import Literal

__all__ = ["DiffLine", "compare"]


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a comparison."""

    change: Literal["added", "removed", "same"]
    text: str


def compare(before: str, after: str) -> list[DiffLine]:
    """Every line of both in order; empty when they are the same."""
    old, new = before.splitlines(), after.splitlines()
    lines = list(unified_diff(old, new, n=max(len(old), len(new)), lineterm=""))[3:]
    return [_line(line) for line in lines]


def _line(line: str) -> DiffLine:
    if line.startswith("+"):
        return DiffLine("added", line[1:])
    return DiffLine("removed" if line.startswith("-") else "same", line[1:])
