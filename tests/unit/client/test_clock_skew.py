"""The clock by the server's Date header: sides, sizes, and headers that say nothing."""

import sys

import pytest

from daypass.client.clock_skew import check_clock, seconds_ahead
from daypass.errors import ClockSkew

NOW = 1_767_226_500
DATE = {"date": "Thu, 01 Jan 2026 00:15:00 GMT"}


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (NOW + 61, "1 minute ahead of the server"),
        (NOW - 61, "1 minute behind the server"),
        (NOW - 420, "7 minutes behind the server"),
        (NOW + 7_300, "2 hours ahead of the server"),
        (NOW - 400_000, "5 days behind the server"),
    ],
)
def test_the_distance_and_the_side_are_named(now: int, words: str) -> None:
    with pytest.raises(ClockSkew, match=words) as caught:
        check_clock(DATE, now)
    assert (caught.value.code, caught.value.exit_code) == ("clock_skew", 5)


@pytest.mark.parametrize("now", [NOW - 60, NOW, NOW + 60])
def test_a_minute_is_nobodys_fault(now: int) -> None:
    check_clock(DATE, now)


@pytest.mark.parametrize(
    "headers",
    [{}, {"date": ""}, {"date": "now"}, {"date": "Thu, 99 Jan 2026 00:15:00 GMT"}, {"date": "\x00"}],
)
def test_a_header_that_says_nothing_accuses_nobody(headers: dict[str, str]) -> None:
    assert seconds_ahead(headers, NOW) is None
    check_clock(headers, NOW)


@pytest.mark.parametrize(
    ("system", "hint"),
    [
        ("linux", "sudo timedatectl set-ntp true"),
        ("darwin", "sudo sntp -sS time.apple.com"),
        ("win32", "w32tm /resync"),
    ],
)
def test_the_hint_is_the_systems_own(monkeypatch: pytest.MonkeyPatch, system: str, hint: str) -> None:
    monkeypatch.setattr(sys, "platform", system)
    with pytest.raises(ClockSkew) as caught:
        check_clock(DATE, NOW + 600)
    assert caught.value.hint == hint
