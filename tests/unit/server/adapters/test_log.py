"""Access lines: one system call per turn of the event loop, whole lines, nothing lost."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from daypass.server.adapters import log


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every write to standard error."""
    calls: list[bytes] = []

    def write(descriptor: int, text: bytes) -> int:
        assert descriptor == 2
        calls.append(text)
        return len(text)

    monkeypatch.setattr(log.os, "write", write)
    return calls


async def test_the_lines_of_one_turn_are_written_in_one_call_in_their_order(written: list[bytes]) -> None:
    for number in range(5):
        log.write_access_line({"number": number})
    assert written == []
    await asyncio.sleep(0)
    assert [json.loads(line)["number"] for line in b"".join(written).splitlines()] == [0, 1, 2, 3, 4]
    assert len(written) == 1


async def test_no_write_is_longer_than_a_pipe_takes_whole(written: list[bytes]) -> None:
    """POSIX: up to PIPE_BUF bytes are not mixed with another worker's."""
    for number in range(100):
        log.write_access_line({"number": number, "path": "p" * 200})
    await asyncio.sleep(0)
    assert len(written) > 1
    assert all(len(text) <= 4096 and text.endswith(b"}\n") for text in written)
    assert len(b"".join(written).splitlines()) == 100


def test_without_a_loop_a_line_is_written_at_once(written: list[bytes]) -> None:
    log.write_access_line({"number": 1})
    log.write_access_line({"number": 2})
    assert len(written) == 2


def test_a_loop_that_ends_right_after_the_last_request_still_writes_its_line(written: list[bytes]) -> None:
    async def last_request() -> None:
        log.write_access_line({"number": 1})

    asyncio.run(last_request())
    assert len(written) == 1


async def test_a_log_that_cannot_be_written_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int, _text: bytes) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(log.os, "write", fail)
    log.write_access_line({"number": 1})
    await asyncio.sleep(0)


async def test_a_line_says_when_to_the_millisecond(
    written: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    for moment in (1_700_000_000.25, 1_700_000_000.251):
        monkeypatch.setattr(log.time, "time", lambda: moment)  # noqa: B023 - called within this turn
        log.write_access_line({"number": 1})
    await asyncio.sleep(0)
    first, second = (json.loads(line) for line in b"".join(written).splitlines())
    assert first == {
        "time": "2023-11-14T22:13:20.250Z",
        "level": "info",
        "logger": "daypass.access",
        "number": 1,
    }
    assert second["time"] == "2023-11-14T22:13:20.251Z"


def test_standard_error_gets_the_bytes_themselves(tmp_path: Path) -> None:
    target = tmp_path / "log"
    kept = os.dup(2)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.dup2(descriptor, 2)
        log.write_access_line({"number": 7})
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(descriptor)
    assert json.loads(target.read_text())["number"] == 7
