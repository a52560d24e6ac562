"""Rounds of two sides, ours first, and what is said about them: medians, and the median of the ratios."""

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bench.load import Result

__all__ = ["Round", "compare"]


class Round(NamedTuple):
    """What the generator saw, and what the server spent on it."""

    result: Result
    cpu_microseconds: float
    """Per request; robust where neighbours share the machine."""


def compare(rounds: Mapping[str, Sequence[Round]]) -> dict[str, object]:
    """Figures of both sides and how many times ours is as fast. `rounds` holds ours and then the peer's."""
    ours, peer = rounds.values()
    by_rate = [a.result.per_second / b.result.per_second for a, b in zip(ours, peer, strict=True)]
    by_cpu = [b.cpu_microseconds / a.cpu_microseconds for a, b in zip(ours, peer, strict=True)]
    return {
        **{label: _figures(each) for label, each in rounds.items()},
        "ratio": round(statistics.median(by_rate), 2),
        "ratio by CPU time": round(statistics.median(by_cpu), 2),
    }


def _figures(rounds: Sequence[Round]) -> dict[str, object]:
    results = [each.result for each in rounds]
    return {
        "requests per second": round(statistics.median(result.per_second for result in results)),
        "CPU µs per request": round(statistics.median(each.cpu_microseconds for each in rounds)),
        "p50, ms": round(statistics.median(result.percentile(0.5) for result in results), 1),
        "p99, ms": round(statistics.median(result.percentile(0.99) for result in results), 1),
    }
