"""What is counted. The adapter exposes it to Prometheus at `/metrics`."""

from typing import Protocol

__all__ = ["Metrics"]


class Metrics(Protocol):
    """Counters and durations; labels are words from the code, never values from a request."""

    def count(self, event: str, outcome: str) -> None:
        """`daypass_events_total{event,outcome}`: `token.refresh`/`ok`, `sign_in.user`/`mismatch` …"""
        ...

    def observe(self, operation: str, seconds: float) -> None:
        """`daypass_request_seconds{operation}`."""
        ...
