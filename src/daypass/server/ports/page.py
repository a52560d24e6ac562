"""One page of a listing, in name order: what every listing method of storage takes."""

from dataclasses import dataclass

__all__ = ["Page"]


@dataclass(frozen=True, slots=True)
class Page:
    """Where to go on, and how far."""

    after: str = ""
    """Lower-cased name to start behind; empty for the first page."""
    size: int = 100
