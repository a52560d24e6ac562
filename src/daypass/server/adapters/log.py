"""Logs as JSON lines on standard error: one object per line, written in one call so that workers do not mix.

Access lines go round `logging` because they are on the hot path. Nothing here adds headers, bodies or query strings;
whoever logs decides what is in the message, and secrets cannot print themselves (`daypass.secret`).
"""

import logging
import os
import sys
import time
from contextlib import suppress
from typing import Any

import msgspec

__all__ = ["JsonFormatter", "set_up_logging", "write_access_line"]

_encode = msgspec.json.Encoder().encode
_STANDARD_ERROR = 2
_RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "color_message",
    "taskName",
}


class JsonFormatter(logging.Formatter):
    """One JSON object: time, level, logger, message, the `extra` members, and the traceback when there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _timestamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name, value in vars(record).items():
            if name not in _RECORD_FIELDS:
                line[name] = value if isinstance(value, str | int | float | bool | None) else str(value)
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _encode(line).decode()


def set_up_logging(level: str) -> None:
    """Send everything of `level` and above to standard error. Call once per process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    for noisy in ("asyncio", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def write_access_line(line: dict[str, Any]) -> None:
    """One finished request. A log that cannot be written never breaks an answer."""
    line = {"time": _timestamp(time.time()), "level": "info", "logger": "daypass.access", **line}
    with suppress(OSError):
        os.write(_STANDARD_ERROR, _encode(line) + b"\n")


def _timestamp(seconds: float) -> str:
    """ISO 8601 in UTC with milliseconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"
