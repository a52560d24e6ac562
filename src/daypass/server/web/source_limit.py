"""So many requests a minute of one source, for endpoints where each costs a signature check and a transaction.

Counted in memory, by process and minute: nothing is written for who is refused, and a restart forgives.
"""

from collections import Counter

from daypass.protocol.oauth.errors import TooManyRequests
from daypass.server.domain.throttle import source_network

__all__ = ["SourceLimit"]

_MINUTE = 60
_MOST_SOURCES = 10_000


class SourceLimit:
    """Counts of one minute. For one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._minute = 0
        self._counts: Counter[str] = Counter()

    def check(self, source_ip: str, *, now: int) -> None:
        """Raises TooManyRequests, with the seconds until the minute is over."""
        if now // _MINUTE != self._minute:
            self._minute = now // _MINUTE
            self._counts.clear()
        source = source_network(source_ip)
        if len(self._counts) >= _MOST_SOURCES and source not in self._counts:
            # Late in a crowded minute a count is shared, but with few; with whom, this process's hash key decides.
            source = f"late {hash(source) % _MOST_SOURCES}"
        self._counts[source] += 1
        if self._counts[source] > self._most:
            refusal = TooManyRequests(
                "too many requests from this address, try again in a minute",
                hint="wait a minute and try again",
                detail=f"more than {self._most} in a minute",
            )
            refusal.retry_after = _MINUTE - now % _MINUTE
            raise refusal
