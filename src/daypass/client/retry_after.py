"""How long a server asks to be left in peace: the Retry-After header (RFC 9110 §10.2.3), in seconds or as a date.

Bounded: no answer can silence a client for longer than ten minutes.
"""

import email.utils
import math
from collections.abc import Mapping

__all__ = ["LONGEST_ASKED", "read_retry_after"]

LONGEST_ASKED = 600
"""Seconds."""


def read_retry_after(headers: Mapping[str, str], now: float) -> int:
    """Seconds from now, 0 when it does not say or cannot be read. Header names in lower case, `now` in epoch seconds."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(int(value[:9]), LONGEST_ASKED)
    try:
        seconds = email.utils.parsedate_to_datetime(value).timestamp() - now
    except (ValueError, OverflowError, TypeError):
        return 0
    return max(0, min(math.ceil(seconds), LONGEST_ASKED))
