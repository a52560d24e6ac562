"""Numbers, dates, truth values, bytes and networks, as the condition operators read them."""

import pytest

from daypass.policy.literals import (
    Network,
    read_address,
    read_binary,
    read_bool,
    read_date,
    read_network,
    read_number,
)

BILLION = 1_000_000_000


@pytest.mark.parametrize(
    "text", ["", "x", "1e5", "NaN", "Infinity", "1_0", " 1", "0x1", "--1", "1.", "١", "1" * 41]
)
def test_what_is_no_number(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970", 0),
        ("1970-01", 0),
        ("1970-01-02", 86400),
        ("1970-01-01T00:01Z", 60),
        ("1970-01-01T00:01:01Z", 61),
        ("1970-01-01T00:00:00+01:00", -3600),
        ("1970-01-01T00:00:00-0130", 5400),
        ("0001-01-01T00:00:00+23:59", -62135683140),
        ("9999-12-31T23:59:59-23:59", 253402387139),
        ("86400", 86400),
        ("-86400", -86400),
    ],
)
def test_dates_are_w3c_date_times_or_epoch_seconds(text: str, seconds: int) -> None:
    assert read_date(text) == seconds * BILLION


def test_fractions_of_a_second_count_to_the_nanosecond() -> None:
    assert read_date("1970-01-01T00:00:01.5Z") == 1_500_000_000
    assert read_date("1969-12-31T23:59:59.999999999Z") == -1


@pytest.mark.parametrize(
    "text",
    ["", "70", "0000", "1970-13", "1970-1-1", "1970-01-01T", "1970-01-01T24:00Z", "1970-01-01T00:00:60Z",
     "1970-01-01T00:00:00+24:00", "1970-01-01 00:00:00Z", "1970-01-01T00:00:00z", "12345678901234", "1970-01-01\n"],
)  # fmt: skip
def test_what_is_no_date(text: str) -> None:
    assert read_date(text) is None


def test_truth_values_ignore_case() -> None:
    assert [read_bool(text) for text in ("true", "FALSE", "1", "")] == [True, False, None, None]


def test_bytes_are_padded_base64() -> None:
    assert [read_binary(text) for text in ("QQ==", "", "QQ", "Q Q=", "ä")] == [b"A", b"", None, None, None]


def test_an_ipv4_address_written_in_ipv6_is_the_ipv4_address() -> None:
    assert read_address("::ffff:192.0.2.1") == read_address("192.0.2.1") == (4, 0xC0000201)


def test_a_network_of_ipv4_addresses_written_in_ipv6_is_the_ipv4_network() -> None:
    assert read_network("::ffff:192.0.2.0/120") == Network(4, 0xC0000200, 0xFFFFFF00)
    assert read_network("::ffff:0.0.0.0/95") is None


@pytest.mark.parametrize(
    "text", ["", "x", "1.2.3", "1.2.3.4/", "1.2.3.4/+8", "1.2.3.4/33", "::/129", "fe80::1%1", "01.2.3.4"]
)
def test_what_is_no_network(text: str) -> None:
    assert read_network(text) is None
