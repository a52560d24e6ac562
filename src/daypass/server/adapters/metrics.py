"""Counters and durations for Prometheus. One process keeps them in memory; several share a folder of mapped files.

With several workers the variable PROMETHEUS_MULTIPROC_DIR must be set before this module is imported (the library
chooses its storage then); `expose` then sums over all workers, dead ones included, so counters never go back.
Labels are words from our code, never values from a request: a stranger cannot grow the set.
"""

import os

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

__all__ = ["CONTENT_TYPE", "MULTIPROCESS_VARIABLE", "PrometheusMetrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class PrometheusMetrics:
    """`ports.metrics.Metrics`."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped; twice the series for a date nobody reads
        self._registry = CollectorRegistry()
        self._events = Counter(
            "daypass_events",
            "What happened, and how it ended.",
            ["event", "outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "daypass_request_seconds",
            "How long it took.",
            ["operation"],
            registry=self._registry,
            buckets=_BUCKETS,
        )
        self._event_children: dict[tuple[str, str], Counter] = {}
        self._seconds_children: dict[str, Histogram] = {}
        if MULTIPROCESS_VARIABLE not in os.environ:
            ProcessCollector(registry=self._registry)

    def count(self, event: str, outcome: str) -> None:
        """`daypass_events_total{event,outcome}`."""
        child = self._event_children.get((event, outcome))
        if child is None:
            child = self._event_children[(event, outcome)] = self._events.labels(event, outcome)
        child.inc()

    def observe(self, operation: str, seconds: float) -> None:
        """`daypass_request_seconds{operation}`."""
        child = self._seconds_children.get(operation)
        if child is None:
            child = self._seconds_children[operation] = self._seconds.labels(operation)
        child.observe(seconds)

    def expose(self) -> bytes:
        """The text exposition format, summed over all workers. Milliseconds of work: call it off the loop."""
        if MULTIPROCESS_VARIABLE not in os.environ:
            return generate_latest(self._registry)
        gathered = CollectorRegistry()
        MultiProcessCollector(gathered)  # type: ignore[no-untyped-call]  # the library leaves it untyped
        return generate_latest(gathered)
