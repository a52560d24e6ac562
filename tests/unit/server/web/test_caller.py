"""Who is calling: forwarded headers are believed from named proxies only."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given, settings, strategies

from daypass.server.web.caller import CallerReader, is_in_networks

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


def _scope(client: str, scheme: str = "http", **headers: str) -> dict[str, Any]:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"client": (client, 1), "scheme": scheme, "headers": pairs}


def test_a_stranger_is_taken_at_the_connections_word_only() -> None:
    scope = _scope("192.0.2.7", x_forwarded_for="203.0.113.9", x_forwarded_proto="https", user_agent="x")
    caller = CallerReader(PROXIES).read(scope, "id")
    assert (caller.source_ip, caller.is_secure, caller.request_id, caller.user_agent) == (
        "192.0.2.7",
        False,
        "id",
        "x",
    )


def test_without_named_proxies_nobody_is_believed() -> None:
    scope = _scope("127.0.0.1", x_forwarded_for="203.0.113.9", x_forwarded_proto="https")
    caller = CallerReader(()).read(scope, "id")
    assert (caller.source_ip, caller.is_secure) == ("127.0.0.1", False)


@pytest.mark.parametrize(
    ("chain", "source_ip"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:1234", "203.0.113.9"),
        ("[2001:db8::1]:1234", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("198.51.100.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
    ],
)
def test_a_named_proxys_chain_is_walked_from_our_end(chain: str, source_ip: str) -> None:
    caller = CallerReader(PROXIES).read(_scope("10.0.0.1", x_forwarded_for=chain), "id")
    assert caller.source_ip == source_ip


@pytest.mark.parametrize(
    ("proto", "is_secure"),
    [("https", True), ("http", False), ("", False), ("https, http", False), ("HTTPS", True)],
)
def test_a_named_proxy_says_whether_tls_ended_at_it(proto: str, is_secure: bool) -> None:
    assert (
        CallerReader(PROXIES).read(_scope("10.0.0.1", x_forwarded_proto=proto), "id").is_secure is is_secure
    )


def test_tls_that_ends_here_is_secure() -> None:
    assert CallerReader(()).read(_scope("192.0.2.7", "https"), "id").is_secure is True


def test_several_header_lines_are_one_chain() -> None:
    scope = _scope("10.0.0.1")
    scope["headers"] = [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-for", b"10.0.0.2")]
    assert CallerReader(PROXIES).read(scope, "id").source_ip == "203.0.113.9"


def test_a_user_agent_is_cut_at_256_characters() -> None:
    assert len(CallerReader(()).read(_scope("192.0.2.7", user_agent="x" * 999), "id").user_agent) == 256


def test_a_mapped_ipv4_address_counts_as_the_address_it_is() -> None:
    assert is_in_networks("::ffff:10.0.0.1", PROXIES)
    assert not is_in_networks("not an address", PROXIES)


@settings(max_examples=200, deadline=None)
@given(strategies.binary(max_size=60))
def test_no_header_makes_the_reader_fail(value: bytes) -> None:
    scope = _scope("10.0.0.1")
    scope["headers"] = [(b"x-forwarded-for", value), (b"x-forwarded-proto", value), (b"user-agent", value)]
    ipaddress.ip_address(CallerReader(PROXIES).read(scope, "id").source_ip)
