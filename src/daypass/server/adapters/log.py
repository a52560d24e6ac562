"""Logs as JSON lines on standard error: one object per line, written in one call so that workers do not mix.

Access lines go round `logging` because they are on the hot path. Nothing here adds headers, bodies or query strings;
whoever logs decides what is in the message, and secrets cannot print themselves (`daypass.secret`).
"""

import asyncio
import logging
import os
import sys
import time
from contextlib import suppress
from functools import lru_cache
from typing import Any

import msgspec

__all__ = ["JsonFormatter", "set_up_logging", "write_access_line"]

_encode = msgspec.json.Encoder().encode
_STANDARD_ERROR = 2
_LARGEST_WRITE = 4096
"""Bytes: PIPE_BUF on Linux, up to which a write to a pipe is not mixed with another process's (POSIX, `write`)."""
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
            "time": _timestamp(int(record.created * 1000)),
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


class _AccessLines:
    """Lines of one turn of the event loop, written together: a system call per turn, not per request."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def add(self, line: bytes) -> None:
        if not self._waiting:
            try:
                asyncio.get_running_loop().call_soon(self.flush)
            except RuntimeError:  # no loop, no next turn
                self._waiting.append(line)
                self.flush()
                return
        self._waiting.append(line)

    def flush(self) -> None:
        """Write whole lines, at most `_LARGEST_WRITE` at once. A log that cannot be written never breaks an answer."""
        lines, self._waiting = self._waiting, []
        batch = b"".join(lines)
        if len(batch) <= _LARGEST_WRITE:
            _write(batch)
            return
        batch = b""
        for line in lines:
            if batch and len(batch) + len(line) > _LARGEST_WRITE:
                _write(batch)
                batch = b""
            batch += line
        _write(batch)


_access_lines = _AccessLines()  # one per process, as is standard error


def write_access_line(line: dict[str, Any]) -> None:
    """One finished request, at least one member, written at the end of this turn of the event loop."""
    _access_lines.add(_access_line_start(int(time.time() * 1000)) + _encode(line)[1:] + b"\n")


@lru_cache(maxsize=4)
def _access_line_start(milliseconds: int) -> bytes:
    """The members all lines share, up to the first of their own. Many lines share a millisecond."""
    return (
        _encode({"time": _timestamp(milliseconds), "level": "info", "logger": "daypass.access"})[:-1] + b","
    )


def _write(text: bytes) -> None:
    with suppress(OSError):
        os.write(_STANDARD_ERROR, text)


def _timestamp(milliseconds: int) -> str:
    """ISO 8601 in UTC, of milliseconds since the epoch."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_second_text(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=4)
def _second_text(seconds: int) -> str:
    """Many lines share a second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
