"""One process's plain numbers say the same as the library's own counters would."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from daypass.server.adapters import metrics
from daypass.server.adapters.metrics import PrometheusMetrics, SharedPrometheusMetrics, open_metrics

DURATIONS = (0.0005, 0.001, 0.003, 0.05, 0.2, 9.0, 11.0)


def _own_lines(text: bytes) -> list[str]:
    return sorted(line for line in text.decode().splitlines() if "daypass" in line and "_created" not in line)


def test_the_exposition_is_the_librarys_own_form() -> None:
    ours = PrometheusMetrics()
    registry = CollectorRegistry()
    events = Counter(
        "daypass_events", "What happened, and how it ended.", ["event", "outcome"], registry=registry
    )
    seconds = Histogram(
        "daypass_request_seconds",
        "How long it took.",
        ["operation"],
        registry=registry,
        buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
    )
    for duration in DURATIONS:
        ours.observe("token", duration)
        seconds.labels("token").observe(duration)
        ours.count("token", "ok")
        events.labels("token", "ok").inc()
    assert _own_lines(ours.expose()) == _own_lines(generate_latest(registry))


def test_a_process_tells_its_own_memory_too() -> None:
    assert b"process_resident_memory_bytes" in PrometheusMetrics().expose()


@pytest.fixture
def several_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "/nonexistent")


def test_alone_it_counts_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(metrics.MULTIPROCESS_VARIABLE, raising=False)
    assert isinstance(open_metrics(), PrometheusMetrics)


@pytest.mark.usefixtures("several_workers")
def test_among_several_it_shares() -> None:
    assert isinstance(open_metrics(), SharedPrometheusMetrics)
