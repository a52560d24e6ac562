"""HTTP as plain records: what a pure builder hands to the shell that owns the wire, and gets back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Request", "Response"]


@dataclass(frozen=True, slots=True)
class Request:
    """One request, complete. The body may hold secrets, so it is kept out of `repr`."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, complete."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; a repeated header keeps its last value."""
    body: bytes = field(default=b"", repr=False)
