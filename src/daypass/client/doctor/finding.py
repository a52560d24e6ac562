"""One thing that was looked at: a stable code, how bad it is, one sentence, and the command that mends it."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["SEVERITIES", "Finding", "printable", "worst_severity"]

SEVERITIES = ("ok", "note", "warning", "error")
"""From good to bad."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says."""

    code: str
    """Stable: programs may rely on it (docs/how-to/find-out-what-is-wrong.md)."""
    severity: str
    """One of SEVERITIES. A warning is what will surprise somebody, an error what stops them."""
    sentence: str
    """Without a secret, and of strangers' texts only what `printable` lets through."""
    mend: str = ""
    """A command to type, or empty where nothing is to be mended."""


def worst_severity(findings: Iterable[Finding]) -> str:
    """The worst of them; `ok` for none."""
    return max((each.severity for each in findings), key=SEVERITIES.index, default="ok")


def printable(text: str, longest: int = 120) -> str:
    """A text of somebody else's, fit for one line of a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text[:longest])
