"""The dates of signatures: `YYYYMMDDTHHMMSSZ`, and the HTTP date that may stand in for it.

Only UTC, only whole seconds, only ASCII digits (AWS Signature Version 4, "Date"; RFC 9110 §5.6.7).
"""

import re
from datetime import UTC, datetime
from functools import lru_cache

from daypass.protocol.aws.errors import IncompleteSignature

__all__ = ["amz_date_of_http_date", "format_amz_date", "parse_amz_date"]

_is_amz_date = re.compile(r"[0-9]{8}T[0-9]{6}Z").fullmatch
_match_http_date = re.compile(
    r"[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) (?:GMT|UTC|[+\-]0000)"
).fullmatch
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@lru_cache(maxsize=1024)
def parse_amz_date(text: str) -> int:
    """Epoch seconds of `YYYYMMDDTHHMMSSZ`. Raises IncompleteSignature."""
    if _is_amz_date(text):
        year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8])
        try:
            moment = datetime(
                year, month, day, int(text[9:11]), int(text[11:13]), int(text[13:15]), tzinfo=UTC
            )
            return int(moment.timestamp())
        except ValueError:
            pass
    raise IncompleteSignature("Date must be in ISO-8601 'basic format', YYYYMMDDTHHMMSSZ")


def format_amz_date(moment: int) -> str:
    """`YYYYMMDDTHHMMSSZ` of epoch seconds."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y%m%dT%H%M%SZ")


def amz_date_of_http_date(text: str) -> str:
    """An HTTP date rewritten to the form signatures use; any other text unchanged, for the parser to judge."""
    found = _match_http_date(text)
    if found is None or found[2] not in _MONTHS:
        return text
    day, month, year, hour, minute, second = found.groups()
    return f"{year}{_MONTHS.index(month) + 1:02}{day}T{hour}{minute}{second}Z"
