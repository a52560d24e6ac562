"""Counters and durations for Prometheus. One process keeps plain numbers; several share a folder of mapped files.

With several workers the variable PROMETHEUS_MULTIPROC_DIR must be set before this module is imported (the library
chooses its storage then); `expose` then sums over all workers, dead ones included, so counters never go back.
A single process counts in dictionaries and gives them their form when asked: the library's values cost ten times as much.
Labels are words from our code, never values from a request: a stranger cannot grow the set.
"""

import os
from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

__all__ = [
    "CONTENT_TYPE",
    "MULTIPROCESS_VARIABLE",
    "ProcessMetrics",
    "PrometheusMetrics",
    "SharedPrometheusMetrics",
    "open_metrics",
]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_EVENTS = ("daypass_events", "What happened, and how it ended.")
_SECONDS = ("daypass_request_seconds", "How long it took.")
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class PrometheusMetrics(Collector):
    """`ports.metrics.Metrics` of one process."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, str], int] = {}
        self._seconds: dict[str, _Durations] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def count(self, event: str, outcome: str) -> None:
        """`daypass_events_total{event,outcome}`."""
        key = (event, outcome)
        self._events[key] = self._events.get(key, 0) + 1

    def observe(self, operation: str, seconds: float) -> None:
        """`daypass_request_seconds{operation}`."""
        durations = self._seconds.get(operation)
        if durations is None:
            durations = self._seconds[operation] = _Durations()
        durations.buckets[bisect_left(_BUCKETS, seconds)] += 1
        durations.total += seconds

    def collect(self) -> Iterator[Metric]:
        """Called by the registry, on the thread that exposes; copies first, because the loop goes on counting."""
        events = CounterMetricFamily(*_EVENTS, labels=["event", "outcome"])
        for (event, outcome), number in self._events.copy().items():
            events.add_metric([event, outcome], number)
        yield events
        seconds = HistogramMetricFamily(*_SECONDS, labels=["operation"])
        for operation, durations in self._seconds.copy().items():
            seconds.add_metric([operation], durations.cumulative(), durations.total)
        yield seconds

    def expose(self) -> bytes:
        """The text exposition format. Milliseconds of work: call it off the loop."""
        return generate_latest(self._registry)


class _Durations:
    """How many fell into each bucket, the last one without an upper end, and their sum in seconds."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(_BUCKETS) + 1)
        self.total = 0.0

    def cumulative(self) -> list[tuple[str, float]]:
        """Upper end to how many were at most that long, as the format wants them."""
        so_far = 0
        rows: list[tuple[str, float]] = []
        for upper_end, number in zip((*_BUCKETS, float("inf")), self.buckets, strict=True):
            so_far += number
            rows.append(("+Inf" if upper_end == float("inf") else str(upper_end), so_far))
        return rows


class SharedPrometheusMetrics:
    """`ports.metrics.Metrics` of one of several workers."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped; twice the series for a date nobody reads
        registry = CollectorRegistry()
        self._events = Counter(*_EVENTS, ["event", "outcome"], registry=registry)
        self._seconds = Histogram(*_SECONDS, ["operation"], registry=registry, buckets=_BUCKETS)
        self._event_children: dict[tuple[str, str], Counter] = {}
        self._seconds_children: dict[str, Histogram] = {}

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
        from prometheus_client.multiprocess import MultiProcessCollector

        gathered = CollectorRegistry()
        MultiProcessCollector(gathered)  # type: ignore[no-untyped-call]  # the library leaves it untyped
        return generate_latest(gathered)


ProcessMetrics = PrometheusMetrics | SharedPrometheusMetrics


def open_metrics() -> ProcessMetrics:
    """What fits this process: shared where the variable names a folder."""
    return SharedPrometheusMetrics() if MULTIPROCESS_VARIABLE in os.environ else PrometheusMetrics()
