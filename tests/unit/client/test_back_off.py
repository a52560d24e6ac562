"""The pause between refreshes that fail: its bounds, and that no mark can hold anybody for long."""

from pathlib import Path

import pytest

from daypass.client.back_off import FIRST_PAUSE, LONGEST_PAUSE, BackOff
from daypass.client.retry_after import LONGEST_ASKED

NOW = 1_767_226_500


@pytest.fixture
def back_off(tmp_path: Path) -> BackOff:
    return BackOff(tmp_path / "entry.json")


def test_the_pause_doubles_and_is_bounded(back_off: BackOff) -> None:
    """Five seconds, then twice as long, one minute at most."""
    lengths = []
    for _ in range(30):
        back_off.note_failure(NOW)
        lengths.append(next(s for s in range(200) if not back_off.is_resting(NOW + s)))
    assert lengths[:5] == [FIRST_PAUSE, 10, 20, 40, LONGEST_PAUSE]
    assert set(lengths[5:]) == {LONGEST_PAUSE}


def test_success_ends_it_and_the_next_failure_begins_anew(back_off: BackOff) -> None:
    for _ in range(5):
        back_off.note_failure(NOW)
    back_off.note_success()
    assert not back_off.is_resting(NOW)
    back_off.note_failure(NOW)
    assert back_off.is_resting(NOW + FIRST_PAUSE - 1)
    assert not back_off.is_resting(NOW + FIRST_PAUSE)


@pytest.mark.parametrize(
    "mark",
    [
        "",
        "{",
        "[]",
        '{"failures": "x", "until": 1}',
        '{"failures": 1}',
        '{"failures": 1, "until": 9999999999}',
    ],
)
def test_a_damaged_mark_or_one_of_a_wrong_clock_holds_nobody(tmp_path: Path, mark: str) -> None:
    (tmp_path / ".entry.json.pause").write_text(mark)
    back_off = BackOff(tmp_path / "entry.json")
    assert not back_off.is_resting(NOW)
    back_off.note_failure(NOW)
    assert back_off.is_resting(NOW)


def test_where_nothing_can_be_written_nothing_is_remembered(
    back_off: BackOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "read-only")

    monkeypatch.setattr("daypass.client.back_off.write_private", refuse)
    back_off.note_failure(NOW)
    assert not back_off.is_resting(NOW)
    back_off.note_success()


def test_what_the_service_asks_counts_when_it_is_longer_and_has_a_bound(back_off: BackOff) -> None:
    back_off.note_failure(NOW, asked=1)
    assert not back_off.is_resting(NOW + FIRST_PAUSE)
    back_off.note_failure(NOW, asked=240)
    assert back_off.is_resting(NOW + 239)
    assert not back_off.is_resting(NOW + 240)
    back_off.note_failure(NOW, asked=1_000_000)
    assert back_off.is_resting(NOW + LONGEST_ASKED - 1)
    assert not back_off.is_resting(NOW + LONGEST_ASKED)
