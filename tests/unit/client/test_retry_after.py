"""Retry-After in both its forms, and whatever else a server may write there (RFC 9110 §10.2.3)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.client.retry_after import LONGEST_ASKED, read_retry_after

NOW = 784_111_777  # Sun, 06 Nov 1994 08:49:37 GMT


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 3 ", 3),
        ("0", 0),
        ("Sun, 06 Nov 1994 08:50:07 GMT", 30),
        ("Sun, 06 Nov 1994 08:49:07 GMT", 0),
        ("Sun, 06 Nov 2094 08:49:07 GMT", LONGEST_ASKED),
        ("99999999999999999999", LONGEST_ASKED),
        ("-5", 0),
        ("1.5", 0),
        ("\u0661", 0),
        ("soon", 0),
        ("", 0),
    ],
)
def test_seconds_or_a_date_and_nothing_beyond_ten_minutes(value: str, seconds: int) -> None:
    assert read_retry_after({"retry-after": value}, NOW) == seconds


def test_without_the_header_nothing_is_asked() -> None:
    assert read_retry_after({}, NOW) == 0


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_no_value_makes_it_raise_or_wait_for_long(value: str) -> None:
    assert 0 <= read_retry_after({"retry-after": value}, NOW) <= LONGEST_ASKED
