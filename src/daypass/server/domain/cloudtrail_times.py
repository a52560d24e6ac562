"""Times as CloudTrail writes them, and as a person may write them in a question."""

import re
from datetime import UTC, datetime, timedelta

__all__ = ["read_moment", "time_text"]

_LATEST = 253_402_300_799
"""The last second of year 9999."""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_is_ago = re.compile(r"([0-9]{1,9})([smhdw])").fullmatch


def time_text(seconds: int) -> str:
    """ISO 8601 in UTC, to the second; a time no calendar has becomes the nearest one it has."""
    bounded = min(max(seconds, 0), _LATEST)
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=bounded)).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_moment(text: str, *, now: int) -> int:
    """Epoch seconds of `90s`, `15m`, `2h`, `3d`, `1w` ago, or of an ISO 8601 time, in UTC where it names no zone.

    Raises ValueError.
    """
    ago = _is_ago(text)
    if ago is not None:
        return max(now - int(ago[1]) * _SECONDS[ago[2]], 0)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()), 0)
