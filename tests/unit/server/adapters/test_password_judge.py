"""Breached passwords in a sorted file, and hints for the easily guessed."""

import asyncio
import hashlib
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zxcvbn.matching import L33T_TABLE, enumerate_l33t_subs, relevant_l33t_subtable

from daypass.errors import ConfigError
from daypass.secret import Secret
from daypass.server.adapters.password_judge import LocalPasswordJudge


def write_list(path: Path, passwords: set[str], *, counts: bool = True, ending: str = "\n") -> Path:
    digests = sorted(
        hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().upper() for text in passwords
    )
    lines = [f"{digest}:{number}" if counts else digest for number, digest in enumerate(digests)]
    path.write_text(ending.join(lines) + ending, encoding="ascii", newline="")
    return path


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
async def test_every_listed_password_is_found_and_no_other(tmp_path: Path, counts: bool, ending: str) -> None:
    listed = {f"password {number}" for number in range(300)}
    judge = LocalPasswordJudge(write_list(tmp_path / "list", listed, counts=counts, ending=ending))
    for text in listed:
        assert await judge.is_breached(Secret(text)), text
    for number in range(300):
        assert not await judge.is_breached(Secret(f"another {number}"))


@settings(max_examples=50, deadline=None)
@given(st.sets(st.text(min_size=1, max_size=8), min_size=1, max_size=12), st.text(max_size=8))
async def test_a_list_of_any_length_is_searched_right(
    tmp_path_factory: pytest.TempPathFactory, listed: set[str], asked: str
) -> None:
    judge = LocalPasswordJudge(write_list(tmp_path_factory.mktemp("lists") / "list", listed))
    assert await judge.is_breached(Secret(asked)) == (asked in listed)


async def test_without_a_list_nothing_is_breached() -> None:
    assert not await LocalPasswordJudge(None).is_breached(Secret("password"))


@pytest.mark.parametrize("content", [b"", b"password\n", b"x" * 41 + b"\n"])
def test_a_file_of_another_form_is_refused_at_the_start(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list"
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        LocalPasswordJudge(path)


def test_a_missing_file_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        LocalPasswordJudge(tmp_path / "missing")


async def test_an_easy_password_gets_a_hint_and_a_good_one_none() -> None:
    judge = LocalPasswordJudge(None)
    assert await judge.hint(Secret("password1234"), about=[]) != ""
    assert await judge.hint(Secret("aliceexample"), about=["alice", "example"]) != ""
    assert await judge.hint(Secret("violet anchor pebble moon"), about=["alice"]) == ""


async def test_a_long_password_is_judged_in_bounded_time() -> None:
    assert await LocalPasswordJudge(None).hint(Secret("aB3$" * 32), about=[]) != ""


@pytest.mark.parametrize("text", ["4@8({[<369!1|0$57+%2" * 6, "({[<|+%" * 18])
async def test_no_password_has_more_readings_than_can_be_tried_at_once(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """The estimator tries every mixture of signs that stand for letters: 3.4 seconds for the first of these, uncut."""
    judged: list[str] = []

    def estimate(password: str, user_inputs: object) -> dict[str, object]:
        judged.append(password)
        return {"score": 4}

    monkeypatch.setattr("zxcvbn.zxcvbn", estimate)
    await LocalPasswordJudge(None).hint(Secret(text), about=[])
    assert len(judged[0]) <= 32
    assert len(enumerate_l33t_subs(relevant_l33t_subtable(judged[0], L33T_TABLE))) <= 48


async def test_one_password_is_judged_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """It computes in the interpreter's one lock: thirty threads of it would be a standstill."""
    running = threading.Semaphore(1)
    overlaps: list[str] = []

    def estimate(password: str, user_inputs: object) -> dict[str, object]:
        if not running.acquire(blocking=False):
            overlaps.append(password)
            return {"score": 4}
        time.sleep(0.01)
        running.release()
        return {"score": 4}

    monkeypatch.setattr("zxcvbn.zxcvbn", estimate)
    judge = LocalPasswordJudge(None)
    await asyncio.gather(*(judge.hint(Secret("a" * 12), about=[]) for _ in range(8)))
    assert overlaps == []


async def test_common_stand_ins_are_still_read() -> None:
    assert await LocalPasswordJudge(None).hint(Secret("p4$$w0rd!123"), about=[]) != ""
